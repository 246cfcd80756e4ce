"""Asking about an image and its mirror image, and taking the mean of both answers: averaging over flips.

Known as test-time augmentation: Krizhevsky, Sutskever, Hinton 2012, ImageNet Classification with Deep Convolutional
Neural Networks, NeurIPS, section 4.1, who average over crops and their mirror images. The mean is that of the raw
outputs, before any softmax or sigmoid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from torch import Tensor

from auxseg.data.augment import mirror
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.evaluation.tiling import Tiles, tiled_forward
from auxseg.models.forward import forward
from auxseg.models.network import Network
from auxseg.tasks import Task
from auxseg.tasks.task import IMAGE

TTA = Literal["none", "flip"]
"""Over what a model's outputs are averaged: nothing, or an image and its mirror image."""


def averaged_tasks(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """The tasks that are asked twice: those that see the image itself, and for which left and right are alike."""
    return {name: task for name, task in tasks.items() if task.mirrors and task.view == IMAGE}


def refuse_averaging(tta: TTA, tasks: Mapping[str, Task], target: str, place: str) -> None:
    """Raise `InputError` for an average that is not known, or that the target has none of."""
    if tta == "none":
        return
    if tta not in get_args(TTA):
        raise InputError(f"tta is {tta!r}, expected {' or '.join(get_args(TTA))}")
    if target in tasks and target not in averaged_tasks(tasks):
        why = (
            f"the target {target} sees a picture that is changed"
            if tasks[target].mirrors
            else f"left and right mean something for the target {target}"
        )
        raise InputError(f"{place}: {why}, so its outputs are not averaged over mirror images; leave out --tta flip")


def average(
    tasks: Mapping[str, Task],
    batch: Batch,
    outputs: Mapping[str, Tensor],
    compute: Callable[[Mapping[str, Task], Batch], Mapping[str, Tensor]],
) -> dict[str, Tensor]:
    """Raw outputs of ``tasks`` for a batch, of which those of `averaged_tasks` are means over image and mirror image.

    Args:
        tasks: the tasks that were asked.
        batch: what they were asked about.
        outputs: what they said.
        compute: gives the outputs of some tasks for a batch, here its mirror image.
    """
    asked = averaged_tasks(tasks)
    mirrored = compute(asked, mirror(batch)) if asked else {}
    means = {
        name: (outputs[name].float() + task.mirrored_back(mirrored[name].float())) / 2 for name, task in asked.items()
    }
    return {**outputs, **means}


def outputs_of(
    network: Network, tasks: Mapping[str, Task], batch: Batch, tta: TTA, tiles: Tiles | None = None
) -> dict[str, Tensor]:
    """What a network says, see `forward` and `tiled_forward`, averaged as asked for."""

    def compute(asked: Mapping[str, Task], batch: Batch) -> dict[str, Tensor]:
        return forward(network, asked, batch) if tiles is None else tiled_forward(network, asked, batch, tiles)

    outputs = compute(tasks, batch)
    return outputs if tta == "none" else average(tasks, batch, outputs, compute)
