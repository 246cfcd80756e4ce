"""A trained model out of its run directory, ready to be used."""

from __future__ import annotations

from pathlib import Path

import torch

from auxseg.data.loading.folds import in_fold
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network, outline
from auxseg.recipe import build_tasks, with_changes
from auxseg.run.directory import Run
from auxseg.run.labels import untrained_tasks
from auxseg.run.matching import matched
from auxseg.run.model import Model
from auxseg.run.model_file import ModelFacts
from auxseg.training.weights import WeightsFile


def load(run: Run | str | Path, device: str = "auto") -> Model:
    """The best model of a run. No code from the file is run. Raises `InputError` if there is none or it is damaged."""
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: no CUDA device was found on this machine; use --device cpu")
    run = Run.open(run)
    file = WeightsFile.open(run.best_file)
    facts = ModelFacts.unpack(file.metadata, run.best_file)
    recipe, vocabulary = facts.recipe, facts.vocabulary
    tasks = build_tasks(recipe, vocabulary)
    outputs = {name: task.output for name, task in tasks.items()}
    file.refuse_another(outline(recipe.model, outputs, recipe.target))  # on paper, so that the file bounds the memory
    without = with_changes(recipe, model={"weights": "none"}).model
    network = build_network(without, outputs, recipe.seed, recipe.target)
    network.load_state_dict(file.read())
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    memory_format = torch.channels_last if recipe.training.channels_last is True else torch.contiguous_format
    network.to(chosen).to(memory_format=memory_format).eval()
    untrained = untrained_tasks(recipe, vocabulary, facts.labelled)
    return Model(network, tasks, recipe, vocabulary, facts.step, chosen, untrained)


def matching_store(run: Run, model: Model, data: str | Path | None = None) -> Store:
    """The store that a run was trained on, or another at the model's size and with the model's class ids.

    Raises `InputError` if the file that the run was trained on holds other data now and is not named by ``data``, or if
    the model cannot be measured on what is named, see `matched`.
    """
    path, content_hash = (Path(data), None) if data is not None else run.trained_on
    store = Store.open(path)
    if content_hash not in (None, store.content_hash):
        raise InputError(
            f"{path}: holds other data than {run.directory} was trained on (content hash {store.content_hash[:12]}, "
            f"then {str(content_hash)[:12]}); name it with --data to measure the run on what it holds now"
        )
    store = _in_own_fold(store, run, model)  # before classes are matched: labels have a say in folds
    return matched(
        store.at_size(model.vocabulary.size), model.vocabulary, list(model.tasks.values()), model.recipe.target
    )


def _in_own_fold(store: Store, run: Run, model: Model) -> Store:
    """The store with the splits that the run was trained with; other data have splits of their own alone."""
    data = model.recipe.data
    if data.fold is None or run.trained_on[1] != store.content_hash:
        return store
    return in_fold(store, data.fold, data.train_on)
