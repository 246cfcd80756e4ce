"""Which tensors are summed over branches, and which are taken from one of them."""

from __future__ import annotations

import pytest
import torch

from auxseg.training.forking.merging import floating, merged, movers
from tests.training.learning import make_learner

TRAINED = (("mask",), ("mask", "species"))


def test_what_the_target_reaches_is_moved_by_all_and_a_head_by_its_branch() -> None:
    """With BatchNorm, whose running statistics move as the weights beside them."""
    network = make_learner(norm="batch").network
    names = [name for name, value in network.state_dict().items() if value.is_floating_point()]
    found = dict(zip(names, movers(network, TRAINED), strict=True))
    assert all(branches == ([1] if "by_task.species" in name else [0, 1]) for name, branches in found.items())
    assert any("by_task.species" in name for name in names)
    assert any(name.endswith("running_mean") for name in names)


def test_all_floating_numbers_of_the_state_are_there_in_its_order() -> None:
    network = make_learner(norm="batch").network
    state = [value for value in network.state_dict().values() if value.is_floating_point()]
    assert [id(value.data) for value in floating(network)] != []
    assert all(torch.equal(one, other) for one, other in zip(floating(network), state, strict=True))


def test_shared_tensors_are_summed_by_weight_and_others_taken() -> None:
    one, other, third = (torch.full((3,), value) for value in (1.0, 3.0, 10.0))
    branches = [[each] * 4 for each in (one, other, third)]
    found = merged(branches, [0.5, 0.25, 0.25], [[0, 1, 2], [1], [1, 2], []])
    assert [value[0].item() for value in found] == pytest.approx([3.75, 3.0, 6.5, 1.0])


def test_a_branch_alone_and_what_is_the_same_in_all_keep_every_bit() -> None:
    values = [torch.rand(50, generator=torch.Generator().manual_seed(seed)) for seed in range(2)]
    (alone,) = merged([[values[0]], [values[1]]], [0.0, 1.0], [[0, 1]])
    assert torch.equal(alone, values[1])
    (same,) = merged([[values[0]], [values[0].clone()]], [0.3, 0.7], [[0, 1]])
    assert torch.equal(same, values[0])
    assert same is not values[0]
