"""Random weights: the litmus test that every cleverer weighting should pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from statistics import NormalDist
from typing import Annotated, Literal, final

from pydantic import Field

from auxseg.balancing.weighting.weighted_losses import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig, shares, switched_on
from auxseg.config import config
from auxseg.keyed import keyed_uniforms

Distribution = Literal["normal", "uniform", "bernoulli", "constrained-bernoulli"]


@final
class RandomWeighting(Memoryless):
    """Draws new weights every ``every`` steps; they sum to the number of tasks K.

    - ``normal`` and ``uniform``: K times the softmax of a standard normal number, or of one even in [0, 1), per task.
    - ``bernoulli``: each task takes part with probability 1/2; those that do share K evenly. If none does, all are
      drawn again.
    - ``constrained-bernoulli``: one task takes part, each as likely as the others, with the weight K.

    Source: Lin, Ye, Zhang and Tsang, Reasonable Effectiveness of Random Weighting: A Litmus Test for Multi-Task
    Learning, TMLR 2022, https://arxiv.org/abs/2111.10603. There the weights sum to 1; here to K, so that a learning
    rate suits this weighting as it suits equal weights. The numbers depend on the seed, the step and the task's name
    alone, so that all processes and a resumed run draw the same, and no task changes another's; with
    `torchjd.scalarization.Random` they would depend on what was drawn before.
    """

    def __init__(self, tasks: Sequence[str], distribution: Distribution, every: int, seed: int) -> None:
        super().__init__()
        self.tasks, self.every, self.seed = list(tasks), every, seed
        self.distribution: Distribution = distribution

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weights drawn for this step."""
        drawn = self._draw(step, 0)
        ones = dict.fromkeys(self.tasks, 1.0)
        match self.distribution:
            case "normal":
                weights = shares({name: NormalDist().inv_cdf(value) for name, value in drawn.items()}, ones)
            case "uniform":
                weights = shares(drawn, ones)
            case "bernoulli":
                draws = (self._draw(step, number) for number in count())
                taking = next(taking for draw in draws if (taking := [name for name in draw if draw[name] < 0.5]))
                weights = {name: (name in taking) / len(taking) for name in self.tasks}
            case "constrained-bernoulli":
                weights = {name: float(value == max(drawn.values())) for name, value in drawn.items()}
        return {name: len(self.tasks) * weight for name, weight in weights.items()}

    def _draw(self, step: int, number: int) -> dict[str, float]:
        """A number even in (0, 1) per task."""
        key = ("weights", self.seed, step // self.every, number)
        return {name: max(float(keyed_uniforms(1, *key, name)[0]), 2.0**-54) for name in self.tasks}


@config
class RandomConfig(WeightedConfig):
    """Settings of `RandomWeighting`; ``weights`` scale the losses, and are what is weighted with on average.

    ``distribution`` is what weights are drawn from, every ``every`` steps.
    """

    kind: Literal["random"] = "random"
    distribution: Distribution = "normal"
    every: Annotated[int, Field(ge=1, le=10**9)] = 1

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        scales = self.scales(tasks)
        weighting = RandomWeighting(switched_on(scales), self.distribution, self.every, seed)
        return WeightedLosses(weighting, scales, self.gate)
