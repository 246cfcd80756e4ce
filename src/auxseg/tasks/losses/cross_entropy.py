"""Cross-entropy of masks.

Shape legend: ``N`` images, ``C`` classes, ``H W`` pixels.
"""

from __future__ import annotations

from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE


def cross_entropy(log_probabilities: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """``sum_p -log q(p, t(p))`` over an image's labelled pixels p, with q the probability of their true class t.

    Of two classes this is the binary cross-entropy of the foreground's probability.
    """
    per_pixel = functional.nll_loss(log_probabilities, target.long(), ignore_index=IGNORE, reduction="none")
    return per_pixel.sum((1, 2))
