"""Which classes of an image losses by class score, and their mean.

Of two classes only the foreground is scored; of more, all that occur in the image's truth, background included, but for
those of weight 0.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels, ``K`` classes that may be scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from auxseg.data.sample import IGNORE


def first_scored(num_classes: int) -> int:
    """The first class that may be scored."""
    return 1 if num_classes == 2 else 0


def scored_classes(
    log_probabilities: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]
) -> Iterator[tuple[Float[Tensor, "N H W"], Bool[Tensor, "N H W"]]]:
    """For every class that may be scored: its probability, and where it is the true class."""
    first = first_scored(log_probabilities.shape[1])
    for index, probability in enumerate(log_probabilities[:, first:].exp().unbind(1), start=first):
        yield probability, target == index


def has_scored_class(
    target: UInt8[Tensor, "N H W"], num_classes: int, class_weights: Sequence[float] | None = None
) -> Bool[Tensor, " N"]:
    """Whether an image's truth holds any class that is scored."""
    scored = (target >= first_scored(num_classes)) & (target != IGNORE)
    for index, weight in enumerate(class_weights or ()):
        if weight == 0:
            scored = scored & (target != index)
    return scored.flatten(1).any(1)


def mean_over_classes(
    losses: Sequence[Float[Tensor, " N"]],
    presences: Sequence[Bool[Tensor, " N"]],
    class_weights: Float[Tensor, " C"] | None,
) -> Float[Tensor, " N"]:
    """``sum_c w_c l_c / sum_c w_c`` over the classes c that occur in an image, 0 if none does.

    Args:
        losses: the loss of each class that may be scored; those of absent ones are not looked at.
        presences: whether each of them occurs.
        class_weights: the weights of all classes, each 1 if none are given.
    """
    occurs = torch.stack(list(presences))
    by_class = torch.where(occurs, torch.stack(list(losses)), 0)
    if class_weights is None:
        return by_class.sum(0) / occurs.sum(0).clamp(min=1)
    weights = class_weights[-len(losses) :, None]
    total = (weights * occurs).sum(0)
    return (weights * by_class).sum(0) / torch.where(total > 0, total, 1)
