"""The runs that lie in a study's directory, by arm."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from auxseg.errors import InputError
from auxseg.records.about import PlannedTraining, read_planned
from auxseg.records.finding import is_run
from auxseg.records.names import RUNS_FOLDER
from auxseg.report.runs.record import Record, read_record


def runs_of(directory: Path, arm: str, label_fraction: float) -> dict[int, Path]:
    """The run directories of an arm at a share of the masks, by seed; none if the study's runs lie elsewhere.

    With folds they are those of the first fold, which have tested the same images.
    """
    planned = [run for run in _planned(directory) if (run.arm, run.label_fraction) == (arm, label_fraction)]
    planned = [run for run in planned if run.fold.partition("/")[0] in ("", "1")]
    paths = {run.seed: directory / RUNS_FOLDER / run.directory for run in sorted(planned, key=lambda run: run.seed)}
    home = (directory / RUNS_FOLDER).resolve()
    return {seed: path for seed, path in paths.items() if is_run(path) and path.resolve().parent == home}


def baseline_name(directory: Path, arms: Sequence[str]) -> str:
    """What the plan calls the target alone: the one arm that is not judged. Empty if there is no plan."""
    return next((run.arm for run in _planned(directory) if run.arm not in arms), "")


def record_or_none(path: Path) -> Record | None:
    """A run's record; ``None`` if its files cannot be understood: a study's page does not depend on them."""
    try:
        return read_record(path)
    except InputError:
        return None


def command_of(directory: Path) -> list[str]:
    """The words of the command that trained the study, ``auxseg`` first; empty if that is not known."""
    for run in _planned(directory):
        path = directory / RUNS_FOLDER / run.directory
        record = record_or_none(path) if is_run(path) else None
        if record is not None and record.start is not None:
            return _words(record.start.command)
    return []


def _words(command: str) -> list[str]:
    try:
        given = shlex.split(command)
    except ValueError:
        return []
    words = [part for word in given for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return ["auxseg", *words[words.index("study") :]] if "study" in words else []


def _planned(directory: Path) -> tuple[PlannedTraining, ...]:
    try:
        return read_planned(directory)
    except InputError:
        return ()
