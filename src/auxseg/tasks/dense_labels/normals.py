"""Surface normals: in which direction the surface behind every pixel faces.

Surface normals beside segmentation: Eigen, Fergus 2015, Predicting Depth, Surface Normals and Semantic Labels with a
Common Multi-Scale Convolutional Architecture, https://arxiv.org/abs/1411.4734, whose loss this is.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import ClassVar, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from auxseg.config import config
from auxseg.data.augment.layers import mirror_layer
from auxseg.data.geometry import Fit
from auxseg.data.layers import MapForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.metrics import directions as metrics
from auxseg.tasks.answers import Answer
from auxseg.tasks.dense_labels.cosine import cosine_loss, num_known_pixels, unit_vectors
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_directions
from auxseg.tasks.losses import LossWeights, check_choice
from auxseg.tasks.regression import RegressionTask, Term, known_inside

LOSSES: Final = ("cosine",)
_THRESHOLDS: Final = {"within_11_25": 11.25, "within_22_5": 22.5, "within_30": 30.0}


@final
class NormalsTask(RegressionTask):
    """Gives every pixel a unit vector: three numbers, divided by their length.

    The loss ``cosine`` is one minus the cosine of the angle between the predicted and the true normal, the mean over
    known pixels.
    """

    main_figure = row_figure = mean_figure = "mean_angle"
    higher_is_better = False

    def __init__(self, *, name: str, layer: str, losses: Mapping[str, float]) -> None:
        super().__init__(name=name, channels=3, losses=losses, terms={"cosine": Term(cosine_loss, num_known_pixels)})
        self.layers = frozenset([layer])
        self._layer = layer

    def target(self, batch: Batch) -> Float[Tensor, "N 3 H W"]:
        """Unit vectors, NaN where they are not known."""
        normals = known_inside(batch.layers[self._layer], batch)
        return torch.where(normals.isnan().any(1, keepdim=True), torch.nan, normals)

    def scores(
        self, prediction: Float[Tensor, "N 3 H W"], target: Float[Tensor, "N 3 H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean and median angle in degrees, and the shares of pixels within three angles."""
        angles = metrics.angles(prediction, target)
        shares = {name: metrics.share_within(angles, limit) for name, limit in _THRESHOLDS.items()}
        return {"mean_angle": metrics.mean(angles), "median_angle": metrics.median(angles), **shares}

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """Both angles; the shares get better in the other direction."""
        return super().figures_by_image() | {"median_angle": "median_angle"}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        shares = {
            name: f"Share of the known pixels whose normal is right within {limit:g} degrees, averaged over images."
            for name, limit in _THRESHOLDS.items()
        }
        return {
            "mean_angle": "Angle between predicted and true normal in degrees, averaged over pixels, then images.",
            "median_angle": "Median of the angle over the known pixels of an image in degrees, averaged over images.",
            **shares,
            "num_images": "Images with known normals.",
        }

    def predict(self, output: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 3 H W"]:
        """Unit vectors."""
        return unit_vectors(output)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """The normal (x, y, z) as the colour ``((x + 1) / 2, (y + 1) / 2, (z + 1) / 2)``."""
        return picture if value is None else paint_directions(picture, value.float().cpu().numpy())

    def mirrored_back(self, output: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N 3 H W"]:
        """What points to the left in a mirror image points to the right."""
        return mirror_layer(MapForm(channels=3, is_vector=True), output)

    def answer(self, output: Float[Tensor, "3 H W"], place: Fit) -> Answer:
        """The map, whose vectors have length 1 at the photograph's size too."""
        answer = super().answer(output, place)
        enlarged = answer.map
        assert enlarged is not None
        return replace(answer, map=lambda: unit_vectors(torch.from_numpy(enlarged())[None])[0].numpy())


@config
class NormalsConfig:
    """Settings of `NormalsTask`; ``layer`` is by default the first map of three channels that holds directions.

    ``losses`` are its losses with their weights.
    """

    reads: ClassVar[MapForm] = MapForm(channels=3, is_vector=True)
    kind: Literal["normals"] = "normals"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"cosine": 1.0})

    def build(self, name: str, vocabulary: Vocabulary) -> NormalsTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without such a layer."""
        check_choice(name, self.losses, LOSSES)
        layer, _ = choose_layer(
            name,
            self.layer,
            vocabulary,
            MapForm,
            "a map of unit vectors with three channels",
            may=lambda form: form.is_direction and form.channels == 3,
        )
        return NormalsTask(name=name, layer=layer, losses=self.losses)
