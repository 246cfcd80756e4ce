"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def naming(path: Path, partial: Path | None = None) -> Iterator[None]:
    """Let an `OSError` of writing to ``path`` say which file it is about.

    The system says why, such as a full disk, but names the file only if it failed to open. ``partial`` is another name
    under which the file is being written.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename not in (None, path, str(path), partial, str(partial)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; it becomes ``path`` if all goes well and vanishes if not."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming(path, partial):
            yield partial
            with partial.open("rb+") as file:  # Without it a power cut may leave the new name with nothing behind it.
                os.fsync(file.fileno())
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file beside its place and rename it."""
    with replacing(path) as partial:
        partial.write_bytes(content)
