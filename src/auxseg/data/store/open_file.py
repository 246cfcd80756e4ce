"""The files of a store as they are read: by position, by any number of threads and processes, and only while they are
the same files."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Final, final

import numpy as np

from auxseg.errors import RunError

Version = tuple[int, int]
"""Size and time of the last change: what tells a file from another one under its name."""

_MOST_OPEN: Final = 64
"""Files of one store that are held open. A store may have more files than a process may open."""


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

    def fill(self, array: np.ndarray, parts: Sequence[tuple[int, int]], what: Callable[[], str]) -> None:
        """Fill an array with parts of the file, each its place and its number of bytes.

        Raises `RunError`, speaking of ``what``, if the file cannot be read or ends before.
        """
        try:
            if len(parts) == 1 and parts[0][1] == array.nbytes:  # the most common read by far
                done = os.preadv(self._descriptor, [array.data], parts[0][0])
            else:
                content, done = array.reshape(-1).view(np.uint8).data, 0
                for place, num_bytes in parts:
                    done += os.preadv(self._descriptor, [content[done : done + num_bytes]], place)
        except OSError as error:
            raise RunError(f"{self._path} can no longer be read: {error}") from error
        if done != array.nbytes:
            raise RunError(f"{self._path} ended within {what()}: it was truncated after it was opened")

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


@final
class StoreFiles:
    """The files of a store as one: the bytes of each lie behind those of the one before it.

    A file is opened when it is first read. Safe in threads, after a fork, and as a pickle, which holds no open files.
    """

    def __init__(self, files: Sequence[tuple[Path, Version]]) -> None:
        self.files = tuple(files)
        """Paths and versions."""
        self.bases = tuple(accumulate((size for _, (size, _) in self.files[:-1]), initial=0))
        self._open: dict[int, OpenFile] = {}

    @property
    def paths(self) -> tuple[Path, ...]:
        """Where the files are."""
        return tuple(path for path, _ in self.files)

    def path_at(self, place: int) -> Path:
        """The file in which a byte lies."""
        return self.files[self._number(place)][0]

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_open": {}}

    def fill(self, array: np.ndarray, parts: Iterable[tuple[int, int]], what: Callable[[], str]) -> None:
        """Fill an array with parts of one of the files, each its place and its number of bytes.

        Raises `RunError`, speaking of ``what``, if the file is gone, was replaced, cannot be read or ends before.
        """
        parts = tuple(parts)
        number = self._number(parts[0][0] if parts else 0)
        if base := self.bases[number]:
            parts = tuple((place - base, num_bytes) for place, num_bytes in parts)
        self._opened(number).fill(array, parts, what)

    def _number(self, place: int) -> int:
        return bisect_right(self.bases, place) - 1

    def _opened(self, number: int) -> OpenFile:
        # Threads may open a file twice here. The reader of the one that is not kept holds it until it is done.
        file = self._open.get(number)
        if file is None:
            file = OpenFile(*self.files[number])
            for oldest in [*self._open][: len(self._open) + 1 - _MOST_OPEN]:
                self._open.pop(oldest, None)
            self._open[number] = file
        return file


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
