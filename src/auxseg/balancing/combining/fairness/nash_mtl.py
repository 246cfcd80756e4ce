"""Nash-MTL: the gradients bargain for the direction."""

from __future__ import annotations

from typing import Annotated, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import GramMethod, NoAnswerError, Rows, unit_scaled
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.config import config

REGULARISATION: Final = 1e-6
"""Added to the diagonal of the Gram matrix, whose largest entry is 1: of opposite gradients there is no answer."""
MOST_STEPS: Final = 100


@final
class NashMTL(GramMethod):
    """``d = sum_i a_i g_i`` with ``G a = 1 / a``, the Nash bargaining solution among directions of bounded length.

    Every task gets the same share of the step's effect, ``a_i g_i . d = 1``, so the sizes of the losses do not matter;
    d is then shortened to ``max_norm``, as in the paper's code. Two tasks: ``a_i = 1 / (|g_i| sqrt(1 + cos))``.

    Source: Navon et al., Multi-Task Learning as a Bargaining Game, ICML 2022, https://arxiv.org/abs/2202.01017.
    Departure: the paper and torchjd approach a by a sequence of convex programs, which needs a solver. But a is where
    the strictly convex ``a' G a / 2 - sum_i log a_i`` is smallest, and damped Newton steps find it exactly. Cost: K
    backward passes. State: none; torchjd starts each solution from the one before.
    """

    def __init__(self, max_norm: float) -> None:
        super().__init__()
        self.max_norm = max_norm

    def weigh(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights."""
        scaled, largest = unit_scaled(gramian)
        weights = _solved(scaled.numpy() + REGULARISATION * np.eye(len(scaled))) / np.sqrt(largest)
        norm = np.sqrt(max(weights @ gramian.numpy() @ weights, 0.0))
        return torch.from_numpy(weights * min(1.0, self.max_norm / norm) if norm > 0 else weights)


def _solved(matrix: np.ndarray) -> np.ndarray:
    """The positive a with ``matrix a = 1 / a``. The function is self-concordant, so these steps always converge."""
    weights = 1 / np.sqrt(matrix.diagonal())
    for _ in range(MOST_STEPS):
        slope = matrix @ weights - 1 / weights
        step = np.linalg.solve(matrix + np.diag(weights**-2), slope)
        decrement = np.sqrt(slope @ step)
        weights = weights - step / (1 + decrement if decrement > 0.25 else 1)
        if decrement < 1e-10:
            return weights
    raise NoAnswerError("Newton's method did not converge")


@config
class NashMTLConfig(CombiningConfig):
    """Settings of `NashMTL`, in which the gradients bargain for the direction, to equal shares.

    ``max_norm`` is the most that the direction may be long.
    """

    kind: Literal["nash-mtl"] = "nash-mtl"
    max_norm: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0

    def method(self, target: str, seed: int) -> NashMTL:
        """Make the rule."""
        return NashMTL(self.max_norm)
