"""Runs that nobody trained: what is read when one is handed over, with the weights that a training begins with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auxseg.data.store.store import Store
from auxseg.models import build_network
from auxseg.recipe import build_tasks, dump_recipe, load_recipe
from auxseg.run import Run
from auxseg.run.model_file import ModelFacts
from auxseg.training.weights import save_weights

OF_ALL: Sequence[str] = ("training.precision=fp32", "training.channels_last=false", "model.weights=none")


def untrained_run(directory: Path, data: Path, preset: str, settings: Sequence[str] = ()) -> Path:
    """A run of a preset with some settings, for the classes of a store."""
    recipe, store = load_recipe(preset, [*OF_ALL, *settings]), Store.open(data)
    tasks = build_tasks(recipe, store.vocabulary)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 0, recipe.target)
    directory.mkdir(parents=True)
    run = Run(directory)
    run.recipe_file.write_text(dump_recipe(recipe))
    facts = ModelFacts(recipe, store.vocabulary, 0, dict.fromkeys(tasks, len(store)), store.content_hash)
    save_weights(run.best_file, network, facts.pack(None))
    return directory
