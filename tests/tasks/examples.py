"""Every task of the registry, some settings of them, and batches they can be asked about."""

from __future__ import annotations

import typing
from dataclasses import replace

import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.records.values.size import Size
from auxseg.tasks import (
    BoxConfig,
    BoxMaskConfig,
    ClassificationConfig,
    ColorizationConfig,
    ConsistencyConfig,
    DeepSupervisionConfig,
    DenoisingConfig,
    DepthConfig,
    DistanceConfig,
    EdgesConfig,
    FlipConfig,
    KeypointsConfig,
    MapConfig,
    NoiseConfig,
    ReconstructionConfig,
    SegmentationConfig,
    TagMaskConfig,
    Task,
    TaskConfig,
)
from auxseg.testing.examples import EXAMPLE_VOCABULARY, erase, example_batch, example_output, taught
from auxseg.testing.task_case import TaskSettings

__all__ = ["CONFIGS", "REGISTRY", "SIZE", "TASKS", "VOCABULARY", "erase", "make_batch", "make_output", "taught"]

VOCABULARY = EXAMPLE_VOCABULARY
SIZE = VOCABULARY.size.height
MANY_CLASSES = Vocabulary(Size.of(SIZE), ("background", "body", "head", "tail"), VOCABULARY.labels)
TAGGED = Vocabulary(Size.of(SIZE), ("background", "cat", "dog", "tree"), VOCABULARY.labels)

REGISTRY = typing.get_args(typing.get_args(TaskConfig)[0])

REGRESSION = {"l1": 1.0, "mse": 0.5, "smooth_l1": 2.0}

NEED_OTHER_DATA = {"box-mask", "tag-mask", "depth", "normals", "map", "multimask", "tags", "boxes", "keypoints"}
"""Kinds that generated animals cannot serve: their boxes surround heads, no class of a picture is one of a mask, and
they have no layers."""

CONFIGS: dict[str, tuple[TaskSettings, Vocabulary]] = {
    **{config().kind: (config(), VOCABULARY) for config in REGISTRY},
    "tag-mask": (TagMaskConfig(), TAGGED),
    "segmentation-losses": (SegmentationConfig(losses={"bce": 0.5, "dice": 2.0}, beta=2.0), VOCABULARY),
    "segmentation-classes": (SegmentationConfig(), MANY_CLASSES),
    "segmentation-rare": (
        SegmentationConfig(losses=dict.fromkeys(("focal", "tversky", "lovasz", "ohem"), 1.0)),
        VOCABULARY,
    ),
    "segmentation-weighted": (
        SegmentationConfig(
            losses=dict.fromkeys(("cross_entropy", "dice", "focal", "tversky", "lovasz"), 1.0),
            class_weights={"background": 0.5, "tail": 7.0},
        ),
        MANY_CLASSES,
    ),
    "classification-smooth": (ClassificationConfig(label="species", label_smoothing=0.1), VOCABULARY),
    "box-losses": (BoxConfig(losses={"l1": 1.0, "mse": 10.0, "giou": 0.5, "smooth_l1": 0.1}), VOCABULARY),
    "box-diou": (BoxConfig(losses={"diou": 1.0}), VOCABULARY),
    "edges-losses": (EdgesConfig(losses={"bce": 1.0, "l1": 0.5, "dice": 2.0}, balanced=True), VOCABULARY),
    "colorization-losses": (ColorizationConfig(losses=REGRESSION, view="shared"), VOCABULARY),
    "denoising-losses": (DenoisingConfig(losses=REGRESSION, std=30), VOCABULARY),
    "reconstruction-patches": (ReconstructionConfig(patch=5, ratio=0.3), VOCABULARY),
    "flip-horizontal": (FlipConfig(axis="horizontal"), VOCABULARY),
    "box-mask-classes": (BoxMaskConfig(similarity=0.0, dilation=1), MANY_CLASSES),
    "consistency-classes": (ConsistencyConfig(threshold=0.5, decay=0.9), MANY_CLASSES),
    "deep-supervision-classes": (DeepSupervisionConfig(losses={"dice": 2.0}, levels=1), MANY_CLASSES),
    "segmentation-layer": (SegmentationConfig(layer="parts"), VOCABULARY),
    "depth-losses": (DepthConfig(losses={"l1": 0.5, "scale_invariant_log": 1.0}), VOCABULARY),
    "map-losses": (MapConfig(layer="normals", losses=REGRESSION), VOCABULARY),
    "distance-instances": (DistanceConfig(layer="cells"), VOCABULARY),
    "keypoints-losses": (
        KeypointsConfig(
            losses={"focal": 0.5, "mse": 2.0},
            scale="box",
            sigmas={"nose": 0.03, "left eye": 0.03, "right eye": 0.05},
        ),
        VOCABULARY,
    ),
    "noise-channels": (NoiseConfig(channels=3, cells=4), VOCABULARY),
}
"""Every kind of task as it is by default, and in every form that it has, with data that it can be asked about."""

TASKS: dict[str, Task] = {name: config.build(name, vocabulary) for name, (config, vocabulary) in CONFIGS.items()}


def make_batch(num_images: int, num_classes: int = 2) -> Batch:
    """Random labels for every task; masks have ignored pixels, foreground and background in every image."""
    classes = tuple(str(index) for index in range(num_classes))
    return example_batch(num_images, replace(VOCABULARY, mask_classes=classes, category_ids=()), _seed())


def make_output(task: Task, num_images: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """What a network could answer."""
    return example_output(task, num_images, SIZE, _seed()).to(dtype)


def _seed() -> int:
    """Drawn from torch's own random numbers, which every test begins anew and hypothesis varies."""
    return int(torch.randint(2**31, ()))
