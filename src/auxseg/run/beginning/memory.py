"""Whether what a step keeps for its backward pass could fit into memory at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.models import outline
from auxseg.recipe import Recipe
from auxseg.records.values.size import Size
from auxseg.tasks import Task
from auxseg.tasks.views import by_view
from auxseg.training.runtime import Runtime

_NUM_IMAGES: Final = 2
"""As few as batch normalisation takes; what a step keeps is proportional to their number."""

_CANNOT_MATTER: Final = 4000
"""What a network keeps is not counted where memory holds its images so many times: no network keeps that much more."""

_CONTROL_GROUP: Final = Path("/sys/fs/cgroup/memory.max")
_KEPT: Final = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_GIB: Final = 2**30


def refuse_beyond_memory(
    recipe: Recipe, tasks: Mapping[str, Task], vocabulary: Vocabulary, size: Size, runtime: Runtime
) -> None:
    """Raise `InputError` if a step certainly takes more memory than there is, before any is taken.

    What is counted is a lower bound: the images of a micro-batch, and what convolutions and linear layers give for
    them, which the backward pass needs. ``size`` is that of the pictures that the network sees.
    """
    training = recipe.training
    num_images = training.batch // runtime.num_processes // training.accumulate
    processes = runtime.num_processes if runtime.device.type == "cpu" else 1
    there = memory_of(runtime.device)
    images = processes * num_images * len(vocabulary.channels) * size.height * size.width * 4
    if images * _CANNOT_MATTER < there:
        return
    is_single = training.precision == "fp32" or (training.precision == "auto" and runtime.device.type == "cpu")
    kept = processes * num_images * values_kept(recipe, tasks, vocabulary, size) * (4 if is_single else 2)
    if images + kept > there:
        key = "data.size" if recipe.data.crop is None else "data.crop.size"
        raise InputError(
            f"{key}={size} and a micro-batch of {num_images} (training.batch={training.batch}, training.accumulate="
            f"{training.accumulate}) take at least {(images + kept) / _GIB:,.0f} GiB in a step, but there are "
            f"{there / _GIB:,.0f} GiB of memory; set training.batch or {key} lower, or training.accumulate higher"
        )


def values_kept(recipe: Recipe, tasks: Mapping[str, Task], vocabulary: Vocabulary, size: Size) -> int:
    """How many numbers the layers of the recipe's network keep for the backward pass, per image.

    Counted on tensors that have shapes but no values. With ``model.checkpointing`` next to nothing is kept, and 0 is
    returned; so are none of what frozen layers give.
    """
    if recipe.model.checkpointing:
        return 0
    outputs = {name: task.output for name, task in tasks.items()}
    network = outline(recipe.model, outputs, recipe.target, len(vocabulary.channels))
    counts: list[int] = []

    def count(_layer: nn.Module, _given: tuple[Tensor, ...], made: Tensor) -> None:
        if made.requires_grad:
            counts.append(made.numel())

    for module in network.modules():
        if isinstance(module, _KEPT):
            module.register_forward_hook(count)
    pictures = torch.zeros(_NUM_IMAGES, network.in_channels, *size, device="meta")
    for names in by_view(tasks.values()).values():
        network(pictures, names)
    return sum(counts) // _NUM_IMAGES


def memory_of(device: torch.device) -> int:
    """The bytes of a GPU's memory, or those of the machine that this process may use."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CONTROL_GROUP.read_text().strip()
    except OSError:
        return there
    return min(there, int(limit)) if limit.isdecimal() else there
