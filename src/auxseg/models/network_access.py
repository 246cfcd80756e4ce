"""Whether a host on the network answers, known within seconds."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import Final

SECONDS: Final = 5.0


def answers(address: str, seconds: float = SECONDS) -> bool:
    """Whether a web server answers at all, through the proxies of the environment; any answer will do.

    Asked in a thread of its own, because looking a name up knows no time limit.
    """
    found: list[bool] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(address, method="HEAD")
            with urllib.request.urlopen(request, timeout=seconds):
                found.append(True)
        except urllib.error.HTTPError:
            found.append(True)
        except (OSError, ValueError):
            found.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(found and found[0])
