"""OL-AUX: an auxiliary's weight grows while its gradient goes along with the target's."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal, final

import torch
from jaxtyping import Float, Float64
from pydantic import Field
from torch import Tensor

from auxseg.balancing.combining.method import Rows
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.target_first import TargetFirst
from auxseg.config import config


@final
class OnlineAuxiliaries(TargetFirst):
    """``d = g_t + sum_a w_a g_a``, where ``w_a += step_size s_a`` after every ``every`` steps in which it has a label.

    ``s_a`` is the mean of ``g_a . g_t / |g_t|^2`` over these steps: by how much a step along ``g_a`` lowers the
    target's loss, compared with one along the target's own gradient. Weights start at 1 and stay at 0 or more.

    Source: Lin, Baweja, Kantor and Held, Adaptive Auxiliary Task Weighting for Reinforcement Learning, NeurIPS 2019,
    https://papers.nips.cc/paper/2019/hash/0e900ad84f63618452210ab8baae0218-Abstract.html. Departures: there s is the
    sum of ``g_a . g_t``, whose size is that of the losses, and a weight may become negative. Cost: K backward passes.
    State: by auxiliary a weight, a sum and a count. In a step without the target's label weights hold, and nothing is
    counted.
    """

    keeps_weights = True

    def __init__(self, step_size: float, every: int) -> None:
        super().__init__()
        self.step_size, self.every = step_size, every
        self._state: dict[str, dict[str, float]] = {"weights": {}, "sums": {}, "counts": {}}

    def weigh_auxiliaries(self, gramian: Float64[Tensor, "K K"], rows: Rows) -> Float[Tensor, " K"]:
        """The weights before the step is counted."""
        weights, sums, counts = (self._state[key] for key in ("weights", "sums", "counts"))
        current = [1.0, *map(self.kept_weight, rows.names[1:])]
        for name, product in zip(rows.names[1:], gramian[0, 1:].tolist(), strict=True):
            square = float(gramian[0, 0])
            sums[name] = sums.get(name, 0.0) + (product / square if square > 0 else 0.0)
            counts[name] = counts.get(name, 0) + 1
            if counts[name] >= self.every:
                weights[name] = max(weights.get(name, 1.0) + self.step_size * sums[name] / counts[name], 0.0)
                sums[name], counts[name] = 0.0, 0
        return torch.tensor(current, dtype=torch.float64)

    def kept_weight(self, name: str) -> float:
        """That of the last step with the target."""
        return self._state["weights"].get(name, 1.0)

    def get_extra_state(self) -> dict[str, Any]:
        """The weights, and what was counted since they last changed."""
        return copy.deepcopy(self._state)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._state = copy.deepcopy(state)


@config
class OnlineAuxiliariesConfig(CombiningConfig):
    """Settings of OL-AUX, which gives an auxiliary more weight while its gradient agrees with the target's.

    Weights change after ``every`` steps; ``step_size`` is how fast.
    """

    kind: Literal["ol-aux"] = "ol-aux"
    step_size: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    every: Annotated[int, Field(ge=1, le=10**9)] = 5

    def method(self, target: str, seed: int) -> OnlineAuxiliaries:
        """Make the rule."""
        return OnlineAuxiliaries(self.step_size, self.every)
