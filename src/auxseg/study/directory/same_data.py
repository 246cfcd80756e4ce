"""That all runs of a study are trained and measured on the data it was begun with.

A store is a file that somebody may replace while a study trains, which takes hours. So its content hash is compared
before every job, what a run has recorded of the data that it opened is compared after it and before an answer, and a
file that was written over in place, under the hands of who reads it, takes along what was made from it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auxseg.data.store.store import Store
from auxseg.errors import RunError
from auxseg.records.events import read_events


def refuse_other_store(path: Path, content_hash: str) -> None:
    """Raise `RunError` if the file holds other data than a study was begun with."""
    found = Store.open(path).content_hash
    if found != content_hash:
        raise RunError(
            f"{path} holds other data: content hash {found[:12]}, while the study's has {content_hash[:12]}; nothing "
            "was judged; restore the former file and run the same command again"
        )


def refuse_other_runs(directories: Iterable[Path], content_hash: str) -> None:
    """Raise `RunError` for a run that has recorded other data than a study was begun with."""
    for directory in directories:
        found = trained_on(directory)
        if found not in (None, content_hash):
            raise RunError(
                f"{directory}: was trained on other data (content hash {found[:12]}) than the study "
                f"({content_hash[:12]}), so nothing was judged; delete this directory and run the same command again"
            )


def trained_on(directory: Path) -> str | None:
    """The content hash of what a run opened, by its own record; ``None`` before it starts."""
    start = read_events(directory).start
    return None if start is None else start.data.content_hash


@contextmanager
def on_the_same_data(path: Path, content_hash: str, forget: Callable[[], None]) -> Iterator[None]:
    """Work on a store that has to be a study's. Raises `RunError` if it is not, or is written over meanwhile.

    A file that was replaced by another name stays whole for who has it open. One that was written over in place does
    not, so ``forget`` then removes what was made, also after an error.
    """
    before = _file(path)
    refuse_other_store(path, content_hash)
    try:
        yield
    finally:
        after = _file(path)
        if after[:2] == before[:2] and after != before:
            forget()
            raise RunError(
                f"{path} was overwritten while a run read it, so that run was removed and nothing was judged; "
                "restore the former file and run the same command again"
            )


def _file(path: Path) -> tuple[int, ...]:
    """Which file it is, and in what state; nothing where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
