from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from auxseg.models.initialise import equalise_step_sizes, initialise_convolutions, initialise_output, own_randomness


def _draw(seed: int, part: str) -> torch.Tensor:
    with own_randomness(seed, part):
        return torch.rand(8)


def test_a_part_draws_by_seed_and_name_whatever_was_drawn_before() -> None:
    first = _draw(0, "encoder")
    torch.rand(3)
    assert torch.equal(first, _draw(0, "encoder"))
    assert not torch.equal(first, _draw(1, "encoder"))
    assert not torch.equal(first, _draw(0, "head segmentation"))


def test_the_stream_outside_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    _draw(0, "encoder")
    assert torch.equal(torch.rand(2), expected)


def test_the_draw_is_the_same_on_every_machine_and_release() -> None:
    assert _draw(0, "encoder")[:2].tolist() == pytest.approx([0.20539510250091553, 0.20146441459655762])


def test_convolutions_are_drawn_for_a_relu_behind_them() -> None:
    unit = nn.Sequential(nn.Conv2d(64, 64, 3), nn.Conv2d(64, 64, 3, groups=64))
    initialise_convolutions(unit)
    full, by_channel = (next(layer.parameters()).std().item() for layer in unit.children())
    assert full == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.02)
    assert by_channel == pytest.approx(math.sqrt(2 / 9), rel=0.2)


@pytest.mark.parametrize("layer", [nn.Conv2d(16, 2, 3), nn.Linear(16, 4)])
def test_outputs_start_near_zero(layer: nn.Conv2d | nn.Linear) -> None:
    initialise_output(layer)
    assert layer.bias is not None
    assert not layer.bias.any()
    assert 0 < layer.weight.abs().max().item() < 0.05
    assert layer.weight.std().item() == pytest.approx(0.01, rel=6 / math.sqrt(layer.weight.numel()))


def test_equalised_convolutions_have_one_size_and_zeros_stay_zeros() -> None:
    drawn, zeros = (nn.Conv2d(8, 8, 3, bias=False) for _ in range(2))
    nn.init.zeros_(zeros.weight)
    equalise_step_sizes(nn.Sequential(drawn, zeros), size=0.03)
    assert drawn.weight.square().mean().sqrt().item() == pytest.approx(0.03)
    assert not zeros.weight.any()


def test_weights_that_are_not_there_are_not_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took most of the time of checking a recipe."""
    network = nn.Conv2d(3, 4, 3, bias=False, device="meta")
    monkeypatch.setattr(torch.Tensor, "square", lambda self: pytest.fail("nothing is known of these weights"))
    equalise_step_sizes(network)
    assert network.weight.is_meta
