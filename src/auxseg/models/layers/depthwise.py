"""Depthwise convolutions with a stride, kept away from a slow path on CPUs."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn


@final
class StridedDepthwise(nn.Conv2d):
    """A convolution that computes in its weights' own precision on a CPU, also where autocast runs the rest in bf16.

    oneDNN's bf16 backward of a depthwise convolution with a stride falls back to a reference loop, three to sixteen
    times slower than float32 and a third of a MobileNetV2's whole step.
    """

    def forward(self, input: Float[Tensor, "N C _ _"]) -> Float[Tensor, "N C _ _"]:
        """Convolve."""
        if input.device.type != "cpu":
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.to(self.weight.dtype))


def avoid_slow_depthwise(network: nn.Module) -> None:
    """Replace every plain strided depthwise convolution below ``network``; names and weights stay."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Conv2d and 1 < child.groups == child.in_channels and max(child.stride) > 1:
                setattr(parent, name, _replacement(child))


def _replacement(convolution: nn.Conv2d) -> StridedDepthwise:
    replacement = StridedDepthwise(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,  # pyright: ignore[reportArgumentType]  (torch types it as a tuple of any length)
        convolution.stride,  # pyright: ignore[reportArgumentType]
        convolution.padding,  # pyright: ignore[reportArgumentType]
        convolution.dilation,  # pyright: ignore[reportArgumentType]
        convolution.groups,
        convolution.bias is not None,
        convolution.padding_mode,  # pyright: ignore[reportArgumentType]
        device="meta",
    )
    replacement.weight, replacement.bias = convolution.weight, convolution.bias
    return replacement
