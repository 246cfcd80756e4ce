"""The protocol of a balancer: what one of one's own has to say, and what a step tells it."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import pytest
import torch
from torch import Tensor, nn

from auxseg.balancing import Balancer, BalancerConfig, Step
from auxseg.balancing.balancer import Reduce
from tests.balancing.problem import NAMES, Trainer, build


@final
class _Halves(Balancer):
    """Follows half of every loss's gradient and counts its steps in a buffer."""

    num_steps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("num_steps", torch.zeros((), dtype=torch.int64))

    def begin_epoch(self, epoch: int) -> None:
        """Every epoch is like every other."""

    def begin_step(self, step: Step) -> None:
        self.labelled = step.labelled

    def backward(self, losses: Mapping[str, Tensor]) -> None:
        torch.stack([0.5 * losses[name] for name in sorted(self.labelled)]).sum().backward()

    def finish(self, losses: Mapping[str, float], reduce: Reduce) -> dict[str, float]:
        self.num_steps += 1
        return dict.fromkeys(losses, 0.5)


def test_one_of_ones_own_trains_as_its_weights_say() -> None:
    own, reference = Trainer(_Halves()), Trainer(build("fixed", weights=dict.fromkeys(NAMES, 0.5)))
    for step in range(4):
        assert own.step(step, num_parts=2)[1] == reference.step(step, num_parts=2)[1] == dict.fromkeys(NAMES, 0.5)
    for name, value in own.weights().items():
        torch.testing.assert_close(value, reference.weights()[name])


def test_what_it_owns_is_saved_with_it() -> None:
    own = Trainer(_Halves())
    for step in range(3):
        own.step(step)
    other = _Halves()
    other.load_state_dict(own.balancer.state_dict())
    assert other.num_steps.item() == 3


@pytest.mark.parametrize("method", ["begin_epoch", "begin_step", "backward", "finish"])
def test_one_that_leaves_a_part_of_a_step_out_is_none(method: str) -> None:
    parts = {name: value for name, value in vars(_Halves).items() if name != method}
    incomplete: Any = type("Incomplete", (Balancer,), {**parts, "__module__": __name__})
    with pytest.raises(TypeError, match=f"abstract.*{method}"):
        incomplete()


def test_what_is_known_of_a_step_cannot_be_changed_by_whoever_is_told() -> None:
    step = Step(0, 1, frozenset("ab"), [nn.Parameter(torch.ones(1))])
    with pytest.raises(dataclasses.FrozenInstanceError):
        step.number = 1  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(step.labelled, frozenset)


def test_every_kind_has_a_row_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs/balancing.md").read_text("utf-8")
    rows = {kind for line in page.splitlines() if line.startswith("| `") for kind in re.findall(r"`([^`]+)`", line)}
    union, _ = typing.get_args(BalancerConfig)
    assert {typing.get_args(each)[1].tag for each in typing.get_args(union)} <= rows
