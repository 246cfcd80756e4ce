"""Box-mask: boxes supervise the target's masks.

Tian et al., "BoxInst", CVPR 2021, https://arxiv.org/abs/2012.02310; see `auxseg.tasks.reuse.box_terms`.

Shape legend: ``N`` images, ``C`` mask classes, ``D`` = C + 4 channels of a target, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.channels import RGB
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import overlay_mask, to_picture
from auxseg.errors import InputError
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.reuse.box_terms import box_map, pairwise_loss, projection_loss, similar_pairs
from auxseg.tasks.task import Dense, Of, Table, Task

LOSSES: Final = ("projection", "pairwise")
TIGHT: Final = 0.7
"""The least overlap of the projections of a mask and of a box around it."""


@final
class BoxMaskTask(Task):
    """The foreground, every class but the first, should fill its box on both axes and end where colours change.

    Losses: ``projection``, the mean of `projection_loss` over images with a box, and ``pairwise``, the mean of
    `pairwise_loss` over their pairs of neighbouring pixels, the dissimilar ones too. It reads the target's output of
    the picture that the target sees; colours are those before they were augmented. A box has to surround all of the
    foreground. A sample without a mask does not tell whether it does, so `fits` looks at those with both.
    """

    has_answer = False
    own_row = True
    main_figure = "projection_iou"
    row_figure = "projection_iou"
    mean_figure = "projection_iou"
    assumption = "boxes surround all of the masks' foreground"

    def __init__(
        self,
        *,
        name: str,
        num_classes: int,
        losses: Mapping[str, float],
        similarity: float,
        dilation: int,
        ramp: float,
    ) -> None:
        self.name = name
        self.output = Of(Dense(num_classes))
        self.weights = dict(losses)
        self.ramp = ramp
        self._num_classes, self._similarity, self._dilation = num_classes, similarity, dilation

    def target(self, batch: Batch) -> Float[Tensor, "N D H W"]:
        """The box as C probabilities (background outside, 1 for every other class inside), then `similar_pairs`.

        NaN in the padding, and everywhere if there is no box or no pixel in it.
        """
        box = box_map(batch.box, (batch.inside.shape[-2], batch.inside.shape[-1])) & batch.inside
        known = batch.inside & box.flatten(1).any(1)[:, None, None]
        classes = torch.stack([~box, *[box] * (self._num_classes - 1)], dim=1).float()
        pairs = similar_pairs(_colours(batch), box, known, self._dilation, self._similarity)
        return torch.cat([torch.where(known[:, None], classes, torch.nan), pairs], dim=1)

    def counts(self, target: Float[Tensor, "N D H W"]) -> dict[str, Float[Tensor, " N"]]:
        """1 for an image with a box, and its pairs of pixels."""
        counted = {"projection": _has_box(target), "pairwise": (~self._pairs(target).isnan()).sum((1, 2, 3))}
        return {name: counted[name].float() for name in self.weights}

    def loss(
        self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N D H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        log_probabilities = at_least_float32(output).log_softmax(1)
        background, foreground = log_probabilities[:, 0], log_probabilities[:, 1:].logsumexp(1)
        losses: dict[str, Tensor] = {}
        if "projection" in self.weights:
            shown = foreground.exp().masked_fill(target[:, 0].isnan(), 0)
            projected = projection_loss(shown, _box(target).to(shown.dtype))
            losses["projection"] = torch.where(_has_box(target), projected, 0)
        if "pairwise" in self.weights:
            losses["pairwise"] = pairwise_loss(foreground, background, self._pairs(target), self._dilation)
        return losses

    def measure(self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N D H W"]) -> Table:
        """Overlap of the projections, as a mean over both axes, and whether there is a box."""
        shown, box = self._is_foreground(output) & ~target[:, 0].isnan(), _box(target)
        return {"labelled": _has_box(target), "projection_iou": _projection_iou(shown, box)}

    def figures(self, table: Table) -> dict[str, float]:
        """Mean over the images with a box, and how many they are."""
        labelled = table["labelled"]
        mean = table["projection_iou"][labelled].mean().item()
        return {"projection_iou": mean, "num_images": float(labelled.sum())}

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The same of each image."""
        return {"projection_iou": cells(table["projection_iou"].tolist(), table["labelled"])}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "projection_iou": "Intersection over union of the rows, and of the columns, that the predicted foreground "
            "and the box cover, averaged over both, then over images.",
            "num_images": "Images with a box.",
        }

    def fits(self, batch: Batch) -> Sequence[bool | None]:
        """Whether mask and box cover the same rows and columns, but for a little; of images that have both."""
        target, foreground = self.target(batch), (batch.mask != 0) & (batch.mask != IGNORE)
        told = _has_box(target) & foreground.flatten(1).any(1)
        fit = _projection_iou(foreground & ~target[:, 0].isnan(), _box(target)) >= TIGHT
        return [bool(is_fit) if is_told else None for is_fit, is_told in zip(fit, told, strict=True)]

    def predict(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """The probabilities of the classes."""
        return output.softmax(1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the foreground, or the box; a picture larger than the map gets it enlarged."""
        if value is None:
            return picture
        shown = (value[0] < 0.5).to(torch.uint8).cpu().numpy()  # NaN, where nothing is known, is not
        return overlay_mask(picture, shown)

    def _is_foreground(self, output: Float[Tensor, "N C H W"]) -> Bool[Tensor, "N H W"]:
        return self.predict(output)[:, 0] < 0.5

    def _pairs(self, target: Float[Tensor, "N D H W"]) -> Float[Tensor, "N 4 H W"]:
        return target[:, self._num_classes :]


def _box(target: Float[Tensor, "N D H W"]) -> Bool[Tensor, "N H W"]:
    return target[:, 0] == 0


def _colours(batch: Batch) -> Float[Tensor, "N 3 H W"]:
    """The pictures before their colours were varied; of other channels than RGB of 8 bits, what is shown of them."""
    if batch.channels == RGB:
        return batch.clean
    shown = np.stack([to_picture(image, batch.channels) for image in batch.clean])
    return torch.from_numpy(shown).permute(0, 3, 1, 2).float().div(255).to(batch.clean.device)


def _has_box(target: Float[Tensor, "N D H W"]) -> Bool[Tensor, " N"]:
    return _box(target).flatten(1).any(1)


def _projection_iou(one: Bool[Tensor, "N H W"], other: Bool[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    overlaps: list[Tensor] = []
    for axis in (1, 2):
        a, b = one.any(axis), other.any(axis)
        overlaps.append((a & b).sum(1).double() / (a | b).sum(1).clamp(min=1))
    return torch.stack(overlaps).mean(0)


@config
class BoxMaskConfig:
    """Settings of `BoxMaskTask`, which trains the target's own head.

    ``losses`` are its losses with their weights. Neighbours ``dilation`` pixels apart are similar if
    ``exp(-d / 2)`` of their colours' distance d is at least ``similarity``. The loss grows linearly to its full weight
    over the first ``ramp`` of a phase's steps.
    """

    goes_by_mask: ClassVar[bool] = True
    kind: Literal["box-mask"] = "box-mask"
    losses: LossWeights = field(default_factory=lambda: {"projection": 1.0, "pairwise": 1.0})
    similarity: Annotated[float, Field(ge=0, le=1)] = 0.3
    dilation: Annotated[int, Field(ge=1, le=16)] = 2
    ramp: Annotated[float, Field(ge=0, le=1)] = 0.1

    def build(self, name: str, vocabulary: Vocabulary) -> BoxMaskTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without masks or background."""
        check_choice(name, self.losses, LOSSES)
        classes = vocabulary.mask_classes
        if len(classes) < 2:
            raise InputError(f"tasks.{name}: needs masks of at least two classes, but the data have {len(classes)}")
        if not vocabulary.has_background:
            raise InputError(
                f"tasks.{name}: needs the background class, which lies around a box, but the data have none: their "
                f"first mask class is {classes[0]!r}; leave the task out by tasks.{name}=off"
            )
        return BoxMaskTask(
            name=name,
            num_classes=len(classes),
            losses=self.losses,
            similarity=self.similarity,
            dilation=self.dilation,
            ramp=self.ramp,
        )
