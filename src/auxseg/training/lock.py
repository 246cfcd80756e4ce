"""Who is working in the directory of a run or a study: a lock that dies with its holder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auxseg.errors import InputError


@contextmanager
def training_in(directory: Path) -> Iterator[None]:
    """Hold the directory of a run or a study. Raises `InputError` if another live process holds it.

    The kernel releases the lock when the holder ends, however it ends, so a lock is never stale.
    """
    with (directory / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{directory}: another process is working in this directory; wait for it or give another directory"
            ) from None
        yield
