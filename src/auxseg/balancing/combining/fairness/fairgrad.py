"""FairGrad: progress is shared fairly among tasks, by a chosen kind of fairness."""

from __future__ import annotations

from typing import Annotated, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from pydantic import Field
from scipy.optimize import least_squares
from torch import Tensor

from auxseg.balancing.combining.gram import cleaned
from auxseg.balancing.combining.method import GramMethod, NoAnswerError, Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

_FARTHEST: Final = 1e-2
"""How far ``(G w)_i w_i^(1 / alpha)`` may be from 1."""


@final
class FairGrad(GramMethod):
    """``d = sum_i w_i g_i`` with ``G w = w^(-1/alpha)`` and w above 0.

    With alpha = 1 the shares of progress are those of Nash-MTL; the larger alpha, the more the slowest task gets.

    Source: Ban and Ji, Fair Resource Allocation in Multi-Task Learning, ICML 2024, https://arxiv.org/abs/2402.15638, in
    the form of least squares that their code and torchjd solve with scipy. Departures: it is solved for the share of
    each weight in that of its task alone, ``G_ii^(-alpha / (1 + alpha))``, because from equal weights the solver stops
    far from the solution where the gradients' lengths differ; and what solves no equation to a hundredth is no answer.
    A gradient of zero has no weight. Cost: K backward passes. State: none.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        products = cleaned(gramian).numpy()
        is_moving = products.diagonal() > 0
        products, power = products[np.ix_(is_moving, is_moving)], 1 / self.alpha
        alone = products.diagonal() ** (-self.alpha / (1 + self.alpha))

        def residuals(shares: Float64[np.ndarray, " K"]) -> Float64[np.ndarray, " K"]:
            return (products @ (shares * alone)) * alone**power - shares**-power

        found = least_squares(residuals, np.ones(len(alone)), bounds=(0, np.inf)).x * alone
        if not np.abs(products @ found * found**power - 1).max() < _FARTHEST:
            raise NoAnswerError("the solver stopped far from the solution")
        weights = torch.zeros(len(is_moving), dtype=torch.float64)
        weights[torch.from_numpy(is_moving)] = torch.from_numpy(found)
        return weights


@config
class FairGradConfig(CombiningConfig):
    """Settings of `FairGrad`, which shares progress fairly among tasks.

    ``alpha`` is the kind of fairness: 1 as Nash-MTL, 2 harmonic, large ones for the slowest task.
    """

    kind: Literal["fairgrad"] = "fairgrad"
    alpha: Annotated[float, Field(gt=0, le=100)] = 2.0

    def method(self, target: str, seed: int) -> FairGrad:
        """Make the rule."""
        return FairGrad(self.alpha)
