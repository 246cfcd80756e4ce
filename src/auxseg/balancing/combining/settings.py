"""What the settings of every rule that combines gradients have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from auxseg.balancing.combining.combined_gradients import CombinedGradients, Scope
from auxseg.balancing.combining.method import Method
from auxseg.balancing.weighting.weighting import WeightedConfig, switched_on
from auxseg.config import config
from auxseg.errors import InputError


@config
class CombiningConfig(WeightedConfig):
    """Settings of every rule that combines gradients; ``weights`` scale the losses whose gradients it sees.

    ``scope`` says which gradients are combined: those of the parameters that two tasks or more reach, or of all.
    """

    fewest_tasks: ClassVar[int] = 1
    scope: Scope = "shared"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> CombinedGradients:
        """Make the balancer for these tasks. Raises `InputError` if they are too few for the rule."""
        scales = self.scales(tasks)
        found = len(switched_on(scales))
        if 1 < found < self.fewest_tasks:
            raise InputError(
                f"balancer.kind is {self.kind!r}, which needs {self.fewest_tasks} tasks or more with a weight, found "
                f"{found}; add auxiliaries, or choose another balancer"
            )
        return CombinedGradients(self.method(target, seed), scales, self.gate, target, self.scope)

    @abstractmethod
    def method(self, target: str, seed: int) -> Method:
        """Make the rule."""
