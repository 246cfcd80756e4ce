"""What the loader hands to the tasks and the network.

Shape legend: ``N`` images of a batch, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from torch import Tensor

from auxseg.data.channels import RGB, Channels
from auxseg.data.layers import BoxesForm, LayerForm
from auxseg.data.layers.boxes import NO_BOX
from auxseg.records.values.size import Size


@dataclass(frozen=True)
class Batch:
    """Images and labels after augmentation.

    ``image`` is what the network sees; ``clean`` is the same picture before the photometric augmentation, from which
    tasks make their targets (in [0, 1], see ``channels``). ``mask`` holds class ids, or ``IGNORE`` where a pixel counts
    for nothing (everywhere, if the sample has no mask). ``box`` is ``x0 y0 x1 y1``, half-open and normalised to the
    image, all NaN if missing. ``classes`` holds ids per kind of label, ``MISSING`` if missing. ``inside`` is false
    where a pixel is padding rather than photograph. ``keys`` are those of `sample_keys` in `auxseg.keyed`: what a task
    draws at random for a sample (noise, a turn) depends on them alone. They stay on the CPU, where it is drawn.
    ``is_training`` says that the network learns from the batch: what mixes its images does so only then, so that no
    figure depends on which images are measured together. ``zoom`` is how many times larger the augmentation shows
    things, at the picture's centre; ``None`` is 1 for all. ``teacher`` holds, by task, the outputs that a teacher gives
    to those that learn from one (`auxseg.models.forward.with_teacher`). ``layers`` holds the layers that are asked for,
    as ``forms`` says by the same names: maps as float32 ``N C H W`` with NaN where a pixel is not known, masks as uint8
    ``N H W``, multimasks as ``N K H W`` and tags as ``N T`` with ``IGNORE``, and boxes as float32 ``N M 6``, see
    `BoxesForm.batched`; points as float32 ``N K 3``, see `PointsForm.batched`, and instances as int32 ``N H W``. A
    layer that a sample lacks is not known anywhere in it. ``parts`` says of each image whether it is a window that does
    not show the whole photograph; it is empty where none is.
    """

    ids: tuple[str, ...]
    image: Float[Tensor, "N C H W"]
    clean: Float[Tensor, "N C H W"]
    mask: UInt8[Tensor, "N H W"]
    box: Float[Tensor, "N 4"]
    classes: Mapping[str, Int[Tensor, " N"]]
    inside: Bool[Tensor, "N H W"]
    keys: Int[Tensor, " N"]
    is_training: bool = False
    teacher: Mapping[str, Float[Tensor, "N ..."]] = field(default_factory=dict)
    layers: Mapping[str, Shaped[Tensor, "N ..."]] = field(default_factory=dict)
    forms: Mapping[str, LayerForm] = field(default_factory=dict)
    channels: Channels = RGB
    zoom: Float[Tensor, " N"] | None = None
    parts: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, number: int) -> Batch:
        """The first so many images of it."""
        return replace(
            self,
            ids=self.ids[:number],
            image=self.image[:number],
            clean=self.clean[:number],
            mask=self.mask[:number],
            box=self.box[:number],
            classes={name: ids[:number] for name, ids in self.classes.items()},
            inside=self.inside[:number],
            keys=self.keys[:number],
            teacher={name: output[:number] for name, output in self.teacher.items()},
            layers={name: values[:number] for name, values in self.layers.items()},
            zoom=None if self.zoom is None else self.zoom[:number],
            parts=self.parts[:number],
        )

    def pinned(self) -> Batch:
        """The same batch in page-locked memory, from which a GPU can copy while it computes."""
        return replace(
            self,
            image=self.image.pin_memory(),
            clean=self.clean.pin_memory(),
            mask=self.mask.pin_memory(),
            box=self.box.pin_memory(),
            classes={name: ids.pin_memory() for name, ids in self.classes.items()},
            inside=self.inside.pin_memory(),
            layers={name: values.pin_memory() for name, values in self.layers.items()},
            zoom=None if self.zoom is None else self.zoom.pin_memory(),
        )

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return replace(
            self,
            image=self.image.to(device, non_blocking=True),
            clean=self.clean.to(device, non_blocking=True),
            mask=self.mask.to(device, non_blocking=True),
            box=self.box.to(device, non_blocking=True),
            classes={name: ids.to(device, non_blocking=True) for name, ids in self.classes.items()},
            inside=self.inside.to(device, non_blocking=True),
            teacher={name: output.to(device, non_blocking=True) for name, output in self.teacher.items()},
            layers={name: values.to(device, non_blocking=True) for name, values in self.layers.items()},
            zoom=None if self.zoom is None else self.zoom.to(device, non_blocking=True),
        )


def join(batches: Sequence[Batch]) -> Batch:
    """The images of several batches of one size, at least one, in one; what a teacher said of them is left out."""
    first = batches[0]
    return Batch(
        ids=tuple(id_ for batch in batches for id_ in batch.ids),
        image=torch.cat([batch.image for batch in batches]),
        clean=torch.cat([batch.clean for batch in batches]),
        mask=torch.cat([batch.mask for batch in batches]),
        box=torch.cat([batch.box for batch in batches]),
        classes={name: torch.cat([batch.classes[name] for batch in batches]) for name in first.classes},
        inside=torch.cat([batch.inside for batch in batches]),
        keys=torch.cat([batch.keys for batch in batches]),
        is_training=first.is_training,
        channels=first.channels,
        layers={name: _joined(form, [batch.layers[name] for batch in batches]) for name, form in first.forms.items()},
        forms=first.forms,
        zoom=_zooms(batches),
        parts=tuple(part for batch in batches for part in batch.parts or (False,) * len(batch))
        if any(batch.parts for batch in batches)
        else (),
    )


def _zooms(batches: Sequence[Batch]) -> Float[Tensor, " N"] | None:
    if all(batch.zoom is None for batch in batches):
        return None
    return torch.cat([torch.ones(len(batch)) if batch.zoom is None else batch.zoom for batch in batches])


def _joined(form: LayerForm, parts: Sequence[Shaped[Tensor, "_ ..."]]) -> Shaped[Tensor, "N ..."]:
    """The values of a layer, where boxes have as many rows as the part with the most: without a box, or not known."""
    if isinstance(form, BoxesForm):
        most = max(part.shape[1] for part in parts)
        none = torch.tensor([0, 0, 0, 0, NO_BOX, 0])
        rows = (torch.where(part[:, :1].isnan(), part[:, :1], none.to(part)) for part in parts)
        parts = [
            torch.cat([part, row.expand(-1, most - part.shape[1], -1)], dim=1)
            for part, row in zip(parts, rows, strict=True)
        ]
    return torch.cat([*parts])


def layer_batch(form: LayerForm, samples: Sequence[np.ndarray], size: Size) -> Shaped[Tensor, "N ..."]:
    """Values of one layer in several samples, whose pictures have ``size``, as `Batch` holds them."""
    return to_batch(form.batched(samples, size))


def to_batch(values: Shaped[np.ndarray, "N ..."]) -> Shaped[Tensor, "N ..."]:
    """What `Form.batched` gives: maps as float32 with their channels before height and width, all else as it is."""
    tensor = torch.from_numpy(values)
    is_map = tensor.ndim == 4 and tensor.is_floating_point()
    return tensor.permute(0, 3, 1, 2).float().contiguous() if is_map else tensor
