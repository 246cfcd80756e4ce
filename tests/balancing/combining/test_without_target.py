"""Steps without the target's label: weights that a rule keeps hold for all that auxiliaries reach."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from auxseg.balancing import Features, Step
from auxseg.balancing.combining.combining import Combining
from tests.balancing.problem import COMBINING, nothing

NAMES = ("a", "b", "c")
"""The target, an auxiliary that reads its decoder, and one with a head of its own."""
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "auto-lambda": {"step_size": 0.1},
    "ol-aux": {"step_size": 0.5, "every": 1},
    "metabalance": {"relax": 1.0, "beta": 0.0},
}
KEEPS = pytest.mark.parametrize(("kind", "scope"), [(kind, "shared") for kind in SETTINGS] + [("ol-aux", "features")])


class _Problem:
    """An encoder, the target's decoder and the head of ``c``, each a few numbers of which every loss is linear."""

    def __init__(self, kind: str, scope: str = "shared", factor: float = -1.0) -> None:
        self.encoder, self.decoder, self.head = (nn.Parameter(torch.ones(3)) for _ in range(3))
        self.parameters, self.factor, self.number = [self.encoder, self.decoder, self.head], factor, 0
        self.balancer = COMBINING[kind](scope=scope, **SETTINGS.get(kind, {})).build(NAMES, "a", 0)
        assert isinstance(self.balancer, Combining)

    def losses(self, encoder: Tensor) -> dict[str, Tensor]:
        target = encoder.sum() + self.decoder.sum()
        return {"a": target, "b": self.factor * target, "c": encoder.sum() + self.head.sum()}

    def step(self, *labelled: str) -> dict[str, float]:
        """The weights of a step; gradients stay in the parameters."""
        for parameter in self.parameters:
            parameter.grad = None
        features, encoder = Features(), 1 * self.encoder
        if self.balancer.reads_features:
            cut = encoder.detach().requires_grad_()
            features = Features(parameters=[self.encoder], made=[encoder], cut=[cut])
            encoder = cut
        self.balancer.begin_step(Step(self.number, 1, frozenset(labelled), self.parameters, features))
        losses = {name: loss for name, loss in self.losses(encoder).items() if name in labelled}
        self.balancer.backward(losses)
        self.number += 1
        return self.balancer.finish(dict.fromkeys(losses, 1.0), nothing)

    def moved(self) -> list[float]:
        """The gradient of encoder, decoder and head, of which all numbers are alike."""
        return [0.0 if each.grad is None else float(each.grad[0]) for each in self.parameters]


@KEEPS
@pytest.mark.parametrize("labelled", ["b", "bc", "c"])
def test_weights_hold_for_everything_that_auxiliaries_reach(kind: str, scope: str, labelled: str) -> None:
    """Also for the target's decoder, if only one of several auxiliaries reaches it."""
    problem = _Problem(kind, scope, factor=-4.0)
    for _ in range(20):
        problem.step(*NAMES)
    before = problem.step(*NAMES)
    weights = problem.step(*labelled)
    if kind != "metabalance":
        assert before["b"] == 0
    assert weights == pytest.approx({name: before[name] for name in labelled}, rel=0.1)  # as the last step left them
    of_b, of_c = -4.0 * weights.get("b", 0.0), weights.get("c", 0.0)
    assert problem.moved() == pytest.approx([of_b + of_c, of_b, of_c], abs=1e-6)


@KEEPS
def test_such_a_step_changes_no_weight(kind: str, scope: str) -> None:
    whole, other = _Problem(kind, scope), _Problem(kind, scope)
    for _ in range(3):
        whole.step(*NAMES)
        other.step(*NAMES)
    held = [other.step(*labelled) for labelled in ("bc", "b", "c", "bc")]
    assert held[0] == held[-1]
    if kind != "auto-lambda":  # which judges these steps by the target's next label, as it should
        assert other.step(*NAMES) == whole.step(*NAMES)


@KEEPS
def test_with_the_target_heads_get_their_own_gradients(kind: str, scope: str) -> None:
    problem = _Problem(kind, scope)
    for _ in range(5):
        weights = problem.step(*NAMES)
        assert problem.moved()[1:] == pytest.approx([weights["a"] - weights["b"], 1.0])


@KEEPS
def test_the_target_alone_gets_its_own_gradient(kind: str, scope: str) -> None:
    problem = _Problem(kind, scope)
    problem.step(*NAMES)
    assert problem.step("a") == {"a": 1.0}
    assert problem.moved() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize("kind", ["gcs", "target-pcgrad", "pcd"])
def test_rules_that_look_at_the_step_alone_sum_the_gradients(kind: str) -> None:
    problem = _Problem(kind)
    problem.step(*NAMES)
    assert problem.step("b", "c") == {"b": 1.0, "c": 1.0}
    assert problem.moved() == [0.0, -1.0, 1.0]
