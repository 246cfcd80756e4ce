"""A whole run as one typed value."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from auxseg.balancing import BalancerConfig, FixedConfig
from auxseg.config import config
from auxseg.data.augment import MILD, NO_AUGMENTATION, AugmentConfig, CropConfig
from auxseg.data.loading.selection import TrainOn
from auxseg.models import ModelConfig
from auxseg.records.values.size import Sides, Size
from auxseg.tasks import (
    ClassificationConfig,
    DepthConfig,
    DistanceConfig,
    SegmentationConfig,
    TagsConfig,
    TaskConfig,
)
from auxseg.training.forking.settings import ForkMergeConfig
from auxseg.training.optimizer import AdamWConfig, OptimizerConfig
from auxseg.training.phases import PhaseConfig
from auxseg.training.schedule import OneCycleConfig, ScheduleConfig

Count = Annotated[int, Field(ge=1, le=10**9)]
MAX_BATCH: Final = 65_536
MAX_TASKS: Final = 64

_LATER: Final[Mapping[str, tuple[object, tuple[str, ...]]]] = {
    SegmentationConfig.kind: (
        SegmentationConfig(),
        ("layer", "class_weights", "focal_gamma", "tversky_alpha", "tversky_beta", "ohem_share"),
    ),
    DepthConfig.kind: (DepthConfig(), ("on_zoom",)),
    DistanceConfig.kind: (DistanceConfig(), ("layer",)),
    ClassificationConfig.kind: (ClassificationConfig(), ("crops",)),
    TagsConfig.kind: (TagsConfig(), ("crops",)),
}
"""By kind of task what it is unsaid, and the settings that earlier versions did not know."""


@config
class DataConfig:
    """How photographs are read: ``size`` in pixels (the store's if none is given), ``workers`` (threads), augmentation.

    ``size`` is the side of a square, or height and width: ``288x384`` or ``[288, 384]``.

    ``augment: auto`` is the strong one for a pretrained encoder, which otherwise overfits few photographs, and the
    mild one for random weights, which in short trainings underfit them; the resolved recipe says which it was. Single
    settings, such as ``augment.rotation``, start from the strong one.

    ``train_on: train+val`` trains on both splits, once everything is chosen; there is no validation then, and the last
    weights are kept. ``label_fraction`` is the share of the training masks that is used, see `labelled_rows`; the
    photographs and their other labels all stay. ``target_per_batch`` fixes how many samples of a batch have a mask,
    see `TrainLoader`. ``fold: 2/5`` deals what is trained on and tested into five folds and tests on the second, see
    `auxseg.data.loading.folds`. ``order: blocks`` is for disks that are slow at random access: only ``block``
    neighbours in the store, and a few such blocks with each other, are shuffled, see `Stream`. ``crop`` trains on
    windows of the pictures of ``size`` and measures and predicts whole images tile by tile, see `CropConfig` and
    `auxseg.evaluation.tiling`.
    """

    size: Annotated[Size, Sides(ge=16, le=2048)] | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    augment: AugmentConfig | Literal["auto", "none", "mild", "strong"] = "auto"
    crop: CropConfig | None = None
    train_on: TrainOn = "train"
    label_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    target_per_batch: Count | None = None
    fold: Annotated[str, Field(pattern=r"^\d{1,3}/\d{1,3}$")] | None = None
    order: Literal["shuffled", "blocks"] = "shuffled"
    block: Count = 64

    def input_size(self, stored: Size) -> Size:
        """The size of the pictures that the network is trained on, of data stored at this size."""
        return stored if self.crop is None else Size(self.crop.size, self.crop.size)

    def augmentation(self, *, pretrained: bool) -> AugmentConfig:
        """The augmentation that is meant."""
        if isinstance(self.augment, AugmentConfig):
            return self.augment
        chosen = self.augment if self.augment != "auto" else "strong" if pretrained else "mild"
        return {"none": NO_AUGMENTATION, "mild": MILD, "strong": AugmentConfig()}[chosen]


@config
class TrainingConfig:
    """How long and how to train: for so many ``steps`` of the optimiser, or ``epochs`` of the training split.

    ``batch`` counts the samples of one optimiser step, over all processes and micro-batches; ``accumulate`` cuts it
    into micro-batches to save memory. ``average`` is the decay of the weights' moving average, 0 for none.
    ``validate_every`` counts epochs, ``patience`` (early stopping) validations without improvement; the model kept is
    the latest whose validation figure is at most ``tolerance`` standard errors (over images) below the best. ``clip``
    is the largest norm of a gradient. ``precision`` and ``channels_last`` (the memory
    format) may be ``auto``, which lets the run measure what is fastest and safe. ``phases`` train some
    tasks after others (`auxseg.training.phases`); without them all tasks are trained at once. In every ``watch``-th
    step the tasks' gradients on what they share are compared, which changes no bit of the weights
    (`auxseg.training.gradients.watch`). ``fork_merge`` trains branches of the network with one auxiliary each and
    merges them by what helps the target, at every validation.
    """

    steps: Count | None = None
    epochs: Annotated[float, Field(gt=0, le=10**6)] | None = None
    batch: Annotated[int, Field(ge=1, le=MAX_BATCH)] = 16
    accumulate: Count = 1
    optimizer: OptimizerConfig = field(default_factory=AdamWConfig)
    schedule: ScheduleConfig = field(default_factory=OneCycleConfig)
    average: Annotated[float, Field(ge=0, lt=1)] = 0.99
    clip: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    validate_every: Annotated[float, Field(gt=0, le=10**6)] = 1.0
    patience: Annotated[int, Field(ge=0, le=10**9)] | None = None
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    channels_last: Literal["auto"] | bool = "auto"
    phases: tuple[PhaseConfig, ...] = ()
    watch: Count | None = None
    fork_merge: ForkMergeConfig | None = None

    def num_steps(self, num_samples: int) -> int:
        """The run's length in optimiser steps, for a training split of this size."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return max(math.ceil(self.epochs * num_samples / self.batch), 1)

    def steps_per_epoch(self, num_samples: int) -> int:
        """As many optimiser steps as it takes to see as many samples as a training split of this size has."""
        return math.ceil(num_samples / self.batch)

    def steps_per_validation(self, num_samples: int) -> int:
        """After how many optimiser steps the next validation follows, for a training split of this size."""
        return max(round(self.validate_every * self.steps_per_epoch(num_samples)), 1)


@config
class Recipe:
    """A run: the same recipe on the same data, machine and number of threads gives the same bits on a CPU.

    ``target`` is the task that the others are there to help; ``seed`` is that of initial weights, order of the data
    and augmentation.
    """

    model: ModelConfig
    tasks: Annotated[dict[str, TaskConfig], Field(min_length=1, max_length=MAX_TASKS)]
    target: str
    data: DataConfig = field(default_factory=DataConfig)
    balancer: BalancerConfig = field(default_factory=FixedConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


def trained_together(recipe: Recipe) -> list[tuple[str, ...]]:
    """The tasks of every branch that a run trains (`Fork`): all in one, unless it forks; the target's own comes first.

    Names stand in the order of the recipe.
    """
    if recipe.training.fork_merge is None:
        return [tuple(recipe.tasks)]
    others = [name for name in recipe.tasks if name != recipe.target]
    pairs = [tuple(name for name in recipe.tasks if name in (recipe.target, other)) for other in others]
    return [(recipe.target,), *pairs]


def with_changes(recipe: Recipe, **sections: Mapping[str, object]) -> Recipe:
    """The recipe with some fields of some sections replaced, such as ``training={"steps": 600}``."""
    changed = {name: dataclasses.replace(getattr(recipe, name), **values) for name, values in sections.items()}
    return dataclasses.replace(recipe, **changed)


def what_matters(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's plain values without those that change no bit of a result.

    A setting that earlier versions did not have counts only where it says something, so that their runs are found.
    """
    model, data, training = (dict(values[key]) for key in ("model", "data", "training"))
    model["encoder"] = _without_nothing(model["encoder"], "freeze", "lora")
    if model["encoder"].get("adapt") == "repeat":  # which versions before did not know
        del model["encoder"]["adapt"]
    if training.get("phases"):
        training["phases"] = [_without_nothing(phase, "unfreeze") for phase in training["phases"]]
    model.pop("checkpointing", None)
    if not model.get("refine_by"):
        model.pop("refine_by", None)
    data.pop("workers", None)
    data = {key: each for key, each in data.items() if each is not None or key not in ("fold", "crop")}
    training.pop("watch", None)
    training = _without_nothing(training, "fork_merge")
    if data["order"] == "shuffled":
        data.pop("block", None)
    tasks = {name: _as_before(task) for name, task in values["tasks"].items()}
    return {**values, "model": model, "data": data, "training": training, "tasks": tasks}


def _without_nothing(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The values without those of ``keys`` that say nothing, which earlier versions did not have."""
    return {key: value for key, value in values.items() if value or key not in keys}


def _as_before(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of a task without those that came later, where they are what they would be unsaid."""
    default, later = _LATER.get(task.get("kind", ""), (None, ()))
    return {key: each for key, each in task.items() if key not in later or each != getattr(default, key)}
