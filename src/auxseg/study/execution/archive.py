"""A run directory as one string of bytes, to cross a network; what comes back is trusted no further than its place."""

from __future__ import annotations

import io
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from auxseg.errors import RunError

LARGEST: Final = 2 * 2**30
"""Bytes of a run directory, which are held in memory once at each end."""
MOST_FILES: Final = 10_000

_OVERHEAD: Final = 1024
"""Bytes of an archive for each file, beside what is in it: names and dates."""
_FORMER: Final = ".former.partial"
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, NotImplementedError, EOFError)
"""What `zipfile` raises about archives that nothing has packed so."""


def pack(directory: Path) -> bytes:
    """The files of a directory, without hidden ones. Raises `RunError` if they are too large."""
    files = [path for path in sorted(directory.rglob("*")) if _belongs(path, directory)]
    size = sum(path.stat().st_size for path in files)
    if size > LARGEST or len(files) > MOST_FILES:
        raise RunError(
            f"{directory}: {len(files)} files of {size / 2**20:.0f} MiB are too much to send (at most {MOST_FILES} of "
            f"{LARGEST / 2**20:.0f} MiB); put the study's directory on a disk that all nodes share"
        )
    content = io.BytesIO()
    # Weights cannot be compressed; a node whose clock stands before 1980 is no reason to fail.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for path in files:
            archive.write(path, path.relative_to(directory).as_posix())
    return content.getvalue()


def unpack(content: bytes, directory: Path) -> None:
    """Write an archive's files into a directory that does not exist yet.

    Raises `RunError`, and writes nothing, if a name would lead out of it, an entry is no plain file, or there is more
    than `pack` would pack.
    """
    if len(content) > LARGEST + MOST_FILES * _OVERHEAD:
        raise RunError(f"{directory}: {len(content) / 2**20:.0f} MiB were sent back, more than any run can have")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check(entries, directory)
            directory.mkdir(parents=True)
            for entry in entries:
                path = directory / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target)
                    os.fsync(target.fileno())
    except _DAMAGED as error:
        raise RunError(
            f"{directory}: what was sent back is damaged ({error}); run the same command to try again"
        ) from None


def receive(content: bytes, directory: Path) -> None:
    """Let an archive take a directory's place as a whole: a run's events belong to one checkpoint and no other."""
    partial = directory.with_name(f".{directory.name}.partial")
    former = directory.with_name(f".{directory.name}{_FORMER}")
    clear(directory.parent)
    try:
        unpack(content, partial)
        if directory.exists():
            directory.rename(former)
        partial.rename(directory)
    finally:
        clear(directory.parent)


def clear(folder: Path) -> None:
    """Put in order what a process that was killed while it received has left beside the runs."""
    for former in folder.glob(f".*{_FORMER}"):
        directory = folder / former.name.removeprefix(".").removesuffix(_FORMER)
        if not directory.exists():
            former.rename(directory)
    for left_over in folder.glob(".*.partial"):
        shutil.rmtree(left_over, ignore_errors=True)


def _belongs(path: Path, directory: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
    return not hidden and path.is_file() and not path.is_symlink()


def _check(entries: list[zipfile.ZipInfo], directory: Path) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST or len(entries) > MOST_FILES:
        raise RunError(
            f"{directory}: {len(entries)} files of {size / 2**20:.0f} MiB were sent back; expected at most "
            f"{MOST_FILES} of {LARGEST / 2**20:.0f} MiB"
        )
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise RunError(
                f"{directory}: {entry.filename!r} was sent back compressed or encrypted, which auxseg never does"
            )
        name = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        is_inside = not name.is_absolute() and ".." not in name.parts and "\\" not in entry.filename
        if not is_inside or not name.parts or entry.is_dir() or kind not in (0, stat.S_IFREG):
            raise RunError(f"{directory}: {entry.filename!r} was sent back, which is not a plain file inside it")
