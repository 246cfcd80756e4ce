from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from auxseg.models.layers.pooling import unpool

FORMATS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
every_format = pytest.mark.parametrize("memory_format", FORMATS.values(), ids=FORMATS)


def _pooled(size: tuple[int, int], memory_format: torch.memory_format, dtype: torch.dtype = torch.float64):
    x = torch.randn(2, 3, *size).to(dtype).contiguous(memory_format=memory_format)
    return F.max_pool2d(x, 2, return_indices=True)


@every_format
@given(height=st.integers(2, 9), width=st.integers(2, 9))
def test_same_as_torch(memory_format: torch.memory_format, height: int, width: int) -> None:
    values, indices = _pooled((height, width), memory_format)
    expected = F.max_unpool2d(values, indices, [2, 2], output_size=(height, width))
    found = unpool(values, indices, torch.Size((height, width)))
    assert torch.equal(found, expected)


@every_format
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_keeps_memory_format_and_type(memory_format: torch.memory_format, dtype: torch.dtype) -> None:
    values, indices = _pooled((8, 6), memory_format, dtype)
    found = unpool(values, indices, torch.Size((8, 6)))
    assert found.is_contiguous(memory_format=memory_format)
    assert found.dtype == dtype


@every_format
def test_gradient_in_deterministic_mode(memory_format: torch.memory_format) -> None:
    values, indices = _pooled((7, 8), memory_format)
    torch.use_deterministic_algorithms(True)
    try:
        assert torch.autograd.gradcheck(
            lambda x: unpool(x, indices, torch.Size((7, 8))), values.detach().requires_grad_()
        )
    finally:
        torch.use_deterministic_algorithms(False)
