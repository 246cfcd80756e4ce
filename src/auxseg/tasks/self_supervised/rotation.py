"""Rotation: by how many quarter turns the picture was turned.

Gidaris, Singh, Komodakis 2018, Unsupervised Representation Learning by Predicting Image Rotations,
https://arxiv.org/abs/1803.07728.

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

SURROUND: Final = 0.5
"""The grey around the middle square of a picture that is not square."""

TURNS: Final = ("0 degrees", "90 degrees", "180 degrees", "270 degrees")


@final
class RotationTask(CategoricalTask):
    """Sees the picture turned anticlockwise by 0, 90, 180 or 270 degrees, and says by which.

    The turn is drawn by the sample's key: another one in every epoch, always the same one in evaluation. Letterboxed
    pictures tell a turn by 90 degrees by where their padding lies. Of pictures that are not square the middle square is
    turned, and shown on grey whatever the turn: what lies beside it would tell the turn by its edge.
    """

    own_row = True
    has_answer = False

    def __init__(self, name: str, settings: CategoricalConfig) -> None:
        super().__init__(name, TURNS, settings)
        self.view = View(f"own {name}", self._look)

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """Quarter turns, `MISSING` where there is no photograph."""
        return _turns(batch)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "accuracy": "Share of the images whose turn (0, 90, 180 or 270 degrees) is right; chance is 0.25.",
            "num_images": "Images that were turned.",
        }

    def _look(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        turns, rows, columns = _turns(batch), *_middle_square(*batch.image.shape[-2:])
        is_square = batch.image.shape[-2] == batch.image.shape[-1]
        turned = batch.image.clone() if is_square else torch.full_like(batch.image, SURROUND)
        for quarters in range(len(TURNS)):
            which = turns == quarters
            turned[which, :, rows, columns] = torch.rot90(batch.image[which, :, rows, columns], quarters, (2, 3))
        return turned


def _middle_square(height: int, width: int) -> tuple[slice, slice]:
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return slice(top, top + side), slice(left, left + side)


def _turns(batch: Batch) -> Int[Tensor, " N"]:
    return draw_class("rotation", len(TURNS), batch)


@config
class RotationConfig(CategoricalConfig):
    """Settings of `RotationTask`. Its ``view`` is its own: a turned picture would not fit the other tasks' labels."""

    kind: Literal["rotation"] = "rotation"
    view: ViewChoice = "own"

    def build(self, name: str, vocabulary: Vocabulary) -> RotationTask:
        """Make the task. Raises `InputError` for an unknown loss, and for a view that is shared."""
        refuse_shared(name, self.view, "turned")
        return RotationTask(name, self)
