from __future__ import annotations

import pytest
import torch
from torch import nn

from auxseg.models.layers.residual import ResidualUnit, Unit, residual_units


@pytest.mark.parametrize("unit", ["normal", "bottleneck"])
def test_every_unit_adds_its_own_input(unit: Unit) -> None:
    """Units that learned nothing pass on what the unit before them gave, not what the block was given."""
    units = residual_units(8, 3, unit, "batch").eval()
    for number in (0, 2):
        last = units[number]
        assert isinstance(last, ResidualUnit)
        nn.init.zeros_(last.last.weight)
    x = torch.rand(2, 8, 5, 6)
    with torch.no_grad():
        middle = units[1](x)
        torch.testing.assert_close(units(x), middle)
        assert not torch.allclose(middle, x)


@pytest.mark.parametrize(
    ("unit", "num_parameters"),
    [
        ("normal", 2 * 9 * 16 * 16 + 2 * 2 * 16),
        ("bottleneck", 2 * 16 * 4 + 9 * 4 * 4 + 2 * (4 + 4 + 16)),
    ],
)
def test_sizes_by_hand(unit: Unit, num_parameters: int) -> None:
    assert sum(p.numel() for p in ResidualUnit(16, unit, "batch").parameters()) == num_parameters


def test_what_is_added_may_be_negative() -> None:
    """A ReLU before the sum would let features grow only."""
    unit = ResidualUnit(4, "normal", "batch").eval()
    x = torch.ones(1, 4, 6, 6)
    with torch.no_grad():
        assert (unit(x) < x).any()
