"""What is said of classes of which nothing was found, and what may help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auxseg.records.metrics import ClassFigures
from auxseg.report import wording

_RARE: Final = 0.05
"""Classes with a larger share of the pixels are lost for other reasons than that they are rare."""

_MOST_NAMED: Final = 8


def lost_shares(classes: Mapping[str, ClassFigures]) -> dict[str, float]:
    """Of the classes that the truth has and of which not one pixel was found: their shares of the true pixels."""
    total = sum(each.pixels for each in classes.values())
    return {name: each.pixels / total for name, each in classes.items() if each.iou == 0 < each.pixels}


def lost_sentence(lost: Mapping[str, float], settings: Mapping[str, object], task: str) -> str:
    """A sentence that names lost classes with their shares of the true pixels, and the way out; empty if none is.

    Args:
        lost: the shares by class.
        settings: those of the recipe; empty where it is not known.
        task: the task that lost the classes.
    """
    if not lost:
        return ""
    names = [f"{name} ({_percent(share)} of the true pixels)" for name, share in lost.items()]
    said = f"The model found no pixel of {wording.listed(names, _MOST_NAMED)}: IoU 0."
    return said + (_way_out(settings, task) if min(lost.values()) < _RARE else "")


def _way_out(settings: Mapping[str, object], task: str) -> str:
    tasks = settings.get("tasks")
    mine = tasks.get(task) if isinstance(tasks, Mapping) else None
    if not isinstance(mine, Mapping) or mine.get("kind") != "segmentation":
        return ""
    losses = mine.get("losses")
    if isinstance(losses, Mapping) and "ohem" in losses:
        return f" To find rare classes, train without ohem and with --set tasks.{task}.class_weights=balanced."
    if mine.get("class_weights") is None:
        return f" To find rare classes, train with --set tasks.{task}.class_weights=balanced."
    return f" To find them, train longer or give them more weight by name, in tasks.{task}.class_weights."


def _percent(share: float) -> str:
    """Two digits where it is little."""
    return (
        f"{100 * share:.{1 if share >= 0.01 else 2}f}{wording.SPACE}%"
        if share >= 0.0001
        else f"under 0.01{wording.SPACE}%"
    )
