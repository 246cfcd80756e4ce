"""A learner and its loader as `auxseg train` makes them, without a run directory."""

from __future__ import annotations

import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.loading.loader import TrainLoader
from auxseg.data.store.store import Store
from auxseg.models import build_network
from auxseg.recipe import Recipe, build_tasks, with_changes
from auxseg.run import building
from auxseg.run.beginning.resolving import decide
from auxseg.training.calibrate import calibrate
from auxseg.training.learner import Learner
from auxseg.training.runtime import Runtime


def build_loader(recipe: Recipe, store: Store) -> TrainLoader:
    """Augmented batches of the training split."""
    return building.train_loader(recipe, store, Runtime())


def build_learner(recipe: Recipe, store: Store, batch: Batch) -> tuple[Learner, bool]:
    """A learner in the recipe's precision and memory format; where they are open, in those that a run would choose.

    Returns it with whether its memory format is channels_last.
    """
    training = recipe.training
    tasks = build_tasks(recipe, store.vocabulary)
    runtime = Runtime()
    runtime.launch()
    outputs = {name: task.output for name, task in tasks.items()}
    network = build_network(recipe.model, outputs, recipe.seed, recipe.target).to(runtime.device)
    precision = None if training.precision == "auto" else training.precision
    channels_last = None if training.channels_last == "auto" else training.channels_last
    choice = calibrate(network, tasks, [batch], runtime, precision, channels_last)
    network.to(memory_format=torch.channels_last if choice.channels_last else torch.contiguous_format)
    length = {"steps": training.num_steps(len(store.rows("train"))), "epochs": None}
    decided = with_changes(decide(recipe, choice.precision, choice.channels_last), training=length)
    learner = building.build_learner(decided, network.train(), tasks, runtime)
    return learner, choice.channels_last
