"""Which directories are runs and studies, and the runs inside of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auxseg.errors import InputError
from auxseg.records.names import ABOUT_FILE, RECIPE_FILE, RUNS_FOLDER, STUDY_FILE

_DEPTH: Final = 3


def is_run(path: Path) -> bool:
    """Whether a directory holds a run."""
    return (path / RECIPE_FILE).is_file()


def is_study(path: Path) -> bool:
    """Whether a directory holds a study, finished or not."""
    return not is_run(path) and any((path / name).is_file() for name in (STUDY_FILE, ABOUT_FILE))


def refuse_exported(path: Path) -> None:
    """Raise `InputError` for an exported file, where a run is asked for."""
    if path.suffix == ".onnx" and path.is_file():
        raise InputError(
            f"{path}: an exported file, which can predict but not be measured or exported again; name the run or the "
            "model directory that it was exported from"
        )


def runs_in(path: Path) -> tuple[Path, ...]:
    """The run itself, or all runs in a folder and its subfolders, by name; of a study those of its verdicts alone.

    Raises `InputError` if there is none.
    """
    if is_run(path):
        return (path,)
    refuse_exported(path)
    if not path.is_dir():
        raise InputError(f"{path}: not a run directory (it {'is a file' if path.exists() else 'does not exist'})")
    found = tuple(_below(path / RUNS_FOLDER if is_study(path) else path, _DEPTH))
    if not found:
        raise InputError(f"{path}: neither a run directory (it holds no {RECIPE_FILE}) nor a folder with runs in it")
    return found


def _below(folder: Path, depth: int) -> Iterator[Path]:
    if not folder.is_dir():
        return
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.is_dir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    for entry in entries:
        if is_run(entry):
            yield entry
        elif depth > 1 and not entry.is_symlink():
            yield from _below(entry, depth - 1)
