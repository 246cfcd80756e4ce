"""What turns features into a task's output. No normalisation or activation follows the last layer.

Shape legend: ``N`` images, ``C`` channels in, ``K`` numbers or channels out, ``H W`` the features' size,
``g`` the grid's side.
"""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.initialise import initialise_output
from auxseg.tasks.task import Dense, Vector


@final
class DenseHead(nn.Module):
    """A 3x3 convolution to one logit per channel and pixel."""

    def __init__(self, in_channels: int, output: Dense) -> None:
        super().__init__()
        self.logits = nn.Conv2d(in_channels, output.channels, 3, padding=1)
        initialise_output(self.logits)

    def forward(self, features: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K H W"]:
        """One convolution."""
        return self.logits(features)


@final
class VectorHead(nn.Module):
    """Mean over the cells of a grid, a hidden layer where one is asked for, and a linear layer to the numbers."""

    def __init__(self, in_channels: int, output: Vector) -> None:
        super().__init__()
        self.grid = output.grid
        size = in_channels * output.grid**2
        layers: list[nn.Module] = []
        if output.hidden:
            layers += [nn.Linear(size, output.hidden), nn.ReLU()]
            size = output.hidden
        last = nn.Linear(size, output.size)
        initialise_output(last)
        self.layers = nn.Sequential(*layers, nn.Dropout(output.dropout), last)

    def forward(self, features: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K"]:
        """Pool, then apply the layers."""
        return self.layers(pool_to_grid(features, self.grid).flatten(1))


def pool_to_grid(features: Float[Tensor, "N C H W"], grid: int) -> Float[Tensor, "N C g g"]:
    """Adaptive average pooling as two matrix products: deterministic on every device and exportable at any size."""
    rows, columns = _cell_means(features, -2, grid), _cell_means(features, -1, grid)
    return rows @ features @ columns.T


def _cell_means(features: Float[Tensor, "N C H W"], axis: int, grid: int) -> Float[Tensor, "g _"]:
    """Row i averages the pixels of cell i, from floor(i * length / grid) up to ceil((i + 1) * length / grid)."""
    length = features.shape[axis]
    cell = torch.arange(grid, device=features.device)[:, None]
    pixel = torch.arange(length, device=features.device)[None, :]
    inside = (pixel >= cell * length // grid) & (pixel < ((cell + 1) * length + grid - 1) // grid)
    return (inside / inside.sum(1, keepdim=True)).to(features.dtype)
