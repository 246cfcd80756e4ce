"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auxseg.errors import InputError

_LONGEST_NAME: Final = 200
"""Bytes. Most file systems allow 255, and the temporary name is a little longer than the file's own."""

_MAX_WRITERS: Final = 100
"""Of one file at the same time."""


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
def replacing(path: Path, *, alone: bool = False) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; it becomes ``path`` if all goes well and vanishes if not.

    The temporary file is locked while it is written. The system releases the lock when its holder ends, however it
    ends, so that the next writer of ``path`` takes over what a killed one left behind. A second writer at the same time
    uses another name, and the last to finish wins.

    Args:
        path: the file to write.
        alone: refuse to be the second of two writers.

    Raises:
        InputError: if another process is writing ``path`` and ``alone`` is set.
    """
    partial, descriptor = _claim(path, alone)
    try:
        with naming(path, partial):
            yield partial
            with partial.open("rb+") as file:  # Without it a power cut may leave the new name with nothing behind it.
                os.fsync(file.fileno())
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    finally:
        # A process that was forked meanwhile has the descriptor too: closing it here would not end the lock.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """An empty temporary folder beside ``path`` to write to; it becomes ``path`` if all goes well and vanishes if not.

    A lock stands for it, as for the file of `replacing`, so that nobody else writes ``path`` at the same time and what
    a killed writer left behind is taken over. A former folder is replaced as a whole.

    Raises:
        InputError: if another process is writing ``path``.
    """
    lock, descriptor = _claim(path, alone=True)
    folder = lock.with_name(f"{lock.name.removesuffix('.partial')}~folder.partial")
    try:
        with naming(path, folder):
            if _former(folder).exists() and not path.exists():
                _former(folder).rename(path)  # its writer was killed between the two steps of `put_in_place`
            shutil.rmtree(_former(folder), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            yield folder
            for file in folder.iterdir():
                with file.open("rb") as content:  # as in `replacing`
                    os.fsync(content.fileno())
            put_in_place(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def put_in_place(folder: Path, path: Path) -> None:
    """Let a folder take the place of a former one; a failure leaves the former one."""
    former = _former(folder)
    if path.exists():
        path.rename(former)
    try:
        folder.rename(path)
    except OSError:
        if former.exists():
            former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _former(folder: Path) -> Path:
    """Where what a folder is to replace waits until it is replaced."""
    return folder.with_name(f"{folder.name}.former")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file beside its place and rename it."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def sweep(path: Path) -> None:
    """Remove files and folders that killed writers of ``path`` left under names that end in their process's number."""
    for left_over in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        number = left_over.name.removeprefix(f".{path.name}.").removesuffix(".partial")
        if number.isascii() and number.isdigit() and not _is_running(int(number)):
            if left_over.is_dir() and not left_over.is_symlink():
                shutil.rmtree(left_over, ignore_errors=True)
            else:
                left_over.unlink(missing_ok=True)


def _claim(path: Path, alone: bool) -> tuple[Path, int]:
    """An empty temporary file that no other process writes, and the descriptor that holds its lock."""
    for number in range(1, _MAX_WRITERS + 1):
        partial = path.with_name(_partial_name(path.name, number))
        descriptor = _open_locked(path, partial)
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            return partial, descriptor
        if alone:
            break
    raise InputError(f"{path}: another process is writing this file; wait for it or choose another name")


def _open_locked(path: Path, partial: Path) -> int | None:
    """A descriptor that holds the lock of ``partial``; None if the name is somebody else's."""
    while True:
        try:
            with naming(path, partial):
                descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except OSError:
            if _is_foreign(partial):
                return None
            raise
        if not _lock(descriptor):
            os.close(descriptor)
            return None
        if _is_at(partial, descriptor):
            return descriptor
        os.close(descriptor)  # its writer finished between the two calls: the name is free again


def _partial_name(name: str, number: int) -> str:
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}.partial" if number == 1 else f".{name}~{number}.partial"


def _lock(descriptor: int) -> bool:
    """Whether nobody else holds the lock. Where the file system knows no locks, everybody is taken to be alone."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _is_foreign(partial: Path) -> bool:
    """Whether the name is taken by what no writer of ours can use: a link, a folder, another user's file."""
    return partial.is_symlink() or (partial.exists() and not (partial.is_file() and os.access(partial, os.W_OK)))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
