"""Flip: whether the picture was mirrored.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from typing import Final, Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks.categorical import CategoricalConfig, CategoricalTask
from auxseg.tasks.sample_randomness import draw_class
from auxseg.tasks.task import View, ViewChoice
from auxseg.tasks.views import refuse_shared

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
    has_answer = False

    def __init__(self, name: str, settings: CategoricalConfig, axis: Axis) -> None:
        super().__init__(name, ANSWERS, settings)
        self.view = View(f"own {name}", self._look)
        self.mirrors = axis == "vertical"
        self._axis: Axis = axis

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """1 where the picture was mirrored, else 0; `MISSING` where there is no photograph."""
        return self._mirrored(batch)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        how = "upside down" if self._axis == "vertical" else "left and right exchanged"
        return {
            "accuracy": f"Share of the images for which the answer, mirrored or not, is right ({how}); chance is 0.5.",
            "num_images": "Images that were mirrored or left unchanged.",
        }

    def _look(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        mirrored = self._mirrored(batch) == 1
        flipped = batch.image.flip(2 if self._axis == "vertical" else 3)
        return torch.where(mirrored[:, None, None, None], flipped, batch.image)

    def _mirrored(self, batch: Batch) -> Int[Tensor, " N"]:
        return draw_class("flip", len(ANSWERS), batch)


@config
class FlipConfig(CategoricalConfig):
    """Settings of `FlipTask`. Its ``view`` is its own: a mirrored picture would not fit the other tasks' labels.

    ``axis`` is the line in which pictures are mirrored.
    """

    kind: Literal["flip"] = "flip"
    view: ViewChoice = "own"
    axis: Axis = "vertical"

    def build(self, name: str, vocabulary: Vocabulary) -> FlipTask:
        """Make the task. Raises `InputError` for an unknown loss, and for a view that is shared."""
        refuse_shared(name, self.view, "mirrored")
        return FlipTask(name, self, self.axis)
