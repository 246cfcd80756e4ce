"""Figures at the original size: masks are compared where `auxseg predict` writes them, in the image's own pixels.

At the stored size the truth was shrunk as the image was, so thin things are compared after they have become coarse.

Shape legend: ``h w`` an image's own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from jaxtyping import UInt8

from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.evaluation.measure import Asked, Measured, evaluating, measure_outputs, merge
from auxseg.tasks import Task

At = Literal["stored", "original"]
"""At which size the target's masks are compared: that of the store, or the images' own."""


class Original(NamedTuple):
    """Where an image lies in the stored picture, and its mask at its own size, ``None`` where it has none."""

    place: Fit
    mask: UInt8[np.ndarray, "h w"] | None


def refuse_at(at: At, target: Task, place: str, *, mirrored: bool) -> None:
    """Raise `InputError` for a size that is not known, or at which the target cannot be measured."""
    if at == "stored":
        return
    if at not in get_args(At):
        raise InputError(f"at is {at!r}, expected {' or '.join(get_args(At))}")
    if not target.measures_masks:
        layers = f" but the layer {', '.join(sorted(target.layers))}" if target.layers else ""
        raise InputError(
            f"{place}: the target {target.name} does not predict the mask of the data{layers}, so it has no figures at "
            "the original size; leave out --at original"
        )
    if mirrored:
        raise InputError(
            f"{place}: mirrored scoring is measured at the stored size; leave out either --mirrored or --at original"
        )


@torch.no_grad()
def measure_at_original(
    asked: Asked,
    tasks: Mapping[str, Task],
    batches: Iterable[Batch],
    target: str,
    originals: Iterable[Original],
) -> Measured:
    """Measure every task on all images, as `measure` does, and the target's masks at the size of the images.

    Losses, and the tables of other tasks, are those at the stored size. An image without a mask counts for nothing.

    Args:
        asked: whose network is put into evaluation mode and back.
        tasks: what is measured.
        batches: one image each, as `auxseg predict` asks, so that memory holds one answer at a time.
        target: the name of the task that is measured at the original size, which has `Task.measures_masks`.
        originals: that of each image, in the order of the batches.
    """
    parts = []
    with evaluating(asked.network):
        for batch, original in zip((each.to(asked.device) for each in batches), originals, strict=True):
            outputs = asked.outputs(tasks, batch)
            measured = measure_outputs(asked.network, tasks, batch, outputs)
            if original.mask is not None:
                (output,) = outputs[target].float().cpu()
                answer = tasks[target].answer(output, original.place)
                assert answer.mask is not None
                table = tasks[target].measure_mask(answer.mask, original.mask)
                measured = replace(measured, tables={**measured.tables, target: table})
            parts.append(measured)
    return merge(parts)
