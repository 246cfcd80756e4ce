"""One update from the weighted sum of the losses, whatever says how they are weighted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import final

from torch import Tensor

from auxseg.balancing.balancer import Balancer, Reduce, Step
from auxseg.balancing.task_gradients import Gradients, add_gradients
from auxseg.balancing.weighting.weighting import Weighting


@final
class WeightedLosses(Balancer):
    """Follows the gradient of ``sum_i c_i w_i L_i`` with the recipe's scales ``c`` and a weighting's weights ``w``.

    A task takes part in a step if its scale is not zero, something in the step has a label for it, and its loss is not
    below its threshold in ``gate``. The others leave no trace: not in the sum, not in any gradient, not in the other
    weights (though a weighting that remembers losses goes on watching those behind a gate).

    Weights that depend on the step's own losses are known only when all of it was seen. If such a step is cut into
    parts, the gradients of every task are added up by themselves and weighted at the end, which takes one backward
    pass and one set of gradients per task; otherwise there is one backward pass.
    """

    def __init__(self, weighting: Weighting, scales: Mapping[str, float], gate: Mapping[str, float]) -> None:
        super().__init__()
        self.weighting, self.scales, self.gate = weighting, dict(scales), dict(gate)
        self._gradients: dict[str, Gradients] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Tell the weighting."""
        self.weighting.begin_epoch(epoch)

    def begin_step(self, step: Step) -> None:
        """Start with no gradients."""
        self._step = step
        self._gradients = {}

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Add the gradient of the weighted sum to ``.grad``, or keep the tasks' gradients apart."""
        losses = {name: loss for name, loss in losses.items() if self._is_on(name)}
        if self.keeps_apart(self._step.num_parts):
            self._gradients = add_gradients(self._gradients, losses, self._step.parameters)
            return
        weights = self._weigh(
            {name: loss.item() if self._looks_at_losses else math.nan for name, loss in losses.items()}
        )
        terms = [weights[name] * loss for name, loss in losses.items() if weights[name] != 0 and loss.requires_grad]
        if terms:
            sum(terms[1:], start=terms[0]).backward()

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        """Add the gradients of all processes up and let the weighting learn."""
        taking_part = {name: loss for name, loss in losses.items() if self._is_on(name)}
        weights = self._weigh(taking_part)
        self._put_together(weights)
        reduce([parameter.grad for parameter in self._step.parameters if parameter.grad is not None])
        summed = [name for name, loss in taking_part.items() if self._is_summed(name, loss)]
        self.weighting.observe({name: self.scales[name] * loss for name, loss in taking_part.items()}, summed)
        return {name: weights.get(name, 0.0) for name in losses}

    def keeps_apart(self, num_parts: int) -> bool:
        """Whether a step of so many parts takes a backward pass per task."""
        return self._looks_at_losses and num_parts > 1

    @property
    def _looks_at_losses(self) -> bool:
        return self.weighting.uses_losses or bool(self.gate)

    def _is_on(self, name: str) -> bool:
        return self.scales[name] > 0 and name in self._step.labelled

    def _is_summed(self, name: str, loss: float) -> bool:
        return not loss < self.gate.get(name, -math.inf)

    def _weigh(self, losses: Mapping[str, float]) -> dict[str, float]:
        """What each of these losses is multiplied with."""
        summed = {name: self.scales[name] * loss for name, loss in losses.items() if self._is_summed(name, loss)}
        weights = self.weighting.weigh(self._step.number, summed) if summed else {}
        return {name: self.scales[name] * weights[name] if name in summed else 0.0 for name in losses}

    def _put_together(self, weights: Mapping[str, float]) -> None:
        """Weight the gradients that were kept apart, if there are any."""
        kept = [(weights[name], gradients) for name, gradients in self._gradients.items() if weights[name] != 0]
        for place, parameter in enumerate(self._step.parameters):
            terms = [weight * gradient for weight, gradients in kept if (gradient := gradients[place]) is not None]
            if terms:
                parameter.grad = sum(terms[1:], start=terms[0])
        self._gradients = {}
