"""Batches from a store, for training and for evaluation.

Shape legend: ``H W`` the stored size, ``C`` channels, ``R`` rows of the store, ``L`` rows whose mask is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol, final, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int64, UInt, UInt8

from auxseg.data.augment import AugmentConfig, CropConfig, augment, draw_cut, vary_colours
from auxseg.data.channels import Channels
from auxseg.data.geometry import WHOLE, Fit, Part
from auxseg.data.loading.batch import Batch, join, layer_batch
from auxseg.data.loading.order import Stream
from auxseg.data.loading.prefetch import prefetch
from auxseg.data.sample import IGNORE
from auxseg.data.store.layers import StoredLayer
from auxseg.errors import InputError
from auxseg.keyed import sample_keys
from auxseg.records.values.size import Size


@runtime_checkable
class Rows(Protocol):
    """What the loaders need of a store: a small index in memory, and pictures that are read one by one."""

    @property
    def ids(self) -> np.ndarray:
        """Names of all samples."""
        ...

    @property
    def boxes(self) -> np.ndarray:
        """Boxes of all samples, as in `Batch`."""
        ...

    @property
    def classes(self) -> Mapping[str, np.ndarray]:
        """Class ids of all samples by label."""
        ...

    @property
    def layers(self) -> Mapping[str, StoredLayer]:
        """The layers that are read, by name."""
        ...

    @property
    def size(self) -> Size:
        """Of the pictures that are read."""
        ...

    @property
    def channels(self) -> Channels:
        """What the pictures consist of."""
        ...

    @property
    def fits_size(self) -> bool:
        """Whether all pictures that are read have this size, rather than each its own."""
        ...

    @property
    def box_from_mask(self) -> bool:
        """Whether boxes are the masks' bounding boxes."""
        ...

    def read(self, row: int, part: Part = WHOLE) -> tuple[UInt[np.ndarray, "H W C"], UInt8[np.ndarray, "H W"]]:
        """Picture and mask of a row, or a part of them."""
        ...

    def read_mask(self, row: int) -> UInt8[np.ndarray, "H W"]:
        """The mask of a row alone."""
        ...

    def read_layers(self, row: int, part: Part = WHOLE) -> dict[str, np.ndarray]:
        """The layers of a row, as their forms have them; of those with values for every pixel a part."""
        ...

    def place(self, row: int) -> Fit:
        """Where the photograph lies in the picture that is read."""
        ...


