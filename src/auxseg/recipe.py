"""A whole run as one typed value: YAML in, YAML out, strict."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from auxseg.balancing import BalancerConfig, FixedConfig
from auxseg.config import config
from auxseg.data.augment import MILD, NO_AUGMENTATION, AugmentConfig
from auxseg.data.sample import Vocabulary
from auxseg.data.selection import TrainOn
from auxseg.errors import InputError
from auxseg.models import ModelConfig, Network, outline
from auxseg.recipe_errors import nearest, sentence
from auxseg.recipe_files import read_recipe_file
from auxseg.recipe_off import without_tasks_that_are_off
from auxseg.recipe_settings import change, refuse_tasks_that_are_only_off
from auxseg.tasks import Task, TaskConfig
from auxseg.tasks.plugins import is_registered, kinds
from auxseg.tasks.views import share
from auxseg.training.optimizer import AdamWConfig, OptimizerConfig
from auxseg.training.phases import PhaseConfig, check_lengths, check_phases, in_steps
from auxseg.training.schedule import OneCycleConfig, PlateauConfig, ScheduleConfig

Count = Annotated[int, Field(ge=1, le=10**9)]
MAX_BATCH: Final = 65_536
MAX_TASKS: Final = 64
MAX_PARAMETERS: Final = 2_000_000_000
"""Training takes about 20 bytes for each: its weight, gradient, average, and two moments."""


@config
class DataConfig:
    """How photographs are read: ``size`` in pixels (the store's if none is given), ``workers`` (threads), augmentation.

    ``augment: auto`` is the strong one for a pretrained encoder, which otherwise overfits few photographs, and the
    mild one for random weights, which in short trainings underfit them; the resolved recipe says which it was. Single
    settings, such as ``augment.rotation``, start from the strong one.

    ``train_on: train+val`` trains on both splits, once everything is chosen; there is no validation then, and the last
    weights are kept. ``label_fraction`` is the share of the training masks that is used, see `labelled_rows`; the
    photographs and their other labels all stay. ``target_per_batch`` fixes how many samples of a batch have a mask,
    see `TrainLoader`. ``order: blocks`` is for disks that are slow at random access: only ``block`` neighbours in the
    store, and a few such blocks with each other, are shuffled, see `Stream`.
    """

    size: Annotated[int, Field(ge=16, le=2048)] | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    augment: AugmentConfig | Literal["auto", "none", "mild", "strong"] = "auto"
    train_on: TrainOn = "train"
    label_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    target_per_batch: Count | None = None
    order: Literal["shuffled", "blocks"] = "shuffled"
    block: Count = 64

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
    (`auxseg.training.watch`).
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

    def num_steps(self, num_samples: int) -> int:
        """The run's length in optimiser steps, for a training split of this size."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return max(math.ceil(self.epochs * num_samples / self.batch), 1)


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


@lru_cache(maxsize=1)
def _adapter(kinds_of_task: tuple[type, ...]) -> TypeAdapter:
    """Made again when a plugin has registered another kind."""
    return TypeAdapter(Recipe)


def load_recipe(
    name_or_path: str | Path, settings: Mapping[str, Any] | Sequence[str] = (), *, is_base: bool = False
) -> Recipe:
    """Read a preset by name or a YAML file by path, and change single settings of it.

    ``settings`` maps dotted keys to values (or is a list of ``key=value`` in YAML); ``tasks.box=off`` leaves a task
    out. Another ``kind`` of something takes the settings with it that only the former kind has, unless they are among
    ``settings`` too. The base of other recipes (``is_base``) may hold tasks that cannot stand side by side: its network
    is not built on paper. Raises `InputError` with the key, what is allowed and what was found.
    """
    values, origin = read_recipe_file(name_or_path)
    refuse_tasks_that_are_only_off(values, origin)
    given = change(values, settings, Recipe)
    recipe = parse_recipe(values, origin, is_base=is_base)
    _refuse_without_effect(recipe, given)
    return recipe


def _refuse_without_effect(recipe: Recipe, given: Sequence[str]) -> None:
    """Raise `InputError` for a setting that says nothing because of another."""
    if "data.block" in given and recipe.data.order != "blocks":
        raise InputError("--set data.block changes nothing, because data.order is shuffled; set data.order=blocks too")
    if "training.optimizer.pretrained_rate" in given and recipe.model.weights == "none":
        raise InputError(
            "--set training.optimizer.pretrained_rate changes nothing, because model.weights is none; set "
            "model.weights to a file or to timm too"
        )


def parse_recipe(values: Mapping[str, Any], origin: str = "recipe", *, is_base: bool = False) -> Recipe:
    """Check plain values and make a recipe of them, see `load_recipe`. Raises `InputError`, naming ``origin``."""
    try:
        recipe = _adapter(kinds()).validate_python(without_tasks_that_are_off(values, origin))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error, Recipe)}") from None
    _check(recipe, origin)
    if not is_base:
        _check_model(recipe, origin)
    return recipe


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML that `load_recipe` reads back to the same value."""
    return yaml.safe_dump(to_values(recipe), sort_keys=False, width=120)


def to_values(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values."""
    return _adapter(kinds()).dump_python(recipe, mode="json")


