"""Box: where the box around a thing is.

Shape legend: ``N`` images.
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

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, draw_box
from auxseg.metrics import boxes as metrics
from auxseg.records.values.size import Size, SizeLike
from auxseg.tasks.answers import Answer
from auxseg.tasks.losses import LossWeights, at_least_float32, box_losses, check_choice
from auxseg.tasks.losses.box import to_corners
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Table, Task, Vector


@final
class BoxTask(Task):
    """Gives the picture one box ``x0 y0 x1 y1``, half-open and normalised to the image.

    The network's four numbers pass a sigmoid and are then the box's centre and size, so that every output is a valid
    box. Its corners may lie outside of the image; predictions are clipped to it. Losses are those of `box_losses`,
    means over the images with a box. ``size`` is the stored size, in whose pixels ``mse_pixels`` is; ``beta`` is the
    error, as a share of the image's width or height, at which ``smooth_l1`` turns from quadratic to linear; ``grid``,
    ``hidden`` and ``dropout`` are those of `Vector`.
    """

    main_figure = "iou"
    row_figure = "iou"
    mean_figure = "iou"

    def __init__(
        self,
        *,
        name: str,
        size: SizeLike,
        losses: Mapping[str, float],
        beta: float = 0.1,
        grid: int = 4,
        hidden: int = 64,
        dropout: float = 0.0,
    ) -> None:
        self.name = name
        self.output = Vector(4, grid=grid, hidden=hidden, dropout=dropout)
        self.weights = dict(losses)
        self._losses = box_losses(beta)
        self._size = Size.of(size)

    def target(self, batch: Batch) -> Float[Tensor, "N 4"]:
        """Boxes, NaN where there is none."""
        return batch.box

    def counts(self, target: Float[Tensor, "N 4"]) -> dict[str, Float[Tensor, " N"]]:
        """1 for every image with a box."""
        return dict.fromkeys(self.weights, _is_labelled(target).float())

    def loss(self, output: Float[Tensor, "N 4"], target: Float[Tensor, "N 4"]) -> dict[str, Float[Tensor, " N"]]:
        """Each distance between predicted and true box."""
        labelled = _is_labelled(target)
        prediction = _decode(output)
        # A missing box must not reach the arithmetic: NaN times zero would still be a NaN in the gradient.
        truth = torch.where(labelled[:, None], target, prediction.detach())
        return {name: torch.where(labelled, self._losses[name](prediction, truth), 0) for name in self.weights}

    def measure(self, output: Float[Tensor, "N 4"], target: Float[Tensor, "N 4"]) -> Table:
        """IoU and squared error in pixels of the stored image, and whether there is a box to compare with."""
        prediction = self.predict(output)
        pixels = torch.tensor(self._size.corners, device=prediction.device)
        return {
            "labelled": _is_labelled(target),
            "iou": metrics.iou(prediction, target),
            "mse_pixels": metrics.squared_error(prediction * pixels, target * pixels),
        }

    def figures(self, table: Table) -> dict[str, float]:
        """Means over the images with a box, and how many they are."""
        labelled = table["labelled"]
        return {
            "iou": table["iou"][labelled].double().mean().item(),
            "mse_pixels": table["mse_pixels"][labelled].double().mean().item(),
            "num_images": float(labelled.sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """IoU and squared error in pixels."""
        return {name: cells(table[name].tolist(), table["labelled"]) for name in ("iou", "mse_pixels")}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "iou": "Intersection over union of the predicted and the true box, averaged over the images with a box.",
            "mse_pixels": f"Squared error of the box's four coordinates, averaged, in pixels of the stored image "
            f"({self._size.in_pixels().replace(' pixels', '')}).",
            "num_images": "Images with a box.",
        }

    def predict(self, output: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        """Boxes, cut to the image."""
        return _decode(output).clamp(0, 1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Draw the outline."""
        if value is None or value.isnan().any():
            return picture
        height, width = picture.shape[:2]
        box = value.cpu().numpy() * np.array([width, height, width, height])
        return draw_box(picture, box, TRUTH_COLOUR if truth else PREDICTION_COLOUR)

    def mirrored_back(self, output: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
        """The centre at 1 - x, which is the sigmoid of the negative number; the size stays."""
        return torch.cat([-output[:, :1], output[:, 1:]], dim=1)

    def answer(self, output: Float[Tensor, " 4"], place: Fit) -> Answer:
        """The box in pixels of the photograph, cut to it."""
        height, width = place.original
        moved = place.boxes_back(self.predict(output[None]).numpy().astype(np.float64))[0]
        x0, y0, x1, y1 = np.clip(moved, 0, [width, height, width, height]).tolist()
        box = (x0, y0, x1, y1)
        return Answer(draw=lambda photograph: draw_box(photograph, box, PREDICTION_COLOUR), box=box)


def _decode(output: Float[Tensor, "N 4"]) -> Float[Tensor, "N 4"]:
    return to_corners(at_least_float32(output).sigmoid())


def _is_labelled(target: Float[Tensor, "N 4"]) -> Bool[Tensor, " N"]:
    return ~target.isnan().any(1)


@config
class BoxConfig:
    """Settings of `BoxTask`.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    ``grid``, ``hidden`` and ``dropout`` are those of `Vector`: cells a side that features are averaged in, width of the
    layer between, and share that is dropped.
    """

    kind: Literal["box"] = "box"
    losses: LossWeights = field(default_factory=lambda: {"smooth_l1": 1.0, "giou": 1.0})
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    grid: Annotated[int, Field(ge=1, le=64)] = 4
    hidden: Annotated[int, Field(ge=0, le=65536)] = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def build(self, name: str, vocabulary: Vocabulary) -> BoxTask:
        """Make the task. Raises `InputError` for an unknown loss."""
        check_choice(name, self.losses, box_losses(self.beta))
        return BoxTask(
            name=name,
            size=vocabulary.size,
            losses=self.losses,
            beta=self.beta,
            grid=self.grid,
            hidden=self.hidden,
            dropout=self.dropout,
        )
