"""Map: the numbers of any map that the data hold.

Shape legend: ``N`` images, ``C`` channels of the map, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal, final

import numpy as np
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.augment.layers import mirror_layer
from auxseg.data.layers import MapForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.metrics import maps as metrics
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_any
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask, known_inside


@final
class MapTask(RegressionTask):
    """Gives every pixel the numbers of a map, by a linear output. Losses: ``l1``, ``mse`` and ``smooth_l1``.

    They are means over the known numbers of all channels, in the unit of the layer.
    """

    main_figure = row_figure = mean_figure = "mae"
    higher_is_better = False

    def __init__(self, *, name: str, layer: str, form: MapForm, losses: Mapping[str, float], beta: float = 1.0) -> None:
        super().__init__(name=name, channels=form.channels, losses=losses, beta=beta)
        self.layers = frozenset([layer])
        self._layer, self._form, self._unit = layer, form, form.unit

    def target(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The layer, NaN where it is not known."""
        return known_inside(batch.layers[self._layer], batch)

    def scores(
        self, prediction: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean absolute error, and the root of the mean squared error."""
        return {
            "mae": metrics.mean_absolute_error(prediction, target),
            "rmse": metrics.mean_squared_error(prediction, target).sqrt(),
        }

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """Both errors."""
        return super().figures_by_image() | {"rmse": "rmse"}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        unit = f"in {self._unit}" if self._unit else "in the layer's own unit"
        return {
            "mae": f"Absolute error of the layer {self._layer} {unit}, averaged over its known numbers, then images.",
            "rmse": "Root of the mean squared error of an image's known numbers, averaged over images.",
            "num_images": f"Images in which the layer {self._layer} is known.",
        }

    def predict(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """The output as it is."""
        return output

    def mirrored_back(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """Arrows of a vector field turn with the picture."""
        return mirror_layer(self._form, output)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """By its own range: low is yellow and high dark blue; three channels are red, green and blue."""
        return picture if value is None else paint_any(picture, value.float().cpu().numpy())


@config
class MapConfig:
    """Settings of `MapTask`; ``layer`` is by default the first map of the data.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    """

    kind: Literal["map"] = "map"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"l1": 1.0})
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def build(self, name: str, vocabulary: Vocabulary) -> MapTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without maps."""
        check_choice(name, self.losses, regression_losses(self.beta))
        layer, form = choose_layer(name, self.layer, vocabulary, MapForm, "a map")
        return MapTask(name=name, layer=layer, form=form, losses=self.losses, beta=self.beta)
