"""Flip: whether the picture was mirrored.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Final, Literal, final

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.tasks.categorical import CategoricalTask
from auxseg.tasks.chance import draw_class
from auxseg.tasks.losses import LossWeights, check_choice
from auxseg.tasks.task import View, ViewChoice

Axis = Literal["vertical", "horizontal"]

ANSWERS: Final = ("as it is", "mirrored")


@final
class FlipTask(CategoricalTask):
    """Sees the picture as it is or mirrored, and says which.

    ``axis`` is ``vertical`` for upside down, or ``horizontal`` for left and right exchanged, which nothing in a
    picture of an animal tells (and which the augmentation does as well). Whether a picture is mirrored is drawn by
    the sample's key: anew in every epoch, always the same in evaluation.
    """

    own_row = True

    def __init__(
        self,
        *,
        name: str,
        losses: Mapping[str, float],
        axis: Axis = "vertical",
        grid: int = 1,
        hidden: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            name=name,
            class_names=ANSWERS,
            losses=losses,
            label_smoothing=0.0,
            grid=grid,
            hidden=hidden,
            dropout=dropout,
        )
        self.view = View(f"own {name}", self._look)
        self._axis: Axis = axis

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """1 where the picture was mirrored, else 0; `MISSING` where there is no photograph."""
        return self._mirrored(batch)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        how = "upside down" if self._axis == "vertical" else "left and right exchanged"
        return {
            "accuracy": f"Share of the images of which it is rightly said whether they were mirrored ({how}); "
            "chance is 0.5.",
            "num_images": "Images that were mirrored or left as they are.",
        }

    def _look(self, batch: Batch) -> Float[Tensor, "N 3 H W"]:
        mirrored = self._mirrored(batch) == 1
        flipped = batch.image.flip(2 if self._axis == "vertical" else 3)
        return torch.where(mirrored[:, None, None, None], flipped, batch.image)

    def _mirrored(self, batch: Batch) -> Int[Tensor, " N"]:
        return draw_class("flip", len(ANSWERS), batch)


@config
class FlipConfig:
    """Settings of `FlipTask`. Its view is its own: a mirrored picture would not fit the other tasks' labels."""

    kind: Literal["flip"] = "flip"
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0})
    view: ViewChoice = "own"
    axis: Axis = "vertical"
    grid: Annotated[int, Field(ge=1)] = 1
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def build(self, name: str, vocabulary: Vocabulary) -> FlipTask:
        """Make the task. Raises `InputError` for an unknown loss, and for a view that is shared."""
        check_choice(name, self.losses, ["cross_entropy"])
        if self.view == "shared":
            raise InputError(
                f"tasks.{name}.view: a mirrored picture would not fit the masks and boxes of the other tasks, "
                "expected own, found shared"
            )
        return FlipTask(
            name=name,
            losses=self.losses,
            axis=self.axis,
            grid=self.grid,
            hidden=self.hidden,
            dropout=self.dropout,
        )
