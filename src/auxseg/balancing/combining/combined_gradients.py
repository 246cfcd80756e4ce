"""One update from the gradients of single tasks by the parameters that they share, whatever rule combines them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn

from auxseg.balancing.balancer import Reduce, Step
from auxseg.balancing.combining.combining import Combining
from auxseg.balancing.combining.gram import flat, gramian, weighted_sum
from auxseg.balancing.combining.method import MatrixMethod, Method, NoAnswerError, Rows
from auxseg.balancing.task_gradients import Gradients, add_gradients, own_memory


@final
class CombinedGradients(Combining):
    """Combines the tasks' gradients by parameters into one direction.

    They are those of the parameters that two tasks or more reach in the step; what one task alone reaches (its head)
    gets that task's own gradient. With ``combine_all`` they are those of all parameters, so that heads are scaled too,
    and so they are in a step without the target if the rule `keeps_weights`.

    The gradients are added up over micro-batches and processes before they are combined, in float32. So a step costs a
    backward pass per task and memory for a gradient per task, and cutting it differently changes nothing but rounding.
    """

    def __init__(
        self,
        method: Method,
        scales: Mapping[str, float],
        gate: Mapping[str, float],
        target: str,
        *,
        combine_all: bool = False,
    ) -> None:
        super().__init__(method, scales, gate, target)
        self.combine_all = combine_all
        self._kept: dict[str, Gradients] = {}

    def begin_step(self, step: Step) -> None:
        """Start with no gradients."""
        self._step, self._kept = step, {}

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Add up the gradient of every task that takes part, each by itself."""
        self._kept = add_gradients(self._kept, self.taking_part(self._step, losses), self._step.parameters)

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        """Add the gradients up over all processes and combine them.

        Returns the weight of every gradient in the direction. Where the direction is no weighted sum of the gradients,
        these are the weights with which such a sum comes nearest to it.
        """
        weights = {name: self.own_weight(name, loss) for name, loss in losses.items()}
        kept = {name: self._kept[name] for name in self.ordered(self._kept) if weights.get(name, 0.0) > 0}
        self._kept = {}
        for name, gradients in kept.items():
            own = own_memory(gradients)
            reduce([gradient for gradient in own if gradient is not None])
            scale = weights[name]
            kept[name] = own if scale == 1 else [None if each is None else scale * each for each in own]
        self.method.observe(kept)
        places = self._places_to_combine(kept)
        rows = {name: [gradients[place] for place in places] for name, gradients in kept.items()}
        rows = {name: row for name, row in rows.items() if any(gradient is not None for gradient in row)}
        self._leave_own(kept, places)
        shares = self._combine(rows, {name: weights[name] * losses[name] for name in rows}, places)
        return {name: weight * shares.get(name, 1.0) for name, weight in weights.items()}

    def _places_to_combine(self, kept: Mapping[str, Gradients]) -> list[int]:
        """Which parameters of the step are in the scope."""
        fewest = 1 if self.combine_all or self.weighs_all(kept) else 2
        reached = [sum(gradient is not None for gradient in rows) for rows in zip(*kept.values(), strict=True)]
        return [place for place, number in enumerate(reached) if number >= fewest]

    def _leave_own(self, kept: Mapping[str, Gradients], places: Collection[int]) -> None:
        """Give the other parameters the gradient of the one task that reaches each."""
        combined = set(places)
        for gradients in kept.values():
            for place, gradient in enumerate(gradients):
                if gradient is not None and place not in combined:
                    self._step.parameters[place].grad = gradient

    def _combine(
        self, gradients: Mapping[str, Gradients], losses: Mapping[str, float], places: Sequence[int]
    ) -> dict[str, float]:
        """Leave the direction in the parameters at these places; returns the weight of each gradient in it."""
        if not gradients:
            return {}
        parameters = [self._step.parameters[place] for place in places]
        rows = self.rows(gradients, losses, self._step)
        values = list(gradients.values())
        products = gramian(values) if len(values) > 1 else torch.ones(1, 1, dtype=torch.float64)
        if isinstance(self.method, MatrixMethod) and self.is_asked(products):
            matrix = flat(values)
            direction = self._direction(matrix, rows)
            if direction is not None:
                weights = _nearest_weights(products, matrix, direction)
                _leave_flat(parameters, values, direction)
                return dict(zip(gradients, weights, strict=True))
        weights = self.weights(products, rows)
        for parameter, each in zip(parameters, zip(*values, strict=True), strict=True):
            parameter.grad = weighted_sum(each, weights)
        return dict(zip(gradients, weights, strict=True))

    def _direction(self, matrix: Tensor, rows: Rows) -> Tensor | None:
        """That of the method, `None` if it finds none."""
        assert isinstance(self.method, MatrixMethod)
        try:
            direction = self.method.aggregate(matrix, rows)
            if direction.isfinite().all():
                return direction
        except (NoAnswerError, RuntimeError, ValueError):
            pass
        self.num_fallbacks += 1
        return None


def _leave_flat(parameters: Sequence[nn.Parameter], gradients: Sequence[Gradients], direction: Tensor) -> None:
    """Cut a direction over all parameters, which stand in it in their order, into their gradients."""
    reached = [any(row is not None for row in rows) for rows in zip(*gradients, strict=True)]
    chosen = [parameter for parameter, is_reached in zip(parameters, reached, strict=True) if is_reached]
    parts = direction.split([parameter.numel() for parameter in chosen])
    for parameter, part in zip(chosen, parts, strict=True):
        parameter.grad = part.view_as(parameter).to(parameter.dtype).clone()


def _nearest_weights(products: Tensor, matrix: Tensor, direction: Tensor) -> list[float]:
    """The weights ``w`` that minimise ``|sum_i w_i g_i - d|^2``, pulled to 0 a little for nearly parallel rows."""
    along = (matrix @ direction).double().cpu()
    ridge = 1e-3 * products.diagonal().max() * torch.eye(len(products), dtype=products.dtype)
    return torch.linalg.solve(products + ridge, along).tolist()
