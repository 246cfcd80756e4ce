"""What a run reached, and on what: the figure that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from auxseg.records.metrics import Metrics
from auxseg.report import wording
from auxseg.report.runs.interval import interval
from auxseg.report.runs.record import Record, main_figure

_IOU = (
    "IoU (intersection over union) is the area where prediction and truth agree, divided by the area that either "
    "covers."
)


@final
@dataclass(frozen=True)
class Answer:
    """The figure a run is judged by, and on what it was measured; ``interval`` is over the images.

    ``how`` says what is not as usual about that: another size, flips, tiles.
    """

    value: float | None
    figure: str
    task: str
    split: str
    num_images: int
    step: int
    meaning: str
    interval: tuple[float, float] | None
    how: str = ""


def answer(record: Record) -> Answer | None:
    """The target's figure on the evaluated split, else where the kept model was validated; ``None`` before both."""
    if record.metrics:
        split, step = record.metrics.split, record.metrics.checkpoint_step
        num_images, explain = record.metrics.num_images, record.metrics.explain.get(record.target, {})
    elif record.kept:
        split, step = "val", record.kept.step
        num_images, explain = record.data.splits.get("val", 0) if record.data else 0, {}
    else:
        return None
    found = main_figure(record.figures, record.target)
    labelled = record.figures.get(record.target, {}).get("num_images")
    return found and Answer(
        value=found[1],
        figure=found[0],
        task=record.target,
        split=wording.split(split),
        num_images=num_images if labelled is None else int(labelled),
        step=step,
        meaning=_IOU if "iou" in found[0] else explain.get(found[0], ""),
        interval=interval(record),
        how=_how(record.metrics) if record.metrics else "",
    )


def _how(metrics: Metrics) -> str:
    """What differs from whole images at the stored size, each asked once."""
    tiles = metrics.tiles
    ways = (
        "at their original size" if metrics.at == "original" else "",
        "" if tiles is None else f"by tiles of {tiles.size}{wording.SPACE}px",
        "averaged over flips" if metrics.tta == "flip" else "",
        "each also mirrored" if metrics.mirrored else "",
    )
    return ", ".join(filter(None, ways))
