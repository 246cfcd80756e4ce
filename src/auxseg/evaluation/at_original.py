"""Figures at the original size: masks are compared where `auxseg predict` writes them, in the image's own pixels.

At the stored size the truth was shrunk as the image was, so thin things are compared after they have become coarse.

Shape legend: ``h w`` an image's own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import final, get_args

import numpy as np
import torch
from jaxtyping import UInt8

from auxseg.data.augment import mirror
from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.evaluation.measure import Asked, Measured, evaluating, measure_outputs, merge
from auxseg.evaluation.mirrored import Scored, mirroring
from auxseg.records.metrics import At
from auxseg.tasks import Task


@final
@dataclass(frozen=True, eq=False)
class Original:
    """Where an image lies in the stored picture, and its mask at its own size, ``None`` where it has none."""

    place: Fit
    mask: UInt8[np.ndarray, "h w"] | None

    def mirrored(self) -> Original:
        """The same of the mirror image."""
        (y0, y1, x0, x1), width = self.place.inside, self.place.size.width
        mask = None if self.mask is None else np.ascontiguousarray(self.mask[:, ::-1])
        return Original(replace(self.place, inside=(y0, y1, width - x1, width - x0)), mask)


def refuse_at(at: At, target: Task, place: str) -> None:
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


@torch.no_grad()
def measure_at_original(
    asked: Asked,
    tasks: Mapping[str, Task],
    batches: Iterable[Batch],
    target: str,
    originals: Iterable[Original],
    *,
    mirrored: bool = False,
) -> Scored:
    """Measure every task on all images, as `measure` does, and the target's masks at the size of the images.

    Losses, and the tables of other tasks, are those at the stored size. An image without a mask counts for nothing.

    Args:
        asked: whose network is put into evaluation mode and back.
        tasks: what is measured.
        batches: one image each, as `auxseg predict` asks, so that memory holds one answer at a time.
        target: the name of the task that is measured at the original size, which has `Task.measures_masks`.
        originals: that of each image, in the order of the batches.
        mirrored: whether mirror images are measured too, as `measure_mirrored` does; the target must have
            `Task.mirrors`.
    """
    images, mirrors, twice = [], [], mirroring(tasks)
    with evaluating(asked.network):
        for batch, original in zip((each.to(asked.device) for each in batches), originals, strict=True):
            images.append(_measured(asked, tasks, batch, target, original))
            if mirrored:
                mirrors.append(_measured(asked, twice, mirror(batch), target, original.mirrored()))
    return Scored(merge(images), merge(mirrors) if mirrored else None)


def _measured(asked: Asked, tasks: Mapping[str, Task], batch: Batch, target: str, original: Original) -> Measured:
    """One image, by all tasks."""
    outputs = asked.outputs(tasks, batch)
    measured = measure_outputs(asked.network, tasks, batch, outputs)
    if original.mask is None:
        return measured
    (output,) = outputs[target].float().cpu()
    answer = tasks[target].answer(output, original.place)
    assert answer.mask is not None
    table = tasks[target].measure_mask(answer.mask, original.mask)
    return replace(measured, tables={**measured.tables, target: table})
