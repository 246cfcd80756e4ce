from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.models.layers.blocks import scaled


@pytest.mark.parametrize(
    ("channels", "width", "expected"), [(64, 1.0, 64), (64, 0.25, 16), (64, 0.05, 4), (12, 1.0, 16), (1, 1.0, 4)]
)
def test_scaled_channels(channels: int, width: float, expected: int) -> None:
    assert scaled(channels, width) == expected


@given(st.integers(1, 1024), st.floats(0.01, 4))
def test_scaled_channels_are_near_and_divide_into_groups(channels: int, width: float) -> None:
    found = scaled(channels, width)
    assert found == 4 or found % 8 == 0
    assert abs(found - channels * width) <= 4
