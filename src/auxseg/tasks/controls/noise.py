"""Noise: a control that looks like a dense task and holds no information about the picture.

Shape legend: ``N`` images, ``C`` channels, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import tint_map
from auxseg.metrics import maps as metrics
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask, known_inside
from auxseg.tasks.sample_randomness import generator


@final
class NoiseTask(RegressionTask):
    """Gives every picture a map that was drawn by lot: ``cells`` x ``cells`` numbers of N(0, 1), enlarged bilinearly.

    The map depends on the sample's id alone: it is the same in every epoch, run and seed, and no augmentation moves
    it. What this task does to the target, a task of its form does by its form alone.
    """

    has_answer = False
    main_figure = "mse"
    higher_is_better = False
    row_figure = "mse"

    def __init__(
        self, *, name: str, losses: Mapping[str, float], channels: int = 1, cells: int = 8, beta: float = 0.1
    ) -> None:
        super().__init__(name=name, channels=channels, losses=losses, beta=beta)
        self._cells = cells

    def target(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The maps, NaN in the padding."""
        shape = (self._channels, self._cells, self._cells)
        coarse = torch.stack([torch.randn(shape, generator=generator("noise", sample)) for sample in batch.ids])
        size = batch.image.shape[-2:]
        maps = functional.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
        return known_inside(maps.to(batch.image.device), batch)

    def scores(
        self, prediction: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean squared error."""
        return {"mse": metrics.mean_squared_error(prediction, target)}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "mse": "Squared error of the random map, averaged over pixels, then images; outside the training split it "
            "can be small only by chance.",
            "num_images": "Images with a random map.",
        }

    def predict(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """The output as it is."""
        return output

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint what is positive and what is negative in the first channel."""
        return picture if value is None else tint_map(picture, value[0].cpu().numpy())


@config
class NoiseConfig:
    """Settings of `NoiseTask`.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    The map has ``channels``, and ``cells`` a side in which it is constant.
    """

    kind: Literal["noise"] = "noise"
    losses: LossWeights = field(default_factory=lambda: {"mse": 1.0})
    channels: Annotated[int, Field(ge=1, le=256)] = 1
    cells: Annotated[int, Field(ge=1, le=2048)] = 8
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1

    def build(self, name: str, vocabulary: Vocabulary) -> NoiseTask:
        """Make the task. Raises `InputError` for an unknown loss."""
        check_choice(name, self.losses, regression_losses(self.beta))
        return NoiseTask(name=name, losses=self.losses, channels=self.channels, cells=self.cells, beta=self.beta)
