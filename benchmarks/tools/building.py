"""A learner and its loader as `auxseg train` makes them, without a run directory."""

from __future__ import annotations

import torch

from auxseg.data.batch import Batch
from auxseg.data.loader import TrainLoader
from auxseg.data.store import Store
from auxseg.models import build_network
from auxseg.recipe import Recipe, build_tasks
from auxseg.training.average import WeightAverage
from auxseg.training.calibrate import calibrate
from auxseg.training.learner import Learner
from auxseg.training.optimizer import parameter_groups
from auxseg.training.runtime import Runtime


def build_loader(recipe: Recipe, store: Store) -> TrainLoader:
    """Augmented batches of the training split."""
    data = recipe.data
    rows = store.rows("train")
    batch = recipe.training.batch
    return TrainLoader(
        store,
        rows,
        batch,
        augment=data.augmentation(pretrained=recipe.model.weights != "none"),
        seed=recipe.seed,
        workers=data.workers,
    )


def build_learner(recipe: Recipe, store: Store, batch: Batch) -> tuple[Learner, bool]:
    """A learner in the recipe's precision and memory format; where they are open, in those that a run would choose.

    Returns it with whether its memory format is channels_last.
    """
    training = recipe.training
    tasks = build_tasks(recipe, store.vocabulary)
    runtime = Runtime()
    runtime.launch()
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.seed)
    network.to(runtime.device)
    precision = None if training.precision == "auto" else training.precision
    channels_last = None if training.channels_last == "auto" else training.channels_last
    choice = calibrate(network, tasks, [batch], runtime, precision, channels_last)
    network.to(memory_format=torch.channels_last if choice.channels_last else torch.contiguous_format)
    balancer = recipe.balancer.build(list(tasks)).to(runtime.device)
    pretrained = [] if recipe.model.weights == "none" else network.encoder_parameters()
    groups = parameter_groups((network, balancer), pretrained, training.optimizer)
    learner = Learner(
        network.train(),
        tasks,
        balancer,
        training.optimizer.build(groups),
        training.schedule.build(training.num_steps(len(store.rows("train")))),
        WeightAverage(network, training.average),
        runtime,
        precision=choice.precision,
        clip=training.clip,
        seed=recipe.seed,
    )
    return learner, choice.channels_last
