"""Distance: how far every pixel is from the boundary of the foreground, or of the thing that it belongs to.

Maps of distances as an auxiliary of segmentation: Hayder, He, Salzmann 2017, Boundary-aware Instance Segmentation,
https://arxiv.org/abs/1612.03129; Xue et al. 2020, Shape-Aware Organ Segmentation by Predicting Signed Distance Maps,
https://arxiv.org/abs/1912.03849.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, ClassVar, Final, Literal, final

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int, Int32, UInt8
from pydantic import Field
from scipy import ndimage
from torch import Tensor

from auxseg.config import config
from auxseg.data.layers import InstancesForm
from auxseg.data.layers.instances import NO_THING, UNKNOWN, numbered
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import tint_map
from auxseg.errors import InputError
from auxseg.metrics import maps as metrics
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask

FARTHEST: Final = 1024.0
"""Distances are known up to here, in pixels."""


@final
class DistanceTask(RegressionTask):
    """Gives every pixel its signed distance to the boundary, cut at ``limit`` pixels and divided by it.

    It is positive in the foreground (every class but the first) and negative in the background. The boundary lies half
    a pixel before the nearest pixel of the other side; a pixel without any other side is ``limit`` away from it.
    Ignored pixels belong to no side and have no distance. Of a ``layer`` of instances every instance has a boundary of
    its own, also to those that it touches.
    """

    main_figure = "mae_pixels"
    higher_is_better = False
    row_figure = "mae_pixels"
    writes_numbers = False
    in_parts = False  # the nearest boundary may lie beyond a part

    def __init__(
        self,
        *,
        name: str,
        losses: Mapping[str, float],
        limit: float = 16.0,
        beta: float = 0.1,
        layer: str | None = None,
    ) -> None:
        super().__init__(name=name, channels=1, losses=losses, beta=beta)
        self._limit, self._layer = limit, layer
        self.layers = frozenset([layer] if layer else [])

    def target(self, batch: Batch) -> Float[Tensor, "N 1 H W"]:
        """Distances in [-1, 1], NaN in ignored pixels and where there is no mask or no layer."""
        if self._layer is None:
            unknown = batch.mask == IGNORE
            distances = [signed_distance(mask) for mask in batch.mask.cpu().numpy()]
        else:
            unknown = (batch.layers[self._layer] == UNKNOWN) | ~batch.inside
            distances = [instance_distance(ids) for ids in batch.layers[self._layer].cpu().numpy()]
        scaled = (torch.from_numpy(np.stack(distances)) / self._limit).clamp(-1, 1).to(batch.mask.device)
        return scaled.masked_fill(unknown, torch.nan)[:, None]

    def scores(
        self, prediction: Float[Tensor, "N 1 H W"], target: Float[Tensor, "N 1 H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean absolute error in pixels of the stored image."""
        return {"mae_pixels": metrics.mean_absolute_error(prediction, target) * self._limit}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "mae_pixels": "Absolute error of the distance to the boundary in pixels of the stored image, distances cut "
            f"at {self._limit:g}, averaged over pixels, then images.",
            "num_images": "Images with a mask." if self._layer is None else f"Images with the layer {self._layer}.",
        }

    def predict(self, output: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 1 H W"]:
        """Distances, limited to [-1, 1]."""
        return output.clamp(-1, 1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the inside and the outside, more strongly far from the boundary."""
        return picture if value is None else tint_map(picture, value[0].cpu().numpy())


def signed_distance(mask: UInt8[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Exact distance to the boundary in pixels, positive in the foreground; `FARTHEST` at most."""
    foreground = (mask != 0) & (mask != IGNORE)
    to_background, to_foreground = _to_zero(mask != 0), _to_zero(~foreground)
    return np.where(foreground, to_background - 0.5, 0.5 - to_foreground).astype(np.float32)


def instance_distance(ids: Int32[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Distance to the boundary of the instance that a pixel is in, in pixels; negative where there is none.

    Pixels of which it is not known what they belong to count as no instance and as no background: they bound nothing.
    """
    distances = 0.5 - _to_zero((ids == NO_THING) | (ids == UNKNOWN))
    places = numbered(ids)[1]
    for number, place in enumerate(ndimage.find_objects(places), 1):
        part, is_mine, found = _around(ids, places, number, place)
        distances[part][is_mine] = (found - 0.5)[is_mine]
    return distances.astype(np.float32)


def _around(
    ids: Int32[np.ndarray, "H W"], places: Int[np.ndarray, "H W"], number: int, place: tuple[slice, ...]
) -> tuple[tuple[slice, ...], Bool[np.ndarray, "h w"], Float64[np.ndarray, "h w"]]:
    """A part of the picture around the thing of a number, where the thing is, and the distances to what bounds it.

    The part grows until all these are certain: nothing outside of it is nearer to the thing than its margin.
    """
    margin = 1
    while True:
        part = tuple(slice(max(each.start - margin, 0), each.stop + margin) for each in place)
        is_mine = places[part] == number
        is_unknown = ids[part] == UNKNOWN
        found = _to_zero(is_mine | is_unknown)
        is_whole = is_mine.shape == ids.shape
        # With a margin of one pixel of which all is known, the nearest pixel of something else is always in the part.
        if is_whole or not is_unknown.any() or found[is_mine].max() <= margin:
            return part, is_mine, found
        margin *= 4


def _to_zero(pixels: Bool[np.ndarray, "H W"]) -> Float64[np.ndarray, "H W"]:
    """Distance of every pixel to the nearest one that is not set."""
    distance = cv2.distanceTransform(pixels.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # OpenCV's root differs in its last bit from call to call, but the square of a distance is a whole number.
    return np.sqrt(np.rint(np.square(np.minimum(distance, FARTHEST), dtype=np.float64)))


@config
class DistanceConfig:
    """Settings of `DistanceTask`; ``limit`` is in pixels of the stored image.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    ``layer`` names a layer of instances, whose boundaries are then meant in place of the mask's.
    """

    reads: ClassVar[InstancesForm] = InstancesForm()
    kind: Literal["distance"] = "distance"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"l1": 1.0})
    limit: Annotated[float, Field(gt=0, lt=FARTHEST)] = 16.0
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1

    def build(self, name: str, vocabulary: Vocabulary) -> DistanceTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without masks or background."""
        check_choice(name, self.losses, regression_losses(self.beta))
        if self.layer is not None:
            layer, _ = choose_layer(name, self.layer, vocabulary, InstancesForm, "instances")
            return DistanceTask(name=name, losses=self.losses, limit=self.limit, beta=self.beta, layer=layer)
        if len(vocabulary.mask_classes) < 2:
            found = len(vocabulary.mask_classes)
            raise InputError(f"tasks.{name}: needs masks of at least two classes, but the data have {found}")
        if not vocabulary.has_background:
            raise InputError(
                f"tasks.{name}: needs the background class to measure distances to, but the data have none: their "
                "first mask class "
                f"is {vocabulary.mask_classes[0]!r}; leave the task out by tasks.{name}=off"
            )
        return DistanceTask(name=name, losses=self.losses, limit=self.limit, beta=self.beta)
