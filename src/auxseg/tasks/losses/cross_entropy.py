"""Cross-entropy of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE


def cross_entropy(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, " N"]:
    """``sum_p -w(t(p)) log q(p, t(p))`` over an image's labelled pixels p.

    q is the probability of a pixel's true class t and w the weight of that class, 1 without ``class_weights``. Of two
    classes this is the binary cross-entropy of the foreground's probability.
    """
    return pixel_losses(log_probabilities, target, class_weights).sum((1, 2))


def pixel_losses(
    log_probabilities: Float[Tensor, "N C H W"],
    target: UInt8[Tensor, "N H W"],
    class_weights: Float[Tensor, " C"] | None = None,
) -> Float[Tensor, "N H W"]:
    """The terms of `cross_entropy`, 0 where a pixel is ignored."""
    return functional.nll_loss(log_probabilities, target.long(), class_weights, ignore_index=IGNORE, reduction="none")
