"""One update from the gradients of single tasks, whatever rule combines them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
import torch
from torch import Tensor, nn

from auxseg.balancing.balancer import Balancer, Reduce, Step
from auxseg.balancing.combining.gram import flat, gramian, weighted_sum
from auxseg.balancing.combining.method import GramMethod, MatrixMethod, Method, NoAnswerError, Rows, mean_weights
from auxseg.balancing.task_gradients import Gradients, add_gradients

Scope = Literal["shared", "all"]


@final
class CombinedGradients(Balancer):
    """Combines the gradients of the losses ``c_i L_i``, with the recipe's scales ``c``, into one direction by a method.

    With the scope ``shared`` the gradients are those of the parameters that two tasks or more reach in the step; what
    one task alone reaches (its head) gets that task's own gradient. With ``all`` they are those of all parameters, so
    that heads are scaled as well.

    A task takes part in a step if its scale is not zero, something in the step has a label for it, and its loss is not
    below its threshold in ``gate``. One that does not take part has no row among the gradients: a row of zeros would
    stop MGDA and shrink others. One task alone gets its own gradient, whatever the method.

    The gradients are added up over micro-batches and processes before they are combined, in float32. So a step costs a
    backward pass per task and memory for a gradient per task, and cutting it differently changes nothing but rounding.

    Where a method finds no answer (its solver does not converge, or gives numbers that are not finite), the mean of the
    gradients is followed in that step; ``num_fallbacks`` counts them, over interruptions too.
    """

    def __init__(
        self, method: Method, scales: Mapping[str, float], gate: Mapping[str, float], target: str, scope: Scope
    ) -> None:
        super().__init__()
        self.method, self.scales, self.gate, self.target = method, dict(scales), dict(gate), target
        self.scope: Scope = scope
        self._kept: dict[str, Gradients] = {}

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""

    def begin_step(self, step: Step) -> None:
        """Start with no gradients."""
        self._step, self._kept = step, {}

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Add up the gradient of every task that takes part, each by itself."""
        on = {name: loss for name, loss in losses.items() if self.scales[name] > 0 and name in self._step.labelled}
        self._kept = add_gradients(self._kept, on, self._step.parameters)

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        """Add the gradients up over all processes and combine them.

        Returns the weight of every gradient in the direction. Where the direction is no weighted sum of the gradients,
        these are the weights with which such a sum comes nearest to it.
        """
        weights = {name: self._own_weight(name, loss) for name, loss in losses.items()}
        kept = {name: self._kept[name] for name in self._ordered(self._kept) if weights.get(name, 0.0) > 0}
        self._kept = {}
        for name, gradients in kept.items():
            own = [None if gradient is None else _own_memory(gradient) for gradient in gradients]
            reduce([gradient for gradient in own if gradient is not None])
            scale = weights[name]
            kept[name] = own if scale == 1 else [None if each is None else scale * each for each in own]
        places = self._places_to_combine(kept)
        rows = {name: [gradients[place] for place in places] for name, gradients in kept.items()}
        rows = {name: row for name, row in rows.items() if any(gradient is not None for gradient in row)}
        self._leave_own(kept, places)
        shares = self._combine(rows, {name: weights[name] * losses[name] for name in rows}, places)
        return {name: weight * shares.get(name, 1.0) for name, weight in weights.items()}

    def _own_weight(self, name: str, loss: float) -> float:
        is_on = self.scales[name] > 0 and not loss < self.gate.get(name, -math.inf)
        return self.scales[name] if is_on else 0.0

    def _ordered(self, names: Collection[str]) -> list[str]:
        """The target first, then by name, so that the order of tasks in a recipe changes no draw and no rounding."""
        return sorted(names, key=lambda name: (name != self.target, name))

    def _places_to_combine(self, kept: Mapping[str, Gradients]) -> list[int]:
        """Which parameters of the step are in the scope."""
        fewest = 2 if self.scope == "shared" else 1
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
        rows = Rows(tuple(gradients), next(iter(gradients)) == self.target, losses, self._step.number)
        values = list(gradients.values())
        products = gramian(values) if len(values) > 1 else torch.ones(1, 1, dtype=torch.float64)
        if isinstance(self.method, MatrixMethod) and self._is_asked(products):
            matrix = flat(values)
            direction = self._direction(matrix, rows)
            if direction is not None:
                weights = _nearest_weights(products, matrix, direction)
                _leave_flat(parameters, values, direction)
                return dict(zip(gradients, weights, strict=True))
        weights = self._weights(products, rows)
        for parameter, each in zip(parameters, zip(*values, strict=True), strict=True):
            parameter.grad = weighted_sum(each, weights)
        return dict(zip(gradients, weights, strict=True))

    def _is_asked(self, products: Tensor) -> bool:
        """Whether there is anything to combine: enough gradients, and not all of them zero."""
        num_tasks = len(products)
        is_moving = bool(products.diagonal().max() > 0)
        return is_moving and num_tasks > 1 and num_tasks >= self.method.num_tasks_needed

    def _weights(self, products: Tensor, rows: Rows) -> list[float]:
        """Those of the method, or of the mean where it is not asked or finds none."""
        if isinstance(self.method, GramMethod) and self._is_asked(products):
            try:
                weights = self.method.weigh(products, rows)
                if weights.isfinite().all():
                    return weights.tolist()
            except (NoAnswerError, RuntimeError, ValueError, np.linalg.LinAlgError):  # torch's own is a RuntimeError
                pass
            self.num_fallbacks += 1
        return mean_weights(len(products)).tolist()

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

    def get_extra_state(self) -> dict[str, Any]:
        """What a checkpoint must keep beside the method's own state."""
        return {"num_fallbacks": self.num_fallbacks}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.num_fallbacks = int(state["num_fallbacks"])


def _own_memory(gradient: Tensor) -> Tensor:
    """The gradient with memory for each of its numbers: autograd may give one number in the place of many."""
    return gradient.clone() if 0 in gradient.stride() else gradient


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
