"""Processes that must not outlive the one that started them, and the most memory that one has held."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from pathlib import Path
from typing import Final

_CLEAR: Final = Path("/proc/self/clear_refs")
_STATUS: Final = Path("/proc/self/status")


def leave_with_parent() -> None:
    """End this process as soon as its parent has ended, however that ended: nobody else would."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def forget_peak_memory() -> None:
    """Let `peak_memory_bytes` count from now. Only Linux can: elsewhere it counts from the process's start."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")  # proc(5): resets the peak resident set size


def peak_memory_bytes() -> int:
    """The most memory that was resident in this process since `forget_peak_memory`, or since it started."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        lines = []
    found = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    if found is not None:
        return int(found) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
