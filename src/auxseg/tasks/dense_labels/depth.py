"""Depth: how far away every pixel is.

Depth beside segmentation: Eigen, Fergus 2015, Predicting Depth, Surface Normals and Semantic Labels with a Common
Multi-Scale Convolutional Architecture, https://arxiv.org/abs/1411.4734; Liu, Johns, Davison 2019, End-to-End
Multi-Task Learning with Attention, https://arxiv.org/abs/1803.10704.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, ClassVar, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.layers import METRES, MapForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.metrics import maps as metrics
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_any, paint_metres
from auxseg.tasks.losses import LossWeights, check_choice, l1, scale_invariant_log
from auxseg.tasks.regression import RegressionTask, Term, known_inside

NEAREST: Final = 1e-3
"""The smallest depth that is predicted."""

LOSSES: Final = ("l1", "scale_invariant_log")

OnZoom = Literal["keep", "divide"]
"""What becomes of depths where the augmentation shows things larger."""


@final
class DepthTask(RegressionTask):
    """Gives every pixel its depth ``softplus(z) + 0.001`` from the network's output z, so that it is positive.

    A pixel of depth 0 is not known. Losses: ``l1``, the mean error over known pixels, and ``scale_invariant_log``, see
    `auxseg.tasks.losses.regression`, the mean over images.

    With ``on_zoom="divide"`` a picture in which the augmentation shows things s times larger has its depths divided by
    s (`Batch.zoom`): what is seen s times as large by the same camera is s times nearer.
    """

    main_figure = row_figure = mean_figure = "abs_error"
    higher_is_better = False

    def __init__(
        self,
        *,
        name: str,
        layer: str,
        losses: Mapping[str, float],
        unit: str = METRES,
        variance_focus: float = 0.5,
        on_zoom: OnZoom = "keep",
    ) -> None:
        terms = {
            "l1": Term(lambda output, target: l1(_depth(output), target)),
            "scale_invariant_log": Term(
                lambda output, target: scale_invariant_log(_depth(output), target, variance_focus),
                lambda target: (~target.isnan()).flatten(1).any(1).float(),
            ),
        }
        super().__init__(name=name, channels=1, losses=losses, terms=terms)
        self.layers = frozenset([layer])
        self._layer, self._unit, self._on_zoom = layer, unit, on_zoom

    def target(self, batch: Batch) -> Float[Tensor, "N 1 H W"]:
        """Depths, NaN where they are not known."""
        depths = known_inside(batch.layers[self._layer], batch)
        if self._on_zoom == "divide" and batch.zoom is not None:
            depths = depths / batch.zoom[:, None, None, None]
        return torch.where(depths > 0, depths, torch.nan)

    def scores(
        self, prediction: Float[Tensor, "N 1 H W"], target: Float[Tensor, "N 1 H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Absolute and relative error, and the share of pixels that are right within a factor of 1.25."""
        return {
            "abs_error": metrics.mean_absolute_error(prediction, target),
            "rel_error": metrics.mean_relative_error(prediction, target),
            "delta_1_25": metrics.share_within_factor(prediction, target, 1.25),
        }

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """Both errors; the share gets better in the other direction."""
        return super().figures_by_image() | {"rel_error": "rel_error"}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        unit = f"in {self._unit}" if self._unit else "in the layer's own unit"
        return {
            "abs_error": f"Absolute error of the depth {unit}, averaged over known pixels, then images.",
            "rel_error": "Absolute error divided by the true depth, averaged over known pixels, then images.",
            "delta_1_25": "Share of known pixels whose depth is right within a factor of 1.25, averaged over images.",
            "num_images": "Images with known depths.",
        }

    def predict(self, output: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 1 H W"]:
        """Depths."""
        return _depth(output)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Near is yellow, far dark blue. Metres have the same colours in all pictures, other units their own range."""
        if value is None:
            return picture
        depths = value.float().cpu().numpy()
        return paint_metres(picture, depths[0]) if self._unit == METRES else paint_any(picture, depths)


def _depth(output: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 1 H W"]:
    return functional.softplus(output) + NEAREST


@config
class DepthConfig:
    """Settings of `DepthTask`; ``layer`` is by default the first map of one channel in metres.

    ``losses`` are its losses with their weights; ``variance_focus`` is the lambda of the scale-invariant loss: at 0 it
    is the mean squared error of the logarithm, at 1 a common factor of all depths costs nothing.
    ``on_zoom: divide`` divides metric depths by the factor by which the augmentation shows things larger.
    """

    reads: ClassVar[MapForm] = MapForm(unit=METRES)
    kind: Literal["depth"] = "depth"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"l1": 1.0})
    variance_focus: Annotated[float, Field(ge=0, le=1)] = 0.5
    on_zoom: OnZoom = "keep"

    def build(self, name: str, vocabulary: Vocabulary) -> DepthTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without such a layer."""
        check_choice(name, self.losses, LOSSES)
        layer, form = choose_layer(
            name,
            self.layer,
            vocabulary,
            MapForm,
            "a map of one channel" if self.layer else "a map of one channel in metres",
            may=lambda form: form.channels == 1,
            prefers=lambda form: form.unit == METRES,
        )
        return DepthTask(
            name=name,
            layer=layer,
            losses=self.losses,
            unit=form.unit,
            variance_focus=self.variance_focus,
            on_zoom=self.on_zoom,
        )
