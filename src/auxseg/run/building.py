"""What a recipe trains on and what learns, as built objects."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from torch import nn

from auxseg.data.augment import can_show
from auxseg.data.channels import RGB
from auxseg.data.loading.folds import in_fold
from auxseg.data.loading.loader import EvaluationLoader, TrainLoader
from auxseg.data.loading.pixels import count_pixels
from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.loading.statistics import channel_statistics
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import Network, build_network
from auxseg.recipe import Recipe, trained_together, with_changes
from auxseg.tasks import Task
from auxseg.training.average import WeightAverage
from auxseg.training.forking.fork import Fork
from auxseg.training.learner import Learner
from auxseg.training.optimizer import parameter_groups
from auxseg.training.phases import Phase, build_phases
from auxseg.training.runtime import Runtime
from auxseg.training.teacher import Teacher, teacher_decay

_NEARLY_ONE: Final = 0.01


def open_data(path: str | Path, recipe: Recipe) -> Store:
    """The store, at the size that the recipe asks for and with the splits of its fold."""
    store, data = Store.open(path), recipe.data
    store = seen_by(store, recipe)
    if data.crop is not None and store.fits_size and data.crop.size > store.size.shorter:
        raise InputError(
            f"{store.path}: data.crop.size is {data.crop.size}, but its images have {store.size} px; set "
            f"data.crop.size to at most {store.size.shorter}, or prepare the data again with a larger --size"
        )
    _refuse_lost_labels(store, recipe)
    return store if data.fold is None else in_fold(store, data.fold, data.train_on)


def _refuse_lost_labels(store: Store, recipe: Recipe) -> None:
    """Refuse tasks that drop the labels of windows, where no window can show a whole image."""
    crop = recipe.data.crop
    dropping = [name for name, task in recipe.tasks.items() if getattr(task, "crops", "keep") == "drop"]
    if crop is None or not dropping:
        return
    augment = recipe.data.augmentation(pretrained=recipe.model.weights != "none")
    inside = np.array([store.inside(row) for row in range(len(store.ids))]).reshape(-1, 4)
    sides = np.stack([inside[:, 1] - inside[:, 0], inside[:, 3] - inside[:, 2]], axis=1)
    if len(sides) and not can_show(crop, augment, sides).any():
        smallest = int(sides.max(1).min())
        raise InputError(
            f"{store.path}: tasks.{dropping[0]}.crops is drop, but windows of {crop.size} px never show a whole image "
            f"of {smallest} px or more, so the task would learn nothing; set it to keep, or data.crop.size higher"
        )


def seen_by(store: Store, recipe: Recipe) -> Store:
    """The store at the size that a recipe asks for, or with images at their own sizes if it trains on windows of these.

    Raises `InputError` if images have each their own size and the recipe does not say how it sees them.
    """
    size, crop = recipe.data.size, recipe.data.crop
    if size is not None:
        return store.at_size(size)
    if store.own is None:
        return store
    if crop is None:
        raise InputError(
            f"{store.path}: its images have each their own size, {store.own.in_words()}; set data.size to fit them "
            "into one size, or data.crop.size to train on windows of them"
        )
    if crop.size > store.own.bounds().longer:
        raise InputError(
            f"{store.path}: data.crop.size is {crop.size}, but no image has more than {store.own.bounds().longer} px a "
            "side, so windows would show each whole and padded; set data.crop.size lower, or data.size instead"
        )
    return store.at_own_sizes(crop.size)


def with_data(recipe: Recipe, store: Store) -> Recipe:
    """The recipe with its size and augmentation, where it leaves them to the data and the weights."""
    augment = recipe.data.augmentation(pretrained=recipe.model.weights != "none")
    stored = store.stored_size if store.fits_size else None
    return with_changes(recipe, data={"size": recipe.data.size or stored, "augment": augment})


def with_pixels(store: Store, recipe: Recipe) -> Store:
    """The store whose vocabulary says how many training pixels each mask class has, if the recipe asks for it.

    Only masks that are trained on are counted.
    """
    if not any(getattr(task, "needs_pixels", False) for task in recipe.tasks.values()):
        return store
    rows = labelled_rows(store, training_rows(store, recipe.data.train_on), recipe.data.label_fraction)
    pixels = tuple(count_pixels(store, rows).tolist())
    return replace(store, vocabulary=replace(store.vocabulary, pixels=pixels))


def with_scale(store: Store, recipe: Recipe) -> Store:
    """The store whose vocabulary says at which scale it shows its images: the median over those that are trained on.

    A scale within a hundredth of 1 is 1.
    """
    rows = training_rows(store, recipe.data.train_on)
    if not len(rows):
        return store
    inside = np.array([store.inside(row) for row in rows.tolist()])
    sides = np.stack([inside[:, 1] - inside[:, 0], inside[:, 3] - inside[:, 2]], axis=1)
    down, across = np.median(sides / store.original_sizes[rows], axis=0).tolist()
    scale = tuple(1.0 if abs(each - 1) < _NEARLY_ONE else each for each in (down, across))
    return replace(store, vocabulary=replace(store.vocabulary, scale=scale))


def train_loader(recipe: Recipe, store: Store, runtime: Runtime) -> TrainLoader:
    """Augmented batches of what the recipe trains on."""
    data = recipe.data
    rows = training_rows(store, data.train_on)
    return TrainLoader(
        store,
        rows,
        recipe.training.batch,
        augment=data.augmentation(pretrained=recipe.model.weights != "none"),
        seed=recipe.seed,
        labelled=labelled_rows(store, rows, data.label_fraction),
        target_per_batch=data.target_per_batch,
        block=data.block if data.order == "blocks" else None,
        crop=data.crop,
        first_class=1 if store.vocabulary.has_background else 0,
        accumulate=recipe.training.accumulate,
        rank=runtime.rank,
        num_processes=runtime.num_processes,
        workers=recipe.data.workers,
        pin_memory=runtime.device.type == "cuda",
    )


def validation_loader(recipe: Recipe, store: Store, runtime: Runtime) -> EvaluationLoader | None:
    """The validation split, if there is one that is not trained on; one image at a time where it is cut into tiles."""
    rows = store.rows("val")
    if recipe.data.train_on != "train" or not len(rows):
        return None
    return EvaluationLoader(
        store,
        rows,
        recipe.training.batch if recipe.data.crop is None else 1,
        rank=runtime.rank,
        num_processes=runtime.num_processes,
        workers=recipe.data.workers,
        pin_memory=runtime.device.type == "cuda",
    )


def build_for(recipe: Recipe, store: Store, tasks: Mapping[str, Task]) -> Network:
    """The recipe's network with its initial weights, for the channels of a store.

    RGB of 8 bits is normalised as the encoder says; images of other channels by what the training split holds.
    """
    outputs = {name: task.output for name, task in tasks.items()}
    network = build_network(recipe.model, outputs, recipe.seed, recipe.target, len(store.channels))
    if store.channels != RGB:
        network.normalise_by(*channel_statistics(store, training_rows(store, recipe.data.train_on)))
    return network


def build_fork(recipe: Recipe, network: Network, tasks: dict[str, Task], runtime: Runtime) -> Fork | None:
    """The branches of a recipe, whose precision is decided, on copies of the network; none if it does not fork."""
    if recipe.training.fork_merge is None:
        return None
    sets = [{name: tasks[name] for name in names} for names in trained_together(recipe)]
    networks = [network, *(copy.deepcopy(network) for _ in sets[1:])]
    branches = [
        build_learner(recipe, each, tasks, runtime, trained=trained)
        for each, trained in zip(networks, sets, strict=True)
    ]
    return Fork(branches, recipe.training.fork_merge.candidates)


def build_learner(
    recipe: Recipe,
    network: Network,
    tasks: dict[str, Task],
    runtime: Runtime,
    *,
    trained: Mapping[str, Task] | None = None,
) -> Learner:
    """Everything that changes while the recipe, whose precision is decided, is trained; or ``trained`` of its tasks."""
    training = recipe.training
    assert training.steps is not None
    phases = build_phases(
        training.phases,
        training.steps,
        network,
        tasks if trained is None else trained,
        lambda names: recipe.balancer.build(names, recipe.target, recipe.seed).to(runtime.device),
        training.schedule.build,
    )
    pretrained = [] if recipe.model.weights == "none" else network.encoder_parameters()
    modules = (network, *(phase.balancer for phase in phases))
    groups = parameter_groups(modules, pretrained, training.optimizer, _always_frozen(network, phases))
    assert training.precision != "auto"
    average = WeightAverage(network, training.average)
    return Learner(
        network,
        tasks,
        phases,
        training.optimizer.build(groups),
        average,
        runtime,
        precision=training.precision,
        clip=training.clip,
        seed=recipe.seed,
        watch=training.watch,
        teacher=_teacher(network, tasks, average),
    )


def _always_frozen(network: Network, phases: Sequence[Phase]) -> list[nn.Parameter]:
    """What ``model.encoder.freeze`` keeps as it is and no phase unfreezes."""
    trained = {id(parameter) for phase in phases for parameter in phase.trained}
    return [each for each in network.parameters() if not each.requires_grad and id(each) not in trained]


def _teacher(network: Network, tasks: Mapping[str, Task], average: WeightAverage) -> Teacher | None:
    """The teacher of the tasks that need one. Its average is the one that is validated, if it has their decay."""
    decay = teacher_decay(tasks.values(), average.decay)
    if decay is None:
        return None
    return Teacher(network, tasks, average if decay == average.decay else WeightAverage(network, decay))


def without_labels(tasks: Mapping[str, Task], loader: EvaluationLoader) -> list[str]:
    """The tasks for which not one sample has a label; reads no further than the first that have."""
    wanted = dict(tasks)
    for batch in loader:
        for name, task in list(wanted.items()):
            if any(bool(count.any()) for count in task.counts(task.target(batch)).values()):
                del wanted[name]
        if not wanted:
            break
    return list(wanted)
