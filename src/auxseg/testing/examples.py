"""Data that any task can be asked about, made of random numbers.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from auxseg.data.layers import (
    METRES,
    BoxesForm,
    InstancesForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PixelForm,
    PointsForm,
    TagsForm,
)
from auxseg.data.loading.batch import Batch, layer_batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.records.values.size import Size, SizeLike
from auxseg.tasks.task import Dense, Task, form

EXAMPLE_VOCABULARY: Final = Vocabulary(
    Size(12, 12),
    ("background", "animal"),
    {"breed": ("Bengal", "Birman", "pug"), "species": ("cat", "dog")},
    counts={"breed": (5, 3, 2)},
    layers={
        "depth": MapForm(unit=METRES),
        "normals": MapForm(channels=3, is_vector=True),
        "parts": MaskForm(("none", "leg", "head")),
        "organs": MultiMaskForm(("liver", "vessel", "lesion")),
        "things": TagsForm(("indoors", "people", "rain", "snow")),
        "objects": BoxesForm(("car", "person")),
        "joints": PointsForm(("nose", "left eye", "right eye"), (("left eye", "right eye"),)),
        "cells": InstancesForm(),
    },
)
"""Two mask classes, two kinds of label, and a layer of every kind, 12 x 12 pixels."""


def example_batch(num_images: int, vocabulary: Vocabulary, seed: int = 0) -> Batch:
    """Random pictures with every label; masks have ignored pixels, and the first two classes in every image."""
    random, size = torch.Generator().manual_seed(seed), vocabulary.size
    image = torch.rand(num_images, len(vocabulary.channels), *size, generator=random)
    num_classes = max(len(vocabulary.mask_classes), 2)
    mask = torch.randint(0, num_classes, (num_images, *size), dtype=torch.uint8, generator=random)
    mask = mask.masked_fill(torch.rand(mask.shape, generator=random) < 0.2, IGNORE)
    mask[:, 0, 0], mask[:, 0, 1] = 0, 1
    low = torch.rand(num_images, 2, generator=random) * 0.5
    extent = torch.rand(num_images, 2, generator=random) * 0.4 + 0.1
    return Batch(
        ids=tuple(str(index) for index in range(num_images)),
        image=image,
        clean=image,
        mask=mask,
        box=torch.cat([low, low + extent], dim=1),
        classes={
            name: torch.randint(0, len(classes), (num_images,), generator=random)
            for name, classes in vocabulary.labels.items()
        },
        inside=torch.ones(mask.shape, dtype=torch.bool),
        keys=torch.arange(num_images),
        layers=_example_layers(num_images, vocabulary, seed),
        forms=dict(vocabulary.layers),
        channels=vocabulary.channels,
    )


def _example_layers(num_images: int, vocabulary: Vocabulary, seed: int) -> dict[str, Tensor]:
    """Layers with some unknown pixels, of which the first row has none."""
    random, size = np.random.default_rng(seed), vocabulary.size
    layers: dict[str, Tensor] = {}
    for name, kind in vocabulary.layers.items():
        samples = [kind.example(size, random) for _ in range(num_images)]
        if isinstance(kind, PixelForm):
            for values in samples:
                unknown = random.random(tuple(size)) < 0.2
                unknown[0] = False
                values[unknown] = kind.blank(1, 1)[0, 0]
        layers[name] = layer_batch(kind, samples, size)
    return layers


def erase(batch: Batch, which: Bool[Tensor, " N"]) -> Batch:
    """The same batch without any label for some images, of which there is nothing but padding either."""
    return replace(
        batch,
        mask=batch.mask.masked_fill(which[:, None, None], IGNORE),
        box=batch.box.masked_fill(which[:, None], torch.nan),
        classes={name: ids.masked_fill(which, MISSING) for name, ids in batch.classes.items()},
        inside=batch.inside & ~which[:, None, None],
        layers={
            name: torch.where(which.view(-1, *[1] * (values.ndim - 1)), _unknown(batch, name), values)
            for name, values in batch.layers.items()
        },
    )


def _unknown(batch: Batch, name: str) -> Tensor:
    """The values of a layer of an image in which nothing is known."""
    form, size = batch.forms[name], Size(*batch.mask.shape[1:])
    return layer_batch(form, [form.blank(*size)], size).to(batch.layers[name])


def taught(batch: Batch, task: Task, seed: int = 0) -> Batch:
    """The same batch with the words of a teacher who is sure of most pixels or images, if the task needs one."""
    if not task.needs_teacher:
        return batch
    said = 10 * example_output(task, len(batch), (batch.image.shape[-2], batch.image.shape[-1]), seed + 1).float()
    return replace(batch, teacher={task.name: said})


def example_output(task: Task, num_images: int, size: SizeLike, seed: int = 0) -> Tensor:
    """What a network could answer, as doubles."""
    random, output = torch.Generator().manual_seed(seed), form(task.output)
    shape = (output.channels, *Size.of(size)) if isinstance(output, Dense) else (output.size,)
    return torch.randn(num_images, *shape, dtype=torch.float64, generator=random)
