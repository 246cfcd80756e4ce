"""FAMO: all losses fall at one rate, learned from how they fell."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import WeightedConfig, Weighting, shares, switched_on
from auxseg.config import config

SMALLEST: Final = 1e-8
"""Losses below it count as this much, where the gradient of a logarithm would not be finite."""
_BETAS: Final = (0.9, 0.999)


@final
class FastAdaptive(Weighting):
    """Follows the gradient of ``K c sum_i z_i ln L_i`` with ``z = softmax(x)`` and ``c = 1 / sum_i (z_i / L_i)``.

    That is the weighted sum of the losses with the weights ``K c z_i / L_i``, whose sum is the number of tasks K. After
    each step ``x_i`` falls the more, the more ``ln L_i`` fell compared with the others, by a step of Adam on
    ``J(z)' (ln L_before - ln L_after)`` with the decay of the weights ``decay``.

    Source: Liu, Feng, Stone and Liu, FAMO: Fast Adaptive Multitask Optimization, NeurIPS 2023,
    https://arxiv.org/abs/2306.03792. Departures: the losses after a step are those of the next step, on its own images,
    instead of a second forward pass on the same ones (with its noise, which Adam averages), and are learned from for
    the step after it; the weights sum to K instead of 1, so that a learning rate suits them as it suits equal weights.
    A task without a label keeps its x. State: by task x, the last loss and the moments of Adam.
    """

    uses_losses = True

    def __init__(self, tasks: Sequence[str], step_size: float, decay: float) -> None:
        super().__init__()
        self.step_size, self.decay = step_size, decay
        zeros = dict.fromkeys(sorted(tasks), 0.0)
        self._state: dict[str, dict[str, float]] = {
            "logits": zeros,
            "first": dict(zeros),
            "second": dict(zeros),
            "counts": dict(zeros),
            "losses": {},
        }

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The slopes of the function."""
        logits = {name: self._state["logits"][name] for name in losses}
        share = shares(logits, dict.fromkeys(losses, 1.0))
        terms = {name: share[name] / max(loss, SMALLEST) for name, loss in losses.items()}
        total = math.fsum(terms.values())
        return {name: len(losses) * term / total for name, term in terms.items()}

    def observe(self, losses: Mapping[str, float], summed: Collection[str]) -> None:
        """Learn from how the losses fell since the last step that had them."""
        before, logits = self._state["losses"], self._state["logits"]
        logs = {name: math.log(max(losses[name], SMALLEST)) for name in sorted(losses)}
        fell = {name: before[name] - log for name, log in logs.items() if name in before}
        if len(fell) > 1:
            share = shares({name: logits[name] for name in fell}, dict.fromkeys(fell, 1.0))
            mean = math.fsum(share[name] * fell[name] for name in fell)
            for name in fell:
                self._move(name, share[name] * (fell[name] - mean) + self.decay * logits[name])
        before.update(logs)

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""

    def _move(self, name: str, slope: float) -> None:
        """One step of Adam."""
        first, second, counts = (self._state[key] for key in ("first", "second", "counts"))
        counts[name] += 1
        first[name] += (1 - _BETAS[0]) * (slope - first[name])
        second[name] += (1 - _BETAS[1]) * (slope**2 - second[name])
        mean, square = (
            moment[name] / (1 - beta ** counts[name]) for moment, beta in zip((first, second), _BETAS, strict=True)
        )
        self._state["logits"][name] -= self.step_size * mean / (math.sqrt(square) + SMALLEST)

    def get_extra_state(self) -> dict[str, Any]:
        """What a checkpoint must keep."""
        return copy.deepcopy(self._state)

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self._state = copy.deepcopy(state)


@config
class FAMOConfig(WeightedConfig):
    """Settings of FAMO, with which all losses fall at one rate; ``weights`` scale the losses that it sees.

    ``step_size`` is how fast they are learned, and ``decay`` draws them to equal shares.
    """

    kind: Literal["famo"] = "famo"
    step_size: Annotated[float, Field(gt=0, le=1)] = 0.025
    decay: Annotated[float, Field(ge=0, le=1)] = 0.001

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        return WeightedLosses(FastAdaptive(switched_on(scales), self.step_size, self.decay), scales, self.gate)
