"""Refining the target's map by the maps of other tasks: what they predict enters the target's head.

Xu, Ouyang, Wang, Sebe, "PAD-Net: Multi-Tasks Guided Prediction-and-Distillation Network for Simultaneous Depth
Estimation and Scene Parsing", CVPR 2018, https://arxiv.org/abs/1805.04409, whose first module this is in small: the
predictions themselves are joined, by two convolutions. Where we depart from it: the result is added to what the
target's head says by itself, and starts at zero, so that training begins with the network that has no refinement.

Shape legend: ``N`` images, ``C`` channels of the target's map, ``H W`` the size of all maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.initialise import own_randomness
from auxseg.tasks.task import Dense, Output, Vector

HIDDEN_CHANNELS: Final = 16


@final
class Refinement(nn.Module):
    """Adds to the map of ``task`` what two convolutions make of it and of the maps of the tasks in ``sources``.

    ``logits + out(relu(join([logits, maps])))``, ``join`` of 3x3 and ``out`` of 1x1. The maps are taken as they are: no
    gradient goes to the tasks that predicted them, which learn from their own labels alone.
    """

    def __init__(self, task: str, sources: Sequence[str], channels: int, map_channels: int) -> None:
        super().__init__()
        self.task, self.sources = task, tuple(sources)
        self.join = nn.Conv2d(channels + map_channels, HIDDEN_CHANNELS, 3, padding=1)
        self.out = nn.Conv2d(HIDDEN_CHANNELS, channels, 1)
        nn.init.kaiming_normal_(self.join.weight, nonlinearity="relu")
        nn.init.zeros_(self.out.weight)
        for layer in (self.join, self.out):
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, outputs: Mapping[str, Tensor]) -> Float[Tensor, "N C H W"]:
        """The refined map of ``task``, from the maps ``N _ H W`` of all tasks that are needed, by name."""
        logits = outputs[self.task]
        maps = [outputs[source].detach() for source in self.sources]
        return logits + self.out(F.relu(self.join(torch.cat([logits, *maps], 1))))


def build_refinement(
    sources: Sequence[str], outputs: Mapping[str, Dense | Vector], target: str, seed: int
) -> Refinement | None:
    """What refines the target's map by those of the tasks in ``sources``; nothing without any.

    Raises `InputError`, naming ``model.refine_by``, for what is no other task with a map of its own.
    """
    if not sources:
        return None
    form = outputs[target]
    if not isinstance(form, Dense):
        raise InputError(f"model.refine_by: the target {target!r} has no map to refine; leave model.refine_by out")
    maps = [_map(source, outputs, target) for source in sources]
    if len(set(sources)) < len(sources):
        raise InputError(f"model.refine_by names a task twice: {', '.join(sources)}")
    with own_randomness(seed, f"refinement {target}"):
        return Refinement(target, sources, form.channels, sum(each.channels for each in maps))


def _map(source: str, outputs: Mapping[str, Output], target: str) -> Dense:
    form = outputs.get(source)
    if source == target or not isinstance(form, Dense):
        able = [name for name, each in outputs.items() if name != target and isinstance(each, Dense)]
        raise InputError(
            f"model.refine_by names {source!r}, expected tasks of this recipe, other than the target, that predict a "
            f"map of their own ({', '.join(able) or 'here none'}); leave {source!r} out"
        )
    return form
