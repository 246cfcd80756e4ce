"""What is asked of the network: one task, one file.

- `segmentation`: which class every pixel belongs to
- `classification`: which class the picture belongs to
- `box`: where the box around a thing is

A new task is a file like these, with its configuration, and a place in `TaskConfig`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.tasks.box import BoxConfig, BoxTask
from auxseg.tasks.classification import ClassificationConfig, ClassificationTask
from auxseg.tasks.segmentation import SegmentationConfig, SegmentationTask
from auxseg.tasks.task import Dense, Output, Table, Task, Vector, task_loss

TaskConfig = Annotated[SegmentationConfig | ClassificationConfig | BoxConfig, Field(discriminator="kind")]

__all__ = [
    "BoxConfig",
    "BoxTask",
    "ClassificationConfig",
    "ClassificationTask",
    "Dense",
    "Output",
    "SegmentationConfig",
    "SegmentationTask",
    "Table",
    "Task",
    "TaskConfig",
    "Vector",
    "task_loss",
]
