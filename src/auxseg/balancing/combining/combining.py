"""What balancers have in common that let a rule combine the tasks' gradients."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from auxseg.balancing.balancer import Balancer, Step
from auxseg.balancing.combining.method import GramMethod, Method, NoAnswerError, Rows, mean_weights


class Combining(Balancer):
    """Lets a method combine the gradients of the losses ``c_i L_i``, with the recipe's scales ``c``.

    A task takes part in a step if its scale is not zero, something in the step has a label for it, and its loss is not
    below its threshold in ``gate``. One that does not take part has no row among the gradients: a row of zeros would
    stop MGDA and shrink others. One task alone gets its own gradient, unless it is an auxiliary whose weight the method
    keeps.

    Where a method finds no answer (its solver does not converge, or gives numbers that are not finite), the mean of the
    gradients is followed in that step; ``num_fallbacks`` counts them, over interruptions too.
    """

    def __init__(self, method: Method, scales: Mapping[str, float], gate: Mapping[str, float], target: str) -> None:
        super().__init__()
        self.method, self.scales, self.gate, self.target = method, dict(scales), dict(gate), target

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""

    def taking_part(self, step: Step, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The losses of the tasks that have a scale and a label in the step."""
        return {name: loss for name, loss in losses.items() if self.scales[name] > 0 and name in step.labelled}

    def own_weight(self, name: str, loss: float) -> float:
        """A task's scale, 0 behind its gate."""
        is_on = self.scales[name] > 0 and not loss < self.gate.get(name, -math.inf)
        return self.scales[name] if is_on else 0.0

    def ordered(self, names: Collection[str]) -> list[str]:
        """The target first, then by name, so that the order of tasks in a recipe changes no draw and no rounding."""
        return sorted(names, key=lambda name: (name != self.target, name))

    def weighs_all(self, names: Collection[str]) -> bool:
        """Whether what one task alone reaches is weighed too, if these tasks have gradients in a step."""
        return self.method.keeps_weights and self.target not in names

    def rows(self, names: Collection[str], losses: Mapping[str, float], step: Step) -> Rows:
        """What is said of gradients of these tasks, which are in order."""
        return Rows(tuple(names), next(iter(names)) == self.target, losses, step.number)

    def is_asked(self, products: Float64[Tensor, "K K"]) -> bool:
        """Whether there is anything to combine: enough gradients, and not all of them zero."""
        num_tasks = len(products)
        is_moving = bool(products.diagonal().max() > 0)
        fewest = max(1 if self.method.keeps_weights else 2, self.method.num_tasks_needed)
        return is_moving and num_tasks >= fewest

    def weights(self, products: Float64[Tensor, "K K"], rows: Rows) -> list[float]:
        """Those of the method, or of the mean where it is not asked or finds none."""
        if isinstance(self.method, GramMethod) and self.is_asked(products):
            try:
                weights = self.method.weigh(products, rows)
                if weights.isfinite().all():
                    return weights.tolist()
            except (NoAnswerError, RuntimeError, ValueError, np.linalg.LinAlgError):  # torch's own is a RuntimeError
                pass
            self.num_fallbacks += 1
        return mean_weights(len(products)).tolist()

    def get_extra_state(self) -> dict[str, Any]:
        """What a checkpoint must keep beside the method's own state."""
        return {"num_fallbacks": self.num_fallbacks}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.num_fallbacks = int(state["num_fallbacks"])
