"""Masks and streams of attention, against the words of the paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.models.initialise import own_randomness
from auxseg.models.layers.norms import Norm
from auxseg.models.sharing.attention import Attention, Streams, build_streams


class _Builder:
    """Draws every part from a stream of its own and notes which parts were asked for."""

    outputs: Any = {}  # noqa: RUF012
    target = "mask"
    encoder: Any = None
    decoder: Any = None
    dense_head: Any = None
    branch: Any = None

    def __init__(self, norm: Norm = "batch", seed: int = 0) -> None:
        self.norm: Norm = norm
        self.seed = seed
        self.parts: list[str] = []

    @contextmanager
    def randomness(self, part: str) -> Iterator[None]:
        self.parts.append(part)
        with own_randomness(self.seed, part):
            yield


def _streams(tasks: str = "ab", builder: Any = None) -> Streams:
    return build_streams(builder or _Builder(), "encoder", tasks, [(3, None, 4), (5, 4, 6)], [(4, 4), (6, 7)])


@pytest.mark.parametrize("task_channels", [None, 2])
def test_the_mask_is_one_convolution_over_both_inputs_joined(task_channels: int | None) -> None:
    attention = Attention(3, task_channels, 4, "batch").double()
    u = torch.randn(2, 3, 5, 6, dtype=torch.float64)
    features = None if task_channels is None else torch.randn(2, task_channels, 5, 6, dtype=torch.float64)
    joined, weight = u, attention.from_u.weight
    if features is not None:
        assert attention.from_task is not None
        joined, weight = torch.cat([u, features], 1), torch.cat([weight, attention.from_task.weight], 1)
    hidden = F.batch_norm(F.conv2d(joined, weight), None, None, training=True).relu()
    expected = F.batch_norm(F.conv2d(hidden, attention.to_mask.weight), None, None, training=True).sigmoid()
    torch.testing.assert_close(attention(u, features), expected)


def test_a_mask_is_between_zero_and_one() -> None:
    mask = Attention(3, None, 4, "group")(100 * torch.randn(2, 3, 8, 8), None)
    assert mask.shape == (2, 4, 8, 8)
    assert 0 < mask.min() < 0.5 < mask.max() < 1


def test_neither_input_is_overwritten() -> None:
    attention = Attention(3, 2, 4, "batch")
    u, features = torch.randn(1, 3, 4, 4), torch.randn(1, 2, 4, 4)
    before = u.clone(), features.clone()
    attention(u, features)
    assert torch.equal(u, before[0])
    assert torch.equal(features, before[1])


def test_a_task_sees_the_level_through_its_own_mask() -> None:
    streams = _streams().eval()
    u, p = torch.randn(1, 3, 4, 4), torch.randn(1, 4, 4, 4)
    seen = {task: streams.attend(task, 0, u, p, None) for task in "ab"}
    for task in "ab":
        torch.testing.assert_close(seen[task], streams.stream(task).attentions[0](u, None) * p)
        assert (seen[task].abs() <= p.abs()).all()
    assert not torch.equal(seen["a"], seen["b"])


def test_pooling_ahead_of_the_relu_is_pooling_behind_it() -> None:
    streams = _streams().double()
    features = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    found = streams.convolve("a", 0, features, lambda x: F.max_pool2d(x, 2))
    convolved = F.conv2d(features, streams.convolutions[0].get_parameter("weight"), padding=1)
    expected = F.max_pool2d(F.batch_norm(convolved, None, None, training=True).relu(), 2)
    torch.testing.assert_close(found, expected)


def test_a_convolution_is_shared_and_its_normalisation_is_not() -> None:
    streams = _streams()
    norm = streams.stream("a").norms[0]
    nn.init.constant_(norm.get_parameter("weight"), 2)
    features = torch.randn(2, 4, 6, 6)
    a, b = (streams.convolve(task, 0, features) for task in "ab")
    torch.testing.assert_close(a, 2 * b)
    shared = {id(parameter) for parameter in streams.convolutions.parameters()}
    assert not shared & {id(parameter) for parameter in streams.by_task.parameters()}


def test_one_task_does_not_move_anothers_running_statistics() -> None:
    streams = _streams()
    before = {name: value.clone() for name, value in streams.stream("b").named_buffers()}
    streams.convolve("a", 0, torch.randn(2, 4, 6, 6) + 3)
    assert all(torch.equal(value, before[name]) for name, value in streams.stream("b").named_buffers())
    mean = streams.stream("a").norms[0].get_buffer("running_mean")
    assert mean.any()


def test_channels_are_those_that_were_asked_for() -> None:
    streams = _streams()
    first, second = streams.stream("a").attentions
    assert isinstance(first, Attention)
    assert isinstance(second, Attention)
    assert first.from_task is None
    assert second.from_task is not None
    shapes = [tuple(layer.weight.shape[:2]) for layer in (first.from_u, second.from_u, second.from_task)]
    assert shapes == [(4, 3), (6, 5), (6, 4)]
    assert [tuple(layer.get_parameter("weight").shape) for layer in streams.convolutions] == [
        (4, 4, 3, 3),
        (7, 6, 3, 3),
    ]
    assert [norm.get_parameter("weight").shape[0] for norm in streams.stream("b").norms] == [4, 7]


def test_normalisation_is_the_networks() -> None:
    streams = _streams(builder=_Builder("group"))
    assert not [module for module in streams.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len([module for module in streams.modules() if isinstance(module, nn.GroupNorm)]) == 2 * (2 * 2 + 2)


def test_every_part_draws_from_a_stream_of_its_name() -> None:
    builder = _Builder()
    state = _streams("ab", builder).state_dict()
    assert builder.parts == ["attention encoder a", "attention encoder b", "attention encoder"]
    more = _streams("cba").state_dict()
    assert state.keys() < more.keys()
    assert all(torch.equal(value, more[name]) for name, value in state.items())
    weights = [state[f"by_task.{task}.attentions.0.from_u.weight"] for task in "ab"]
    assert not torch.equal(*weights)


def test_convolutions_are_drawn_for_a_relu_behind_them() -> None:
    streams = build_streams(_Builder(), "encoder", "a", [(64, None, 64)], [(64, 64)])
    weight: Tensor = streams.convolutions[0].get_parameter("weight")
    assert weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.05)
