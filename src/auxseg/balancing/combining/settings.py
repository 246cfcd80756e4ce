"""What the settings of every rule that combines gradients have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from auxseg.balancing.combining.combined_gradients import CombinedGradients
from auxseg.balancing.combining.combining import Combining
from auxseg.balancing.combining.feature_gradients import FeatureGradients
from auxseg.balancing.combining.method import GramMethod, Method
from auxseg.balancing.weighting.weighting import WeightedConfig, switched_on
from auxseg.config import config
from auxseg.errors import InputError

Scope = Literal["shared", "all", "features"]


@config
class CombiningConfig(WeightedConfig):
    """Settings of every rule that combines gradients; ``weights`` scale the losses whose gradients it sees.

    ``scope`` says which gradients are combined: those of the parameters that two tasks or more reach, of all
    parameters, or of the encoder's output, for which the encoder is passed backwards once.
    """

    fewest_tasks: ClassVar[int] = 1
    reads_products: ClassVar[bool] = True
    scope: Scope = "shared"

    def build(self, tasks: Sequence[str], target: str, seed: int) -> Combining:
        """Make the balancer for these tasks.

        Raises `InputError` if they are too few for the rule, or if it cannot have the scope.
        """
        self.check(tasks)
        scales, method = self.scales(tasks), self.method(target, seed)
        if self.scope == "features":
            assert isinstance(method, GramMethod)
            return FeatureGradients(method, scales, self.gate, target)
        return CombinedGradients(method, scales, self.gate, target, combine_all=self.scope == "all")

    def check(self, tasks: Sequence[str]) -> None:
        """Raise `InputError` if these tasks are too few for the rule, or if it cannot have the scope."""
        found = len(switched_on(self.scales(tasks)))
        if 1 < found < self.fewest_tasks:
            raise InputError(
                f"balancer.kind is {self.kind!r}, which needs {self.fewest_tasks} tasks or more with a weight, found "
                f"{found}; add auxiliaries, or choose another balancer"
            )
        if self.scope == "all" and self.fewest_tasks > 2:
            raise InputError(
                f"balancer.scope is 'all', but {self.kind} leaves out what one task says alone, so no head would "
                "learn; set balancer.scope=shared"
            )
        if self.scope == "features" and not self.reads_products:
            raise InputError(
                f"balancer.scope is 'features', but {self.kind} reads more of the gradients than their "
                "inner products; set balancer.scope=shared"
            )

    @abstractmethod
    def method(self, target: str, seed: int) -> Method:
        """Make the rule."""