def what_matters(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's plain values without those that change no bit of a result."""
    model, data, training = (dict(values[key]) for key in ("model", "data", "training"))
    model.pop("checkpointing", None)
    data.pop("workers", None)
    training.pop("watch", None)
    if data["order"] == "shuffled":
        data.pop("block", None)
    return {**values, "model": model, "data": data, "training": training}


def build_tasks(recipe: Recipe, vocabulary: Vocabulary) -> dict[str, Task]:
    """Make the tasks for data with this vocabulary. Raises `InputError` if the data cannot serve one."""
    tasks: dict[str, Task] = {name: settings.build(name, vocabulary) for name, settings in recipe.tasks.items()}
    for name, task in tasks.items():
        _check_learns(name, task, is_target=name == recipe.target)
    tasks[recipe.target].is_target = True
    share(tasks.values())
    return tasks


def _check_learns(name: str, task: Task, *, is_target: bool) -> None:
    if not any(task.weights.values()):
        hint = "" if is_target else f", or leave the task out by tasks.{name}=off"
        raise InputError(f"tasks.{name}.losses: every weight is 0, so {name} would learn nothing; raise one{hint}")


def _check(recipe: Recipe, origin: str) -> None:
    for name in recipe.tasks:
        if not re.fullmatch(r"\w[\w-]*", name):  # files and columns are called after it
            raise InputError(f"{origin}: tasks: a name may hold letters, digits, '_' and '-', unlike {name!r}")
    if recipe.target not in recipe.tasks:
        raise InputError(f"{origin}: target is {recipe.target!r}, but the tasks are {', '.join(recipe.tasks)}")
    _check_balancer(recipe, origin)
    _check_validation(recipe, origin)
    training = recipe.training
    if recipe.data.target_per_batch is not None and recipe.data.target_per_batch > training.batch:
        found = recipe.data.target_per_batch
        raise InputError(f"{origin}: data.target_per_batch is {found}, more than the batch of {training.batch}")
    if (training.steps is None) == (training.epochs is None):
        found = "neither" if training.steps is None else "both"
        raise InputError(f"{origin}: training wants either steps or epochs, and {found} is given")
    if training.accumulate > training.batch:
        raise InputError(
            f"{origin}: training.accumulate is {training.accumulate}, more than the batch of {training.batch}"
        )


def _check_model(recipe: Recipe, origin: str) -> None:
    """Build the tasks and the network on paper, and see that the phases fit them."""
    phases, steps = recipe.training.phases, recipe.training.steps
    try:
        tasks, network = _tasks_on_paper(recipe), None
        if tasks is not None:
            network = outline(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.target)
            _check_size(network)
        _check_two_stage(recipe)
        check_lengths(phases)
        if steps is not None:
            in_steps(phases, steps)
        if network is not None:
            check_phases(phases, network, recipe.target)
    except InputError as error:
        raise InputError(f"{origin}: {error}") from None


def _check_size(network: Network) -> None:
    """Refuse a network that no memory holds, before any is taken."""
    total = sum(network.parts().values())
    if total > MAX_PARAMETERS:
        raise InputError(
            f"model: the network would have {total:,} parameters, expected at most {MAX_PARAMETERS:,}; set model.width "
            "or the numbers of channels lower"
        )


def _check_two_stage(recipe: Recipe) -> None:
    """Refuse two stages that would be one, because nothing says what is trained when."""
    if recipe.model.sharing.kind == "two-stage" and not recipe.training.phases:
        others = ", ".join(name for name in recipe.tasks if name != recipe.target)
        raise InputError(
            "model.sharing: two-stage trains the auxiliaries first, expected training.phases to say so, found none; "
            f"set training.phases=[{{name: auxiliaries, share: 0.5, tasks: [{others}]}}, "
            f"{{name: target, tasks: [{recipe.target}]}}] for instance"
        )


def _tasks_on_paper(recipe: Recipe) -> dict[str, Task] | None:
    """The tasks, for data that have what the recipe asks for; `None` if a user's own task asks for more."""
    vocabulary, is_known = _stand_in(recipe), True
    for name, settings in recipe.tasks.items():
        try:
            settings.build(name, vocabulary)
        except InputError:
            if not is_registered(settings):
                raise
            is_known = False
    return build_tasks(recipe, vocabulary) if is_known else None


def _stand_in(recipe: Recipe) -> Vocabulary:
    """The vocabulary of data that have every label the recipe asks for, and masks of two classes."""
    labels = {getattr(task, "label", None) or "label": ("one", "other") for task in recipe.tasks.values()}
    counts = dict.fromkeys(labels, (1, 1))
    return Vocabulary(recipe.data.size or 256, ("background", "object"), labels, counts=counts)


def _check_balancer(recipe: Recipe, origin: str) -> None:
    settings = vars(recipe.balancer)
    for key, by_task in settings.items():
        strangers = [name for name in by_task if name not in recipe.tasks] if isinstance(by_task, dict) else []
        if strangers:
            hint = nearest(strangers[0], recipe.tasks)
            raise InputError(f"{origin}: balancer.{key} names {strangers[0]!r}, which is no task of this recipe{hint}")
    if settings.get("weights", {}).get(recipe.target) == 0:
        raise InputError(f"{origin}: balancer.weights gives the target {recipe.target!r} no weight")
    if recipe.target in settings.get("gate", {}):
        raise InputError(f"{origin}: balancer.gate names the target {recipe.target!r}, which is never left out")


def _check_validation(recipe: Recipe, origin: str) -> None:
    if recipe.data.train_on != "train":
        refuse_waiting(recipe, origin, f"data.train_on={recipe.data.train_on} leaves none")


def refuse_waiting(recipe: Recipe, origin: str, why: str) -> None:
    """Raise `InputError` if the recipe waits for validations, of which ``why`` says that there are none."""
    schedule, patience = recipe.training.schedule, recipe.training.patience
    why = f"which waits for validations, and {why}"
    if isinstance(schedule, PlateauConfig) and schedule.drop < 1:
        raise InputError(f"{origin}: training.schedule.kind is 'plateau', {why}; set training.schedule.kind=cosine")
    if patience is not None:
        raise InputError(f"{origin}: training.patience is {patience}, {why}; set training.patience=null")


def with_changes(recipe: Recipe, **sections: Mapping[str, Any]) -> Recipe:
    """The recipe with some fields of some sections replaced, such as ``training={"steps": 600}``."""
    changed = {name: dataclasses.replace(getattr(recipe, name), **values) for name, values in sections.items()}
    return dataclasses.replace(recipe, **changed)
