"""metrics.json: what an evaluation found, and on what."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, final

from auxseg.errors import InputError
from auxseg.records.names import METRICS_FILE
from auxseg.records.values.numbers import Count, Figures, Losses, Seconds
from auxseg.records.values.reading import read_json
from auxseg.records.values.size import Size
from auxseg.records.values.writing import OMITTED, write_json

At = Literal["stored", "original"]
"""At which size the target's masks are compared: that of the store, or the images' own."""


@final
@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What must be said of the data beside every figure; see `auxseg.run.directory.describe_data`.

    ``channels`` is empty for images of RGB with 8 bits. Where images are read each at its own size, ``size`` is the
    largest height and width, and ``smallest`` the smallest.
    """

    path: str = ""
    name: str
    source: str = ""
    content_hash: str
    size: Size
    resize: str
    border: str
    splits: dict[str, Count]
    channels: str = field(default="", metadata=OMITTED)
    smallest: Size | None = field(default=None, metadata=OMITTED)

    def sizes(self) -> str:
        """The size of images in pixels, or the range of sizes if each has its own."""
        if self.smallest is None:
            return f"{self.size} px"
        return f"images of their own sizes, {self.smallest.up_to(self.size)}"


@final
@dataclass(frozen=True)
class TileFacts:
    """By which tiles images were measured: their side in pixels, and the share of it that overlaps."""

    size: Count
    overlap: float


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
@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What an evaluation found; ``tables`` are confusion matrices, ``classes`` figures by task and class.

    ``mirrored`` says that every image was measured twice, as it is and mirrored. Figures and losses are then those of
    both together, and the pixels and images in ``tables`` and ``classes`` are counted in both; ``num_images`` and the
    figures ``num_...`` count every image once. ``tta`` says over what every output was averaged: ``flip`` is the image
    and its mirror image. ``at`` is the size at which the target's masks were compared: ``stored``, or ``original``, the
    images' own. Its figures, tables and classes are then in pixels of the images. Losses, and figures of other
    tasks, are always those at the stored size. ``tiles`` says by which tiles images were measured, ``None`` as a whole.
    The fields stand in the order of the file. What earlier versions did not write has a default.
    """

    split: str
    num_images: Count
    mirrored: bool = field(default=False, metadata=OMITTED)
    tta: Literal["none", "flip"] = field(default="none", metadata=OMITTED)
    at: At = field(default="stored", metadata=OMITTED)
    tiles: TileFacts | None = field(default=None, metadata=OMITTED)
    checkpoint_step: Count
    target: str
    main_figure: str = ""
    data: DataFacts
    figures: Figures
    losses: Losses = field(default_factory=dict)
    explain: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, ConfusionTable] = field(default_factory=dict)
    classes: dict[str, dict[str, ClassFigures]] = field(default_factory=dict)
    seconds: Seconds


def write_metrics(run: Path, metrics: Metrics) -> None:
    """Write a run's metrics.json, which is last: a run that has one has all files of an evaluation."""
    write_json(run / METRICS_FILE, metrics)


def read_metrics(run: Path) -> Metrics | None:
    """Read a run's metrics.json, ``None`` before the first evaluation. Raises `InputError` if it is damaged."""
    path = run / METRICS_FILE
    if not path.exists():
        return None
    metrics = read_json(path, Metrics, mend="evaluate the run again")
    for name, table in metrics.tables.items():
        if {len(row) for row in table.counts} | {len(table.counts)} != {len(table.names)}:
            raise InputError(
                f"{path}: tables.{name[:40]!a} has {len(table.names)} classes, but its counts are not a square of "
                "that size; evaluate the run again"
            )
    return metrics
