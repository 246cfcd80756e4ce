"""metrics.json: what an evaluation found, and on what."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from auxseg.errors import InputError
from auxseg.records.numbers import Count, Figures, Losses, Seconds
from auxseg.records.reading import read_json

METRICS_FILE: Final = "metrics.json"


@final
@dataclass(frozen=True)
class DataFacts:
    """What must be said of the data beside every figure; see `auxseg.run.directory.describe_data`."""

    name: str
    content_hash: str
    size: Count
    border: str
    resize: str
    splits: dict[str, Count]
    source: str = ""


@final
@dataclass(frozen=True)
class ConfusionTable:
    """How often each true class (row) was taken for each class (column)."""

    names: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]


@final
@dataclass(frozen=True)
class ClassFigures:
    """Figures of one mask class over all images; ``None`` where it has none.

    Attributes:
        iou: intersection over union, ``None`` for a class that neither truth nor prediction has.
        precision: ``None`` for a class that is nowhere predicted.
        recall: ``None`` for a class that the truth lacks.
        pixels: how many the truth has of it.
        predicted_pixels: how many the prediction has of it.
    """

    iou: float | None
    precision: float | None
    recall: float | None
    pixels: Count
    predicted_pixels: Count


@final
@dataclass(frozen=True)
class Metrics:
    """What an evaluation found; ``tables`` are confusion matrices, ``classes`` figures by task and class."""

    split: str
    num_images: Count
    checkpoint_step: Count
    target: str
    data: DataFacts
    figures: Figures
    seconds: Seconds
    explain: dict[str, dict[str, str]] = field(default_factory=dict)
    losses: Losses = field(default_factory=dict)
    tables: dict[str, ConfusionTable] = field(default_factory=dict)
    classes: dict[str, dict[str, ClassFigures]] = field(default_factory=dict)


def read_metrics(run: Path) -> Metrics | None:
    """Read a run's metrics.json, ``None`` before the first evaluation. Raises `InputError` if it is damaged."""
    path = run / METRICS_FILE
    if not path.exists():
        return None
    metrics = read_json(path, Metrics, mend="evaluate the run again")
    for name, table in metrics.tables.items():
        if {len(row) for row in table.counts} | {len(table.counts)} != {len(table.names)}:
            raise InputError(
                f"{path}: tables.{name[:40]!a} has {len(table.names)} classes, but its counts are no square of that "
                "size; evaluate the run again"
            )
    return metrics
