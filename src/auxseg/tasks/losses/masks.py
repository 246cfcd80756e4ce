"""The losses of masks by name, with their settings.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses.by_class import has_scored_class
from auxseg.tasks.losses.cross_entropy import cross_entropy
from auxseg.tasks.losses.dice import soft_dice
from auxseg.tasks.losses.focal import focal
from auxseg.tasks.losses.lovasz import lovasz_softmax
from auxseg.tasks.losses.ohem import hard_cross_entropy, num_hard
from auxseg.tasks.losses.tversky import tversky

MASK_LOSSES: Final = ("cross_entropy", "bce", "dice", "focal", "tversky", "lovasz", "ohem")
"""What recipes call them. ``bce`` is the cross-entropy by its name for two classes."""

_BY_CLASS: Final = ("dice", "tversky", "lovasz")
"""Those that are a mean over classes for each image; the others are sums over pixels."""


@final
@dataclass(frozen=True, kw_only=True)
class MaskLosses:
    """Losses of masks with their settings.

    Class weights weigh pixels by their true class in losses by pixel, which are then divided by the sum of these
    weights (as `torch.nn.CrossEntropyLoss` does), and classes in the mean over classes of the others. So what counts is
    how weights relate to each other. ``ohem`` has none.

    Attributes:
        num_classes: C, at least 2.
        class_weights: the weight of each class, ``None`` where all weigh alike.
        focal_gamma: that of `focal`.
        tversky_alpha: the price of false alarms in `tversky`.
        tversky_beta: the price of what is missed in `tversky`.
        ohem_share: the share of an image's pixels that `hard_cross_entropy` takes.
    """

    num_classes: int
    class_weights: tuple[float, ...] | None = None
    focal_gamma: float = 2.0
    tversky_alpha: float = 0.3
    tversky_beta: float = 0.7
    ohem_share: float = 0.25

    def count(self, name: str, target: UInt8[Tensor, "N H W"]) -> Float[Tensor, " N"]:
        """What a loss is divided by, per image: its pixels, by weight, or 1 if a class occurs that is scored."""
        if name in _BY_CLASS:
            return has_scored_class(target, self.num_classes, self.class_weights).float()
        return num_hard(target, self.ohem_share).float() if name == "ohem" else self._pixels(target)

    def loss(
        self, name: str, log_probabilities: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]
    ) -> Float[Tensor, " N"]:
        """A loss by its name, summed per image."""
        weights = None if self.class_weights is None else log_probabilities.new_tensor(self.class_weights)
        match name:
            case "cross_entropy" | "bce":
                return cross_entropy(log_probabilities, target, weights)
            case "focal":
                return focal(log_probabilities, target, self.focal_gamma, weights)
            case "ohem":
                return hard_cross_entropy(log_probabilities, target, self.ohem_share)
            case "dice":
                return soft_dice(log_probabilities, target, weights)
            case "tversky":
                return tversky(log_probabilities, target, self.tversky_alpha, self.tversky_beta, weights)
            case "lovasz":
                return lovasz_softmax(log_probabilities, target, weights)
            case _:
                raise ValueError(f"expected one of {', '.join(MASK_LOSSES)}, not {name!r}")

    def _pixels(self, target: UInt8[Tensor, "N H W"]) -> Float[Tensor, " N"]:
        """The labelled pixels of each image, by the weights of their classes."""
        if self.class_weights is None:
            return (target != IGNORE).sum((1, 2)).float()
        by_value = torch.zeros(IGNORE + 1, dtype=torch.float64)
        by_value[: self.num_classes] = torch.tensor(self.class_weights, dtype=torch.float64)
        return by_value.to(target.device)[target.long()].sum((1, 2)).float()