@final
class TrainLoader:
    """Augmented batches for optimiser steps, without a state of its own: a run resumes by naming its step.

    The samples form one endless sequence, a new order of all ``rows`` after the other (the order of an epoch depends
    on seed and epoch alone). Step t takes positions ``[t B, (t + 1) B)`` of it, B being ``batch_size``, so that every
    batch is full and every sample comes once per epoch. Each process takes its contiguous part of the batch, cut into
    ``accumulate`` micro-batches. ``workers`` threads work ahead; nothing depends on their number.

    ``labelled`` names the rows whose mask is used; the others come without (everything IGNORE), with all their other
    labels. ``target_per_batch`` makes exactly this many samples of every batch labelled ones, spread evenly over it:
    labelled and other samples then form a sequence each, in an order of its own, and the labelled ones come round
    sooner. An epoch remains as many steps as it takes to see as many samples as there are. Where all samples are
    labelled, it has no effect.

    ``block`` mixes neighbouring rows only, for disks that are slow at random access; see `Stream`.

    ``crop`` shows windows of the pictures, which may then have each their own size; ``first_class`` is then the first
    class id that is foreground.
    """

    def __init__(
        self,
        store: Rows,
        rows: Int64[np.ndarray, " R"],
        batch_size: int,
        *,
        augment: AugmentConfig,
        seed: int,
        labelled: Int64[np.ndarray, " L"] | None = None,
        target_per_batch: int | None = None,
        block: int | None = None,
        crop: CropConfig | None = None,
        first_class: int = 1,
        accumulate: int = 1,
        rank: int = 0,
        num_processes: int = 1,
        workers: int = 1,
        pin_memory: bool = False,
    ) -> None:
        if len(rows) == 0:
            raise InputError("training needs at least one sample, but this split is empty")
        if batch_size < num_processes * accumulate:
            raise InputError(
                f"a batch of {batch_size} is too small for {num_processes} x {accumulate} (processes x "
                f"micro-batches); set training.batch to at least {num_processes * accumulate}"
            )
        self.steps_per_epoch = -(-len(rows) // batch_size)
        self._store = store
        self._labelled = rows if labelled is None else labelled
        self._streams = _streams(rows, self._labelled, batch_size, target_per_batch, seed, block)
        self._batch_size = batch_size
        self._augment, self._crop, self._first_class = augment, crop, first_class
        self._seed = seed
        self._accumulate = accumulate
        self._rank = rank
        self._num_processes = num_processes
        self._workers = workers
        self._pin_memory = pin_memory

    def steps(self, start: int, stop: int) -> Generator[list[Batch], None, None]:
        """This process's micro-batches of each optimiser step from ``start`` up to, not including, ``stop``.

        Closing the generator stops the threads.
        """
        return prefetch(self._step, range(start, stop), workers=self._workers)

    def _step(self, step: int) -> list[Batch]:
        rows, epochs = np.empty(self._batch_size, np.int64), np.empty(self._batch_size, np.int64)
        for stream, places in self._streams:
            rows[places], epochs[places] = stream.take(step * len(places), (step + 1) * len(places))
        mine = np.array_split(np.arange(self._batch_size), self._num_processes)[self._rank]
        return [self._batch(rows[part], epochs[part].tolist()) for part in np.array_split(mine, self._accumulate)]

    def _batch(self, rows: Int64[np.ndarray, " n"], epochs: list[int]) -> Batch:
        batch = self._whole(rows, epochs) if self._crop is None else self._cropped(self._crop, rows, epochs)
        batch = replace(batch, keys=sample_keys(self._seed, epochs, batch.ids), is_training=True)
        return batch.pinned() if self._pin_memory else batch

    def _whole(self, rows: Int64[np.ndarray, " n"], epochs: list[int]) -> Batch:
        batch = collate(self._store, rows)
        batch.mask[torch.from_numpy(np.isin(rows, self._labelled, invert=True))] = IGNORE
        return augment(batch, self._augment, seed=self._seed, epochs=epochs, box_from_mask=self._store.box_from_mask)

    def _cropped(self, crop: CropConfig, rows: Int64[np.ndarray, " n"], epochs: list[int]) -> Batch:
        """Windows, one sample after the other: of a large picture only what is shown becomes numbers."""
        store, samples = self._store, []
        for row, epoch in zip(rows.tolist(), epochs, strict=True):
            is_labelled, key = bool((self._labelled == row).any()), (self._seed, epoch, str(store.ids[row]))
            labels = partial(store.read_mask, row) if is_labelled else None
            cut = draw_cut(crop, self._augment, store.place(row), labels, key, self._first_class)
            sample = collate(store, np.array([row]), cut.part)
            if not is_labelled:
                sample.mask.fill_(IGNORE)
            samples.append(cut.show(sample, box_from_mask=store.box_from_mask))
        return vary_colours(join(samples), self._augment, seed=self._seed, epochs=epochs)


def _streams(
    rows: Int64[np.ndarray, " R"],
    labelled: Int64[np.ndarray, " L"],
    batch_size: int,
    target_per_batch: int | None,
    seed: int,
    block: int | None,
) -> list[tuple[Stream, Int64[np.ndarray, " n"]]]:
    """The sequences that samples come from, each with the places in a batch that it fills."""
    others = np.setdiff1d(rows, labelled)
    if target_per_batch is None or not len(others):
        return [(Stream(rows, seed, block=block), np.arange(batch_size))]
    if not 1 <= target_per_batch <= batch_size:
        raise InputError(
            f"data.target_per_batch must be between 1 and the batch of {batch_size}, not {target_per_batch}"
        )
    if not len(labelled):
        raise InputError("data.target_per_batch asks for samples with a mask, but no training sample has one")
    counts = np.arange(batch_size + 1) * target_per_batch // batch_size
    is_labelled = np.diff(counts) == 1
    streams = [(Stream(labelled, seed, "labelled", block), np.flatnonzero(is_labelled))]
    if target_per_batch < batch_size:
        streams.append((Stream(others, seed, "unlabelled", block), np.flatnonzero(~is_labelled)))
    return streams


@final
class EvaluationLoader:
    """The pictures as they are stored, in the order of ``rows``; the last batch may be smaller.

    Pictures that have each their own size come one by one.

    Each process takes a contiguous part of the rows. Iterates any number of times.
    """

    def __init__(
        self,
        store: Rows,
        rows: Int64[np.ndarray, " R"],
        batch_size: int,
        *,
        rank: int = 0,
        num_processes: int = 1,
        workers: int = 1,
        pin_memory: bool = False,
    ) -> None:
        self._store = store
        self._rows = np.array_split(rows, num_processes)[rank]
        self._batch_size = batch_size if store.fits_size else 1
        self._workers = workers
        self._pin_memory = pin_memory

    def __len__(self) -> int:
        """Number of this process's batches."""
        return -(-len(self._rows) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return prefetch(self._batch, range(len(self)), workers=self._workers)

    def _batch(self, index: int) -> Batch:
        batch = collate(self._store, self._rows[index * self._batch_size : (index + 1) * self._batch_size])
        return batch.pinned() if self._pin_memory else batch


def collate(store: Rows, rows: Int64[np.ndarray, " n"], part: Part = WHOLE) -> Batch:
    """Read rows of a store, whose pictures have one size, into a batch as they are, or only a part of every picture.

    Boxes are those of the whole pictures, and normalised to these.
    """
    forms = {name: layer.form for name, layer in store.layers.items()}
    images, masks, insides = [], [], []
    layers: dict[str, list[np.ndarray]] = {name: [] for name in forms}
    size = store.size
    for row in rows.tolist():
        image, mask = store.read(row, part)
        for name, values in store.read_layers(row, part).items():
            layers[name].append(values)
        place = store.place(row)
        size = place.size
        images.append(image)
        masks.append(mask)
        insides.append(place.is_inside(part))
    image = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous().float().div_(store.channels.white)
    sample_ids = tuple(store.ids[rows].tolist())
    return Batch(
        ids=sample_ids,
        image=image,
        clean=image,
        mask=torch.from_numpy(np.stack(masks)),
        box=torch.from_numpy(store.boxes[rows]),
        classes={name: torch.from_numpy(ids[rows]).long() for name, ids in store.classes.items()},
        inside=torch.from_numpy(np.stack(insides)),
        keys=sample_keys(0, [0] * len(sample_ids), sample_ids),
        layers={name: layer_batch(form, layers[name], size) for name, form in forms.items()},
        forms=forms,
        channels=store.channels,
    )
