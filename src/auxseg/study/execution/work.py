"""How much computing arms take relative to each other, so that not every one of them has to be timed."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from auxseg.data.sample import Vocabulary
from auxseg.models import outline
from auxseg.recipe import Recipe, build_tasks, trained_together
from auxseg.tasks.views import by_view

_FEW_PIXELS: Final = 128
"""Up to this side a pass of one image takes less than a pass of tensors without values, which costs the same always."""


def work(recipe: Recipe, vocabulary: Vocabulary) -> int:
    """Multiplications in the convolutions and linear layers of a forward pass of one image, for every view and branch.

    Good for ratios: `auxseg.study.design.same_compute` counts what a step takes, in ten times the time.
    """
    tasks = build_tasks(recipe, vocabulary)
    outputs = {name: task.output for name, task in tasks.items()}
    network = outline(recipe.model, outputs, recipe.target, len(vocabulary.channels)).eval()
    size = recipe.data.input_size(recipe.data.size or vocabulary.size)
    device = "cpu" if size.longer <= _FEW_PIXELS else "meta"
    if device == "cpu":
        network.to_empty(device=device)
        with torch.no_grad():
            for values in (*network.parameters(), *network.buffers()):  # a backbone of timm looks up by its buffers
                values.zero_()
    counts: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        each = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        counts.append(each.numel() * weight[0].numel())

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        for branch in trained_together(recipe):
            for names in by_view(tasks[name] for name in branch).values():
                network(torch.zeros(1, network.in_channels, *size, device=device), names)
    return sum(counts)
