"""Edges: where Canny's detector finds edges in the picture.

Canny 1986, A Computational Approach to Edge Detection, https://doi.org/10.1109/TPAMI.1986.4767851, as OpenCV has it.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Final, Literal, final

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, bands, nearest_rows, to_picture
from auxseg.errors import InputError
from auxseg.metrics import edges as metrics
from auxseg.tasks.losses import (
    LossWeights,
    at_least_float32,
    binary_cross_entropy,
    binary_l1,
    check_choice,
    has_scored_class,
    soft_dice,
    two_class,
)
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Dense, Table, Task

LOSSES: Final = ("bce", "l1", "dice")

REACH: Final = 2
"""How many pixels of its surroundings Canny's detector looks at to find a candidate: one for the gradient, one to thin
the edges. Following an edge from strong to weak pixels may carry the padding's influence further along that edge."""


@final
class EdgesTask(Task):
    """Says of every pixel whether it is an edge, by one logit.

    The target is made from the picture before its colours were varied, as `auxseg.drawing.to_picture` shows it: of
    channels other than RGB of 8 bits the first three, stretched. ``low`` and ``high`` are the thresholds of the
    gradient, for a picture of 0 to 255. Losses: ``bce`` and ``l1`` (of the probability), means over pixels, and
    ``dice`` (mean over images with edges, see `soft_dice`). ``balanced`` lets edges and other pixels weigh as much as
    each other in ``bce``. Padding, and pixels whose edges it could have made, count for nothing.
    """

    main_figure = "f1"
    row_figure = "f1"
    writes_numbers = False
    own_row = True

    def __init__(
        self,
        *,
        name: str,
        losses: Mapping[str, float],
        low: float = 100.0,
        high: float = 200.0,
        balanced: bool = False,
    ) -> None:
        self.name = name
        self.output = Dense(1)
        self.weights = dict(losses)
        self._low, self._high, self._balanced = low, high, balanced

    def target(self, batch: Batch) -> UInt8[Tensor, "N H W"]:
        """1 on edges, 0 elsewhere, `IGNORE` in and beside the padding."""
        pictures = [to_picture(image, batch.channels) for image in batch.clean]
        edges = np.stack([cv2.Canny(picture, self._low, self._high) for picture in pictures])
        truth = torch.from_numpy(edges).to(batch.clean.device) // 255
        return truth.masked_fill(_near_padding(batch.inside), IGNORE)

    def counts(self, target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Pixels that count; for Dice 1 if the image has an edge."""
        pixels, images = (target != IGNORE).sum((1, 2)).float(), has_scored_class(target, 2).float()
        return {name: images if name == "dice" else pixels for name in self.weights}

    def loss(self, output: Float[Tensor, "N 1 H W"], target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        logits = at_least_float32(output)[:, 0]
        terms = {
            "bce": lambda: binary_cross_entropy(logits, target, balanced=self._balanced),
            "l1": lambda: binary_l1(logits, target),
            "dice": lambda: soft_dice(two_class(logits), target),
        }
        return {name: terms[name]() for name in self.weights}

    def measure(self, output: Float[Tensor, "N 1 H W"], target: UInt8[Tensor, "N H W"]) -> Table:
        """Counts of edge pixels, exactly and with a tolerance of one pixel, and whether any pixel counts."""
        prediction = self.predict(output)
        return {
            "labelled": (target != IGNORE).flatten(1).any(1),
            "exact": metrics.tally(prediction, target, reach=0),
            "near": metrics.tally(prediction, target, reach=1),
        }

    def figures(self, table: Table) -> dict[str, float]:
        """Figures of the edge pixels of all images together."""
        exact, near = table["exact"].sum(0), table["near"].sum(0)
        return {
            "f1": metrics.f1(exact).item(),
            "f1_within_1": metrics.f1(near).item(),
            "precision": metrics.precision(exact).item(),
            "recall": metrics.recall(exact).item(),
            "num_images": float(table["labelled"].sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """F1, exactly and with the tolerance; it also lacks where there is no edge in truth and prediction."""
        known = metrics.has_edge(table["exact"])
        return {
            "f1": cells(metrics.f1(table["exact"]).tolist(), known),
            "f1_within_1": cells(metrics.f1(table["near"]).tolist(), known),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "f1": "Harmonic mean of precision and recall of edge pixels, from the pixels of all images together, "
            "at a probability of 0.5.",
            "f1_within_1": "The same, where an edge pixel counts as right if one of its eight neighbours is an edge on "
            "the other side.",
            "precision": "Share of the predicted edge pixels that are right.",
            "recall": "Share of the true edge pixels that are found.",
            "num_images": "Images with at least one pixel that counts, edge or not.",
        }

    def predict(self, output: Float[Tensor, "N 1 H W"]) -> UInt8[Tensor, "N H W"]:
        """1 where an edge is likelier than none."""
        return (output[:, 0] > 0).byte()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Paint the edges; a picture larger than the map gets it enlarged."""
        if value is None:
            return picture
        edges, drawn = value.cpu().numpy(), picture.copy()
        for rows in bands(*picture.shape[:2]):
            drawn[rows][nearest_rows(edges, picture.shape[:2], rows) == 1] = (
                TRUTH_COLOUR if truth else PREDICTION_COLOUR
            )
        return drawn


def _near_padding(inside: Bool[Tensor, "N H W"]) -> Bool[Tensor, "N H W"]:
    outside = (~inside).float()[:, None]
    return functional.max_pool2d(outside, 2 * REACH + 1, stride=1, padding=REACH)[:, 0] > 0


@config
class EdgesConfig:
    """Settings of `EdgesTask`.

    ``losses`` are its losses with their weights; ``low`` and ``high`` are Canny's thresholds; ``balanced`` lets edges
    and the rest of a picture count the same.
    """

    kind: Literal["edges"] = "edges"
    losses: LossWeights = field(default_factory=lambda: {"bce": 1.0})
    low: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 100.0
    high: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 200.0
    balanced: bool = False

    def build(self, name: str, vocabulary: Vocabulary) -> EdgesTask:
        """Make the task. Raises `InputError` for an unknown loss, or thresholds in the wrong order."""
        check_choice(name, self.losses, LOSSES)
        if self.low > self.high:
            raise InputError(f"tasks.{name}.low is {self.low:g}, expected at most high, which is {self.high:g}")
        return EdgesTask(name=name, losses=self.losses, low=self.low, high=self.high, balanced=self.balanced)
