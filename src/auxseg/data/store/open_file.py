"""The file of a store as it is read: by position, by any number of threads and processes, and only while it is the same
file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

import numpy as np

from auxseg.errors import RunError

Version = tuple[int, int]
"""Size and time of the last change: what tells a file from another one under its name."""


@final
class OpenFile:
    """A read-only file descriptor that is closed with its last user.

    Raises `RunError` if the file is gone, or is no longer of this version.
    """

    def __init__(self, path: Path, version: Version) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RunError(f"{path} can no longer be opened: {error.strerror}") from error
        if version_of(self._descriptor) != version:
            raise RunError(f"{path} was replaced after it was opened; run the command again to use the new file")

    def fill(self, array: np.ndarray, parts: Iterable[tuple[int, int]], what: str) -> None:
        """Fill an array with parts of the file, each its place and its number of bytes.

        Raises `RunError`, speaking of ``what``, if the file cannot be read or ends before.
        """
        content, done = array.reshape(-1).view(np.uint8).data, 0
        try:
            for place, num_bytes in parts:
                done += os.preadv(self._descriptor, [content[done : done + num_bytes]], place)
        except OSError as error:
            raise RunError(f"{self._path} can no longer be read: {error}") from error
        if done != array.nbytes:
            raise RunError(f"{self._path} ended within {what}: it was truncated after it was opened")

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of a file, without a lock: a finished store is never written to, and some file systems have none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def version_of(descriptor: int) -> Version:
    """The version of an open file."""
    status = os.fstat(descriptor)
    return status.st_size, status.st_mtime_ns
