"""One update from the tasks' gradients by the features that they share: the encoder is passed backwards once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from auxseg.balancing.balancer import Reduce, Step
from auxseg.balancing.combining.combining import Combining
from auxseg.balancing.combining.gram import gramian, weighted_sum
from auxseg.balancing.combining.method import GramMethod
from auxseg.balancing.task_gradients import Gradients, add_rows, own_memory


@dataclass(frozen=True)
class _Part:
    """A micro-batch whose graph before the features is still there: the features, and each loss's gradient by them."""

    features: Sequence[Tensor]
    gradients: Mapping[str, Gradients]


@final
class FeatureGradients(Combining):
    """Weighs the tasks' gradients by their inner products at the encoder's output: ``d = sum_i w_i g_i``.

    The gradients that a rule sees are those of the losses by the features of all images of the step. What lies before
    the features gets ``sum_i c_i w_i g_i``, and so does what several tasks share behind them, such as a decoder; what
    one task alone reaches gets its own gradient (times its weight in a step without the target, if the rule
    `keeps_weights`). Rules then treat a bound on the shared parameters' gradients: Sener and Koltun, Multi-Task
    Learning as Multi-Objective Optimization, NeurIPS 2018, https://arxiv.org/abs/1810.04650, section 3.3.

    Heads are passed backwards once each and the encoder once, after the weights are known. If a step has several
    micro-batches in this process, their graphs would pile up until then: the encoder is passed once per task instead,
    and gradients are kept by task. Either way the result is the same but for rounding.
    """

    reads_features = True

    def __init__(self, method: GramMethod, scales: Mapping[str, float], gate: Mapping[str, float], target: str) -> None:
        super().__init__(method, scales, gate, target)
        self._waiting: _Part | None = None
        self._kept: dict[str, Gradients] = {}
        self._products: dict[tuple[str, str], Tensor] = {}

    def begin_step(self, step: Step) -> None:
        """Start with no gradients."""
        encoder = {id(parameter) for parameter in step.features.parameters}
        self._step, self._kept, self._products, self._waiting = step, {}, {}, None
        self._before = [parameter for parameter in step.parameters if id(parameter) in encoder]
        self._behind = [parameter for parameter in step.parameters if id(parameter) not in encoder]
        self._num_parts = 0

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        """Pass the heads backwards, and keep what `finish` needs."""
        features = list(self._step.features.cut)
        losses = {name: loss for name, loss in self.taking_part(self._step, losses).items() if loss.requires_grad}
        at_features: dict[str, Gradients] = {}
        for name in self.ordered(losses):
            found = torch.autograd.grad(losses[name], [*features, *self._behind], retain_graph=True, allow_unused=True)
            if any(each is not None for each in found[: len(features)]):
                at_features[name] = found[: len(features)]
            self._keep(name, [*[None] * len(self._before), *found[len(features) :]])
        self._add_products(at_features)
        part = _Part(list(self._step.features.made), at_features)
        self._num_parts += 1
        if self._num_parts == 1:
            self._waiting = part
            return
        for each in (self._waiting, part):
            if each is not None:
                self._pass_by_task(each)
        self._waiting = None

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        """Find the weights, pass the encoder backwards and add the gradients up over all processes."""
        scales = {name: self.own_weight(name, loss) for name, loss in losses.items()}
        names = [name for name in self.ordered(losses) if scales[name] > 0 and name in self._kept]
        shares = self._shares(names, scales, losses, reduce)
        weights = {name: scale * shares.get(name, 1.0) for name, scale in scales.items()}
        self._leave(names, scales, weights)
        reduce([parameter.grad for parameter in self._step.parameters if parameter.grad is not None])
        self._waiting, self._kept = None, {}
        return weights

    def _shares(
        self, names: Sequence[str], scales: Mapping[str, float], losses: Mapping[str, float], reduce: Reduce
    ) -> dict[str, float]:
        """The rule's weight of each of these tasks."""
        names = [name for name in names if (name, name) in self._products]  # the others do not reach the features
        if len(names) < (1 if self.weighs_all(names) else 2):
            return {}
        products = torch.stack([torch.stack([self._product(one, other) for other in names]) for one in names])
        reduce([products])
        factors = torch.tensor([scales[name] for name in names], dtype=torch.float64)
        products = products.cpu() * factors[:, None] * factors[None, :]
        scaled = {name: scales[name] * losses[name] for name in names}
        return dict(zip(names, self.weights(products, self.rows(names, scaled, self._step)), strict=True))

    def _leave(self, names: Sequence[str], scales: Mapping[str, float], weights: Mapping[str, float]) -> None:
        """Leave this process's share of the step's gradients in the parameters."""
        parameters = [*self._before, *self._behind] if names else []
        is_all = self.weighs_all(names)
        by_parameter = zip(*(self._kept[name] for name in names), strict=True)
        for place, (parameter, rows) in enumerate(zip(parameters, by_parameter, strict=True)):
            is_shared = is_all or place < len(self._before) or sum(row is not None for row in rows) > 1
            parameter.grad = weighted_sum(rows, [(weights if is_shared else scales)[name] for name in names])
        if self._waiting is None:
            return
        rows = [self._waiting.gradients[name] for name in names if name in self._waiting.gradients]
        moving = [weights[name] for name in names if name in self._waiting.gradients]
        given = [weighted_sum(each, moving) for each in zip(*rows, strict=True)] or [None] * len(self._waiting.features)
        found = own_memory(self._through(self._waiting.features, given))
        for parameter, gradient in zip(self._before, found, strict=True):
            parameter.grad = gradient

    def _pass_by_task(self, part: _Part) -> None:
        """Pass the encoder backwards once per task, and free its graph."""
        for number, (name, gradients) in enumerate(part.gradients.items(), start=1):
            found = self._through(part.features, gradients, keep_graph=number < len(part.gradients))
            self._keep(name, [*found, *[None] * len(self._behind)])

    def _through(self, features: Sequence[Tensor], gradients: Gradients, *, keep_graph: bool = False) -> Gradients:
        """The gradients of what lies before the features, given those by the features."""
        reached = [(one, other) for one, other in zip(features, gradients, strict=True) if other is not None]
        if not reached or not self._before:
            return [None] * len(self._before)
        outputs, given = zip(*reached, strict=True)
        return torch.autograd.grad(outputs, self._before, given, retain_graph=keep_graph, allow_unused=True)

    def _keep(self, name: str, gradients: Gradients) -> None:
        self._kept[name] = add_rows(self._kept[name], gradients) if name in self._kept else gradients

    def _add_products(self, gradients: Mapping[str, Gradients]) -> None:
        """The features of different images are different coordinates, so inner products of parts simply add up."""
        names = list(gradients)
        if not names:
            return
        found = gramian(list(gradients.values()))
        for row, one in zip(found, names, strict=True):
            for value, other in zip(row, names, strict=True):
                self._products[one, other] = self._products.get((one, other), torch.zeros_like(value)) + value

    def _product(self, one: str, other: str) -> Tensor:
        zero = torch.zeros((), dtype=torch.float64)
        device = self._step.parameters[0].device
        return self._products.get((one, other), zero).to(device)
