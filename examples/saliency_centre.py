"""A task of one's own in one file: where the centre of the foreground is.

    auxseg train tiny --data animals.h5 --out runs/centre --plugins examples/saliency_centre.py \
        --set tasks.centre='{kind: saliency-centre}' balancer.weights='{segmentation: 1, centre: 0.5}'

Its labels are made from the masks, so no annotation is needed. Commands that read the trained model want the same
``--plugins``.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, draw_box
from auxseg.records.values.size import Size
from auxseg.tasks import Answer, Table, Task, Vector, register
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells


@final
class SaliencyCentreTask(Task):
    """Gives the centre of mass ``x y`` of the foreground, normalised to the image, by a sigmoid.

    Its only loss is ``smooth_l1`` (beta 0.1), the mean over images with foreground.
    """

    main_figure = "distance_pixels"
    higher_is_better = False
    row_figure = "distance_pixels"

    def __init__(self, *, name: str, size: Size, losses: Mapping[str, float], grid: int) -> None:
        self.name = name
        self.output = Vector(2, grid=grid)
        self.weights = dict(losses)
        self._size = size

    def target(self, batch: Batch) -> Float[Tensor, "N 2"]:
        """Centres, NaN for an image without foreground."""
        foreground = ((batch.mask != 0) & (batch.mask != IGNORE)).float()  # N H W
        places = (torch.arange(foreground.shape[-1], device=foreground.device) + 0.5) / foreground.shape[-1]
        moments = torch.stack([foreground.sum(1) @ places, foreground.sum(2) @ places], dim=1)
        return moments / foreground.sum((1, 2))[:, None]  # 0 / 0 is NaN

    def counts(self, target: Float[Tensor, "N 2"]) -> dict[str, Float[Tensor, " N"]]:
        """1 for every image with foreground."""
        return dict.fromkeys(self.weights, _is_labelled(target).float())

    def loss(self, output: Float[Tensor, "N 2"], target: Float[Tensor, "N 2"]) -> dict[str, Float[Tensor, " N"]]:
        """The distance of predicted and true centre."""
        prediction = at_least_float32(output).sigmoid()
        # A missing centre must not reach the arithmetic: NaN times zero would still be a NaN in the gradient.
        truth = torch.where(target.isnan(), prediction.detach(), target)
        loss = functional.smooth_l1_loss(prediction, truth, reduction="none", beta=0.1).mean(1)
        return dict.fromkeys(self.weights, loss)

    def measure(self, output: Float[Tensor, "N 2"], target: Float[Tensor, "N 2"]) -> Table:
        """Distances in pixels, and whether there is a centre to compare with."""
        pixels = torch.tensor([self._size.width, self._size.height], device=output.device)
        distance = ((self.predict(output) - target) * pixels).square().sum(1).sqrt()
        return {"labelled": _is_labelled(target), "distance_pixels": distance}

    def figures(self, table: Table) -> dict[str, float]:
        """The mean distance over the images with foreground, and how many they are."""
        labelled = table["labelled"]
        return {
            "distance_pixels": table["distance_pixels"][labelled].double().mean().item(),
            "num_images": float(labelled.sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The distance in pixels."""
        return {"distance_pixels": cells(table["distance_pixels"].tolist(), table["labelled"])}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "distance_pixels": "Distance of the predicted and the true centre in pixels of the stored image, averaged "
            "over the images.",
            "num_images": "Images with foreground.",
        }

    def predict(self, output: Float[Tensor, "N 2"]) -> Float[Tensor, "N 2"]:
        """The centre."""
        return output.sigmoid()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Draw a small square around the centre."""
        if value is None or value.isnan().any():
            return picture
        height, width = picture.shape[:2]
        x, y = (value.cpu().numpy() * np.array([width, height])).tolist()
        reach = max(width // 32, 2)
        box = (x - reach, y - reach, x + reach, y + reach)
        return draw_box(picture, box, TRUTH_COLOUR if truth else PREDICTION_COLOUR)

    def answer(self, output: Float[Tensor, " 2"], place: Fit) -> Answer:
        """The centre in pixels of the photograph, in predictions.json as ``centre``."""
        height, width = place.original
        centre = self.predict(output[None]).double()
        moved = place.boxes_back(torch.cat([centre, centre], dim=1).numpy())[0, :2]  # a box without extent
        x, y = np.clip(moved, 0, [width, height]).tolist()
        value = torch.tensor([x / width, y / height])
        return Answer(
            draw=lambda photograph: self.draw(photograph, value, truth=False),
            vector=(x, y),
            record={"centre": {"x": x, "y": y}},
        )


def _is_labelled(target: Float[Tensor, "N 2"]) -> Bool[Tensor, " N"]:
    return ~target.isnan().any(1)


@register
@config
class SaliencyCentreConfig:
    """Settings of `SaliencyCentreTask`."""

    kind: Literal["saliency-centre"] = "saliency-centre"
    losses: LossWeights = field(default_factory=lambda: {"smooth_l1": 1.0})
    grid: Annotated[int, Field(ge=1)] = 4

    def build(self, name: str, vocabulary: Vocabulary) -> SaliencyCentreTask:
        """Make the task. Raises `InputError` for an unknown loss."""
        check_choice(name, self.losses, ["smooth_l1"])
        return SaliencyCentreTask(name=name, size=vocabulary.size, losses=self.losses, grid=self.grid)
