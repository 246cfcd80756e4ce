"""Every task of the registry, some settings of them, and batches they can be asked about."""

from __future__ import annotations

import typing

import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.tasks import (
    BoxConfig,
    ClassificationConfig,
    ColorizationConfig,
    DenoisingConfig,
    Dense,
    EdgesConfig,
    FlipConfig,
    NoiseConfig,
    ReconstructionConfig,
    SegmentationConfig,
    Task,
    TaskConfig,
)

SIZE = 12
VOCABULARY = Vocabulary(
    SIZE,
    ("background", "animal"),
    {"breed": ("Bengal", "Birman", "pug"), "species": ("cat", "dog")},
    counts={"breed": (5, 3, 2)},
)
MANY_CLASSES = Vocabulary(SIZE, ("background", "body", "head", "tail"), VOCABULARY.labels)

REGISTRY = typing.get_args(typing.get_args(TaskConfig)[0])

REGRESSION = {"l1": 1.0, "mse": 0.5, "smooth_l1": 2.0}

TASKS: dict[str, Task] = {
    **{config().kind: config().build(config().kind, VOCABULARY) for config in REGISTRY},
    "segmentation-losses": SegmentationConfig(losses={"bce": 0.5, "dice": 2.0}, beta=2.0).build("mask", VOCABULARY),
    "segmentation-classes": SegmentationConfig().build("mask", MANY_CLASSES),
    "classification-smooth": ClassificationConfig(label="species", label_smoothing=0.1).build("species", VOCABULARY),
    "box-losses": BoxConfig(losses={"l1": 1.0, "mse": 10.0, "giou": 0.5, "smooth_l1": 0.1}).build("head", VOCABULARY),
    "box-diou": BoxConfig(losses={"diou": 1.0}).build("head", VOCABULARY),
    "edges-losses": EdgesConfig(losses={"bce": 1.0, "l1": 0.5, "dice": 2.0}, balanced=True).build("edges", VOCABULARY),
    "colorization-losses": ColorizationConfig(losses=REGRESSION, view="shared").build("colour", VOCABULARY),
    "denoising-losses": DenoisingConfig(losses=REGRESSION, std=30).build("noise", VOCABULARY),
    "reconstruction-patches": ReconstructionConfig(patch=5, ratio=0.3).build("paint", VOCABULARY),
    "flip-horizontal": FlipConfig(axis="horizontal").build("flip", VOCABULARY),
    "noise-channels": NoiseConfig(channels=3, cells=4).build("noise", VOCABULARY),
}


def make_batch(num_images: int, num_classes: int = 2) -> Batch:
    """Random labels for every task; masks have ignored pixels, foreground and background in every image."""
    image = torch.rand(num_images, 3, SIZE, SIZE)
    mask = torch.randint(0, num_classes, (num_images, SIZE, SIZE), dtype=torch.uint8)
    mask = mask.masked_fill(torch.rand(mask.shape) < 0.2, IGNORE)
    mask[:, 0, 0], mask[:, 0, 1] = 0, 1
    low, extent = torch.rand(num_images, 2) * 0.5, torch.rand(num_images, 2) * 0.4 + 0.1
    return Batch(
        ids=tuple(str(index) for index in range(num_images)),
        image=image,
        clean=image,
        mask=mask,
        box=torch.cat([low, low + extent], dim=1),
        classes={name: torch.randint(0, len(classes), (num_images,)) for name, classes in VOCABULARY.labels.items()},
        inside=torch.ones(mask.shape, dtype=torch.bool),
        keys=torch.arange(num_images),
    )


def erase(batch: Batch, which: torch.Tensor) -> Batch:
    """The same batch without any label for some images, of which there is nothing but padding either."""
    return Batch(
        ids=batch.ids,
        image=batch.image,
        clean=batch.clean,
        mask=batch.mask.masked_fill(which[:, None, None], IGNORE),
        box=batch.box.masked_fill(which[:, None], torch.nan),
        classes={name: ids.masked_fill(which, MISSING) for name, ids in batch.classes.items()},
        inside=batch.inside & ~which[:, None, None],
        keys=batch.keys,
    )


def make_output(task: Task, num_images: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """What a network could answer."""
    if isinstance(task.output, Dense):
        return torch.randn(num_images, task.output.channels, SIZE, SIZE, dtype=dtype)
    return torch.randn(num_images, task.output.size, dtype=dtype)
