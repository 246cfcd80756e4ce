"""Half precision is widened before losses are summed; wider numbers stay what they are."""

from __future__ import annotations

import pytest
import torch

from auxseg.tasks.losses import at_least_float32


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_widens_to_float32_at_least(given: torch.dtype, expected: torch.dtype) -> None:
    output = torch.tensor([1.5, -3.0], dtype=given)
    widened = at_least_float32(output)
    assert widened.dtype == expected
    assert widened.tolist() == [1.5, -3.0]
    assert (widened is output) == (given == expected)


def test_a_sum_of_many_small_numbers_keeps_them_all() -> None:
    """In bfloat16 itself a sum of ones would stand still at 256."""
    ones = torch.ones(4096, dtype=torch.bfloat16, requires_grad=True)
    at_least_float32(ones).cumsum(0)[-1].backward()
    assert at_least_float32(ones.detach()).cumsum(0)[-1] == 4096
    assert ones.grad is not None
    assert (ones.grad == 1).all()
