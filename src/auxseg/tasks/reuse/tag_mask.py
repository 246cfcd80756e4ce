"""Tag-mask: the class of a picture bounds what its mask may hold.

Pathak, Krähenbühl, Darrell, "Constrained Convolutional Neural Networks for Weakly Supervised Segmentation", ICCV 2015,
https://arxiv.org/abs/1506.03648, whose suppression constraint allows no pixel of an absent class. The loss is the
likelihood of the classes that remain, the marginal loss of Shi et al., "Marginal Loss and Exclusion Loss for Partially
Supervised Multi-Organ Segmentation", Medical Image Analysis 70, 2021, https://arxiv.org/abs/2007.03868.

Shape legend: ``N`` images, ``C`` mask classes, ``L`` classes of the label, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.drawing import overlay_mask
from auxseg.errors import InputError
from auxseg.tasks.classification import chosen_label
from auxseg.tasks.losses import at_least_float32
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Dense, Of, Table, Task


@final
class TagMaskTask(Task):
    """No pixel has a class that the picture's label excludes.

    A label excludes the mask classes that bear the name of another of its values; background, and classes that no
    value is named after, may always occur. Loss: with the classes A that may occur, the sum over the picture's pixels
    of ``-log(sum of the probabilities of A)``. It reads the target's output of the picture that the target sees, with
    or without a mask. A picture has to hold no other class than its label says, so `fits` looks at those with both.
    """

    has_answer = False
    own_row = True
    main_figure = "allowed_share"
    row_figure = "allowed_share"
    mean_figure = "allowed_share"
    assumption = "masks hold no other class than the picture's label says"

    def __init__(self, name: str, label: str, allowed: Bool[Tensor, "L C"], ramp: float) -> None:
        self.name = name
        self.label = label
        self.output = Of(Dense(allowed.shape[1]))
        self.weights = {"absent": 1.0}
        self.ramp = ramp
        self._allowed = allowed

    def target(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """1 for a class that may occur, 0 for one that may not; NaN in the padding, and everywhere without a label."""
        ids = batch.classes[self.label]
        allowed = self._allowed.to(ids.device)[ids.clamp(min=0)].float()[:, :, None, None]
        known = batch.inside & (ids != MISSING)[:, None, None]
        return torch.where(known[:, None], allowed, torch.nan)

    def counts(self, target: Float[Tensor, "N C H W"]) -> dict[str, Float[Tensor, " N"]]:
        """The pixels of a picture with a label."""
        return {"absent": _known(target).sum((1, 2)).float()}

    def loss(
        self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum over the pixels of each image."""
        log_probabilities = at_least_float32(output).log_softmax(1)
        allowed = log_probabilities.masked_fill(target == 0, -torch.inf).logsumexp(1)
        return {"absent": -allowed.masked_fill(~_known(target), 0).sum((1, 2))}

    def measure(self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]) -> Table:
        """Pixels that may be what they are called, and pixels, of each picture with a label."""
        known = _known(target)
        right = (target.gather(1, output.argmax(1, keepdim=True))[:, 0] == 1) & known
        return {"right": right.sum((1, 2)).double(), "known": known.sum((1, 2)).double()}

    def figures(self, table: Table) -> dict[str, float]:
        """Mean over the pictures with a label, and how many they are."""
        labelled = table["known"] > 0
        share = (table["right"] / table["known"])[labelled]
        return {"allowed_share": share.mean().item(), "num_images": float(labelled.sum())}

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The same of each image."""
        share = table["right"] / table["known"].clamp(min=1)
        return {"allowed_share": cells(share.tolist(), table["known"] > 0)}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "allowed_share": f"Share of the pixels whose predicted class the picture's {self.label} does not exclude, "
            "averaged over images.",
            "num_images": f"Images whose {self.label} is known.",
        }

    def fits(self, batch: Batch) -> Sequence[bool | None]:
        """Whether the mask holds allowed classes only; of images that have both label and mask."""
        target = self.target(batch)
        labelled = _known(target) & (batch.mask != IGNORE)
        drawn = target.gather(1, batch.mask.long().masked_fill(~labelled, 0)[:, None])[:, 0]
        told, wrong = labelled.flatten(1).any(1), ((drawn == 0) & labelled).flatten(1).any(1)
        return [
            not is_wrong if is_told else None for is_wrong, is_told in zip(wrong.tolist(), told.tolist(), strict=True)
        ]

    def predict(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """The probabilities of the classes."""
        return output.softmax(1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the predicted classes, or the whole picture in the colour of the class that its label names."""
        if value is None:
            return picture
        excludable = ~self._allowed.all(0).to(value.device)[:, None, None]
        shown = (value == 1) & excludable if truth else value
        return overlay_mask(picture, shown.to(torch.float32).argmax(0).to(torch.uint8).cpu().numpy())


def _known(target: Float[Tensor, "N C H W"]) -> Bool[Tensor, "N H W"]:
    return ~target[:, 0].isnan()


@config
class TagMaskConfig:
    """Settings of `TagMaskTask`, which trains the target's own head.

    ``label`` is the kind of label whose values are mask classes, the data's first such kind if none is named. The loss
    grows linearly to its full weight over the first ``ramp`` of a phase's steps.
    """

    goes_by_mask: ClassVar[bool] = True
    kind: Literal["tag-mask"] = "tag-mask"
    label: str | None = None
    ramp: Annotated[float, Field(ge=0, le=1)] = 0.1

    def build(self, name: str, vocabulary: Vocabulary) -> TagMaskTask:
        """Make the task. Raises `InputError` where no label could exclude a class."""
        label = self.label or next((each for each in vocabulary.labels if _named(vocabulary, each)), None)
        label = chosen_label(name, label, vocabulary)
        if not _named(vocabulary, label):
            raise InputError(
                f"tasks.{name}: needs a label whose values are the names of mask classes, but {label} has "
                f"{_listed(vocabulary.labels[label])}, and masks have {_listed(vocabulary.mask_classes)}; "
                f"leave the task out by tasks.{name}=off"
            )
        return TagMaskTask(name, label, _allowed(vocabulary, label), self.ramp)


def _named(vocabulary: Vocabulary, label: str) -> list[str]:
    """The mask classes that are values of a label. Background is none: a picture of another class has it too."""
    things = vocabulary.mask_classes[int(vocabulary.has_background) :]
    return [each for each in things if each in vocabulary.labels[label]] if len(vocabulary.labels[label]) > 1 else []


def _allowed(vocabulary: Vocabulary, label: str) -> Bool[Tensor, "L C"]:
    """Which mask classes may occur in a picture, by the value of its label; all, where it would leave none."""
    named, classes = _named(vocabulary, label), vocabulary.mask_classes
    allowed = torch.tensor(
        [[each not in named or each == value for each in classes] for value in vocabulary.labels[label]]
    )
    return allowed | ~allowed.any(1, keepdim=True)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "") or "none"
