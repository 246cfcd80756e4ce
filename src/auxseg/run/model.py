"""A trained model, ready to be used.

Shape legend: ``N`` pictures, ``H W`` their size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from auxseg.data.sample import Vocabulary
from auxseg.evaluation.averaging import TTA
from auxseg.evaluation.measure import Asked
from auxseg.evaluation.tiling import Tiles, refuse_tiles
from auxseg.models import Network
from auxseg.recipe import Recipe
from auxseg.run.prediction.large_image import LargeImage
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.predictor import InBands, Photograph, ask, ask_in_bands
from auxseg.tasks import Task


@final
@dataclass(frozen=True, repr=False)
class Model:
    """A trained network with its tasks and the names behind its answers."""

    network: Network
    tasks: Mapping[str, Task]
    recipe: Recipe
    vocabulary: Vocabulary
    step: int
    device: torch.device
    untrained: frozenset[str] = frozenset()
    """Auxiliaries that had nothing to learn from; their outputs mean nothing and are left out of predictions."""
    data: str | None = None
    """The hash of the content of the data it was trained on, where its file says so."""

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision that the network was trained in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.training.precision == "bf16")

    def asked(self, tta: TTA = "none", tiles: Tiles | None = None) -> Asked:
        """The network, and how it is asked."""
        return Asked(self.network, self.device, self.autocast, tta, tiles)

    def predict(
        self,
        photograph: Photograph,
        *,
        exif: str = "auto",
        probabilities: bool = False,
        tasks: Collection[str] | None = None,
        tta: TTA = "none",
        tiles: Tiles | None = None,
    ) -> Prediction:
        """What this model says of one photograph; see `auxseg.predict`.

        ``tasks`` names those to ask, which may also look at a picture of their own; by default `answering`. Raises
        `InputError` for one that gives no answer.
        """
        if tiles is not None:
            refuse_tiles(tiles, self.tasks, self.recipe.target, "predict", self.network)
        return ask(
            self, self._outputs, photograph, exif=exif, probabilities=probabilities, tasks=tasks, tta=tta, tiles=tiles
        )

    def predict_in_bands(self, image: LargeImage, *, tta: TTA = "none", tiles: Tiles) -> InBands:
        """What this model says of an image that is too large to be held whole."""
        refuse_tiles(tiles, self.tasks, self.recipe.target, "predict", self.network)
        return ask_in_bands(self, self._outputs, image, tta=tta, tiles=tiles)

    @torch.no_grad()
    def _outputs(self, pictures: Float[Tensor, "N K H W"], names: Sequence[str]) -> dict[str, Tensor]:
        with self.autocast():
            return self.network(pictures.to(self.device), names)

    def __repr__(self) -> str:
        names = ", ".join(self.tasks)
        return f"Model({names}; {self.vocabulary.size} px, step {self.step}, on {self.device})"
