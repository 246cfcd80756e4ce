"""A run directory as one string of bytes, to cross a network; what comes back is trusted no further than its place."""

from __future__ import annotations

import io
import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from auxseg.errors import RunError

LARGEST: Final = 2 * 2**30
"""Bytes of a run directory, which are held in memory once at each end."""
MOST_FILES: Final = 10_000

_LAST: Final = ("events.jsonl", "metrics.json")
"""They say that a training or an evaluation is finished, so all else is there before them."""


def pack(directory: Path) -> bytes:
    """The files of a directory, without hidden ones. Raises `RunError` if they are too large."""
    files = [path for path in sorted(directory.rglob("*")) if _belongs(path, directory)]
    size = sum(path.stat().st_size for path in files)
    if size > LARGEST or len(files) > MOST_FILES:
        raise RunError(
            f"{directory}: {len(files)} files of {size / 2**20:.0f} MiB are too much to send (at most {MOST_FILES} of "
            f"{LARGEST / 2**20:.0f} MiB); let every node of the cluster see the study's directory"
        )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # weights cannot be compressed
        for path in files:
            archive.write(path, path.relative_to(directory).as_posix())
    return content.getvalue()


def unpack(content: bytes, directory: Path) -> None:
    """Write an archive's files into a directory that does not exist yet.

    Raises `RunError`, and writes nothing, if a name would lead out of it, an entry is no plain file, or there is more
    than `pack` would pack.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check(entries, directory)
            directory.mkdir(parents=True)
            for entry in entries:
                path = directory / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                # No more than the size that was checked is read, whatever the entry unfolds to.
                with archive.open(entry) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target)
    except zipfile.BadZipFile as error:
        raise RunError(f"{directory}: what was sent back is damaged ({error}); the same command tries again") from None


def receive(content: bytes, directory: Path) -> None:
    """Let an archive's files take the places of those of a directory, each whole, and a new directory at once."""
    partial = directory.with_name(f".{directory.name}.{os.getpid()}.partial")
    try:
        unpack(content, partial)
        if not directory.exists():
            partial.rename(directory)
            return
        names = [path.relative_to(partial) for path in partial.rglob("*") if path.is_file()]
        for name in sorted(names, key=lambda name: (name.as_posix() in _LAST, name)):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).replace(directory / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
        name = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        is_inside = not name.is_absolute() and ".." not in name.parts and "\\" not in entry.filename
        if not is_inside or not name.parts or entry.is_dir() or kind not in (0, stat.S_IFREG):
            raise RunError(f"{directory}: {entry.filename!r} was sent back, which is no plain file inside of it")
