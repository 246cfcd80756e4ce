from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from auxseg.models.heads import DenseHead, VectorHead, pool_to_grid
from auxseg.tasks.task import Dense, Vector


@given(height=st.integers(1, 12), width=st.integers(1, 12), grid=st.integers(1, 8))
def test_pooling_is_adaptive_average_pooling(height: int, width: int, grid: int) -> None:
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    torch.testing.assert_close(pool_to_grid(x, grid), F.adaptive_avg_pool2d(x, grid))


def test_dense_head_can_say_no() -> None:
    """No ReLU cuts the logits off."""
    logits = DenseHead(8, Dense(3))(torch.randn(2, 8, 16, 16))
    assert logits.shape == (2, 3, 16, 16)
    assert (logits < 0).any()
    assert (logits > 0).any()


@pytest.mark.parametrize(
    ("output", "num_parameters"),
    [
        (Vector(2), 8 * 2 + 2),
        (Vector(4, grid=3), 8 * 9 * 4 + 4),
        (Vector(4, grid=2, hidden=10), (8 * 4 + 1) * 10 + (10 + 1) * 4),
    ],
)
def test_vector_head_has_the_layers_asked_for(output: Vector, num_parameters: int) -> None:
    head = VectorHead(8, output)
    assert sum(parameter.numel() for parameter in head.parameters()) == num_parameters
    assert head(torch.randn(3, 8, 5, 7)).shape == (3, output.size)


def test_dropout_acts_in_training_only() -> None:
    head = VectorHead(64, Vector(2, hidden=64, dropout=0.5))
    x = torch.randn(4, 64, 2, 2)
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))
