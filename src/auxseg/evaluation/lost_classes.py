"""Classes of which nothing is found, though the truth has some."""

from __future__ import annotations

from collections.abc import Mapping


def lost_classes(classes: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The shares of the true pixels, in (0, 1], of those classes whose IoU is 0.

    ``classes`` are a task's figures by class (`auxseg.tasks.Task.classes`). Most of these classes are rare ones that
    the model never predicts.
    """
    total = sum(each.get("pixels", 0.0) for each in classes.values())
    return {
        name: each["pixels"] / total
        for name, each in classes.items()
        if each.get("iou") == 0 and each.get("pixels", 0.0) > 0
    }
