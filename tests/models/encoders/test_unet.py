"""What is particular to U-Net's encoder."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.models.encoders import ChainEncoder, UNetEncoderConfig


def _build(config: UNetEncoderConfig | None = None, width: float = 1.0) -> ChainEncoder:
    return (config or UNetEncoderConfig()).build(width=width, norm="batch", weights="none")


def test_keeps_no_indices() -> None:
    assert _build(width=0.25)(torch.rand(1, 3, 16, 16)).indices is None


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_sees_the_picture_through_the_first_kernel(kernel: Any) -> None:
    encoder = _build(UNetEncoderConfig(first_kernel=kernel), width=0.25)
    sizes = [unit.conv.kernel_size[0] for stage in encoder.chain() for unit in stage.units()]
    assert sizes == [kernel, kernel, 3, 3, 3, 3, 3, 3]


def test_number_of_parameters_by_hand() -> None:
    """Two convolutions without bias and two normalisations of two numbers per channel at each resolution."""
    encoder = _build(UNetEncoderConfig(channels=(8, 16, 24), first_kernel=5))
    kernels = (3 * 8 + 8 * 8) * 25 + (8 * 16 + 16 * 16) * 9 + (16 * 24 + 24 * 24) * 9
    assert sum(parameter.numel() for parameter in encoder.parameters()) == kernels + 2 * 2 * (8 + 16 + 24)


def test_width_multiplies_every_stage() -> None:
    encoder = _build(UNetEncoderConfig(channels=(32, 64)), width=0.5)
    assert encoder.channels == (16, 32, 32)
    assert encoder.entry_channels == (16, 32)


def test_a_pixel_is_seen_as_far_as_kernels_and_poolings_reach() -> None:
    """7x7 twice, pooled, then 3x3 twice: 6 pixels and 1, and 2 pixels of 2 on either side."""
    encoder = _build(UNetEncoderConfig(channels=(4, 4)), width=1.0).eval()
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    level = encoder(image).features[1]
    (gradient,) = torch.autograd.grad(level[0, :, 16, 16].sum(), image)
    seen = gradient.abs().sum((0, 1)).nonzero()
    low, high = seen.min().item(), seen.max().item()
    assert low >= 2 * (16 - 2) - 6
    assert high <= 2 * (16 + 2) + 1 + 6
    assert high - low > 3 * 2 + 6  # and further than one convolution of each stage would reach


def test_has_no_pretrained_weights() -> None:
    with pytest.raises(InputError, match=r"model\.weights: the unet encoder has no pretrained weights.*found timm"):
        UNetEncoderConfig().check(width=1.0, weights="timm")
    UNetEncoderConfig().check(width=0.5, weights="none")


@pytest.mark.parametrize(
    "values",
    [{"channels": []}, {"channels": [8] * 8}, {"channels": [0]}, {"channels": [8193]}, {"first_kernel": 4}],
)
def test_sizes_that_no_encoder_has(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(UNetEncoderConfig).validate_python(values)
