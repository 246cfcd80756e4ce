"""examples.json and inspection.json: the pictures that an evaluation drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from auxseg.errors import InputError
from auxseg.records.names import EXAMPLES_FILE, INSPECTION_FILE
from auxseg.records.values.numbers import Number
from auxseg.records.values.reading import read_json
from auxseg.records.values.writing import write_json


@final
@dataclass(frozen=True)
class Example:
    """One drawn image: its id, whether it is among the best, median or worst, its value, and where its picture is."""

    id: str
    rank: str
    value: Number | None
    picture: str


@final
@dataclass(frozen=True)
class InspectedImage:
    """One image whose attention was drawn: the picture of each task."""

    id: str
    pictures: dict[str, str]


@final
@dataclass(frozen=True)
class Inspection:
    """What the sharing scheme does: attention on images, and by place how much each task takes of every other."""

    images: tuple[InspectedImage, ...] = ()
    tasks: tuple[str, ...] = ()
    matrices: dict[str, tuple[tuple[Number, ...], ...]] = field(default_factory=dict)


def read_examples(run: Path) -> tuple[Example, ...]:
    """Read a run's examples.json, nothing if there is none. Raises `InputError` if it is damaged."""
    path = run / EXAMPLES_FILE
    if not path.exists():
        return ()
    return read_json(path, tuple[Example, ...], mend="evaluate the run again")


def read_inspection(run: Path) -> Inspection:
    """Read a run's inspection.json, empty if there is nothing to inspect. Raises `InputError` if it is damaged."""
    path = run / INSPECTION_FILE
    if not path.exists():
        return Inspection()
    inspection = read_json(path, Inspection, mend="evaluate the run again")
    for place, rows in inspection.matrices.items():
        if {len(row) for row in rows} | {len(rows)} != {len(inspection.tasks)}:
            raise InputError(
                f"{path}: matrices.{place[:40]!a} is not a square of {len(inspection.tasks)} tasks; evaluate the run "
                "again"
            )
    return inspection


def write_examples(run: Path, examples: Sequence[Example]) -> None:
    """Write a run's examples.json, in which each picture is named by its path inside of the run."""
    write_json(run / EXAMPLES_FILE, examples)


def write_inspection_file(run: Path, inspection: Inspection) -> None:
    """Write a run's inspection.json."""
    write_json(run / INSPECTION_FILE, inspection)
