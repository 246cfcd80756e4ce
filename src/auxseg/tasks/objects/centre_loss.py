"""The loss of heat maps of centres.

Zhou, Wang, Krähenbühl 2019, Objects as Points, https://arxiv.org/abs/1904.07850 (CenterNet), which learns centres of
boxes and key points by it.

Shape legend: ``N`` images, ``C`` classes or points, ``H W`` the stored size.
"""

from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

_FOCUS, _NEARNESS = 2, 4
"""The paper's alpha and beta: how little a pixel counts that is found already, or lies near a centre."""

PRIOR: Final = 2.19
"""Is subtracted from the logits of centres, so that a new head, whose output is near 0, gives a probability of 0.1; the
paper sets the bias of its head to the negative of it. Else the many pixels without a centre would drown all tasks."""


def centre_loss(
    logits: Float[Tensor, "N C H W"], heat: Float[Tensor, "N C H W"], is_centre: Bool[Tensor, "N C H W"]
) -> Float[Tensor, " N"]:
    """The penalty-reduced focal loss, summed over the pixels whose heat y is known.

    ``-(1 - p)^2 log p`` at centres and ``-(1 - y)^4 p^2 log(1 - p)`` elsewhere, with the probability p.
    """
    heat = heat.to(logits.dtype)
    probability = logits.sigmoid()
    at_centre = (1 - probability) ** _FOCUS * -functional.logsigmoid(logits)
    elsewhere = (1 - heat.nan_to_num(1)) ** _NEARNESS * probability**_FOCUS * -functional.logsigmoid(-logits)
    return torch.where(is_centre, at_centre, elsewhere).masked_fill(heat.isnan(), 0).sum((1, 2, 3))
