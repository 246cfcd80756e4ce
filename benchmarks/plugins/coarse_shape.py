"""A task that is known to help where masks are scarce: the coarse shape of the mask, known for every photograph.

The data hold it as labels of their own (`benchmarks.tools.coarse_shape`), so that it stays where the mask is hidden.
Labels do not move with an augmentation: train with ``data.augment=none``.

Shape legend: ``N`` images, ``H W`` the stored size, ``G`` cells of a side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import tint_map
from auxseg.errors import InputError
from auxseg.metrics import maps as metrics
from auxseg.tasks import register
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask, known_inside

PREFIX = "shape row "
"""How the labels begin that hold the cells, one for each row of them."""


@final
class CoarseShapeTask(RegressionTask):
    """Gives every pixel 1 if its cell is mostly animal, else 0. ``patterns`` are the cells of every name, by row."""

    main_figure = "mse"
    higher_is_better = False
    row_figure = "mse"

    def __init__(
        self, *, name: str, losses: Mapping[str, float], labels: Sequence[str], patterns: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(name=name, channels=1, losses=losses, beta=0.1)
        self._labels = labels
        self._patterns = [torch.tensor([[float(cell) for cell in text] for text in texts]) for texts in patterns]

    def target(self, batch: Batch) -> Float[Tensor, "N 1 H W"]:
        """The cells, enlarged without smoothing."""
        rows = [
            patterns.to(batch.image.device)[batch.classes[label].long()]
            for label, patterns in zip(self._labels, self._patterns, strict=True)
        ]
        coarse = torch.stack(rows, dim=1)[:, None]  # N 1 G G
        return known_inside(functional.interpolate(coarse, size=batch.image.shape[-2:], mode="nearest"), batch)

    def scores(
        self, prediction: Float[Tensor, "N 1 H W"], target: Float[Tensor, "N 1 H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean squared error."""
        return {"mse": metrics.mean_squared_error(prediction, target)}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "mse": "Squared error of the coarse shape, averaged over pixels, then images.",
            "num_images": "Images with a coarse shape.",
        }

    def predict(self, output: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 1 H W"]:
        """The output as it is."""
        return output

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the cells."""
        return picture if value is None else tint_map(picture, 2 * value[0].cpu().numpy() - 1)


@register
@config
class CoarseShapeConfig:
    """Settings of `CoarseShapeTask`."""

    kind: Literal["coarse-shape"] = "coarse-shape"
    losses: LossWeights = field(default_factory=lambda: {"mse": 1.0})

    def build(self, name: str, vocabulary: Vocabulary) -> CoarseShapeTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without coarse shapes."""
        check_choice(name, self.losses, regression_losses(0.1))
        labels = sorted(label for label in vocabulary.labels if label.startswith(PREFIX))
        if not labels:
            raise InputError(f"tasks.{name}: the data have no labels that begin with {PREFIX!r}")
        patterns = [vocabulary.labels[label] for label in labels]
        return CoarseShapeTask(name=name, losses=self.losses, labels=labels, patterns=patterns)
