"""examples.json and inspection.json: the pictures that an evaluation drew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from auxseg.errors import InputError
from auxseg.records.numbers import Number
from auxseg.records.reading import read_json


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
    path = run / "examples.json"
    if not path.exists():
        return ()
    return read_json(path, tuple[Example, ...], mend="evaluate the run again")


def read_inspection(run: Path) -> Inspection:
    """Read a run's inspection.json, empty if there is nothing to inspect. Raises `InputError` if it is damaged."""
    path = run / "inspection.json"
    if not path.exists():
        return Inspection()
    inspection = read_json(path, Inspection, mend="evaluate the run again")
    for place, rows in inspection.matrices.items():
        if {len(row) for row in rows} | {len(rows)} != {len(inspection.tasks)}:
            raise InputError(
                f"{path}: matrices.{place[:40]!a} is no square of {len(inspection.tasks)} tasks; evaluate the run again"
            )
    return inspection
