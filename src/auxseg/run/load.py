"""A trained model out of its run directory, ready to be used."""

from __future__ import annotations

from pathlib import Path

import torch

from auxseg.data.loading.folds import in_fold
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import build_network, outline
from auxseg.models.encoders import merge_adapters
from auxseg.recipe import build_tasks, to_values, what_matters, with_changes
from auxseg.records.values.differences import differences
from auxseg.run.directory import Run
from auxseg.run.labels import untrained_tasks
from auxseg.run.matching import matched
from auxseg.run.model import Model
from auxseg.run.model_file import ModelFacts
from auxseg.run.packed.finding import Found, find_model
from auxseg.training.weights import WeightsFile


def load(run: Run | str | Path, device: str = "auto") -> Model:
    """The best model of a run, or that of a model directory, a model file, or a Hub (``hf://OWNER/NAME``).

    No code from the file is run. Raises `InputError` if there is none or it is damaged.
    """
    return load_found(find_model(run), device)[0]


def load_found(found: Found, device: str = "auto") -> tuple[Model, ModelFacts]:
    """The model of a file that was found, and what the file says of it. Raises `InputError` as `load` does."""
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: no CUDA device was found on this machine; use --device cpu")
    file = WeightsFile.open(found.file)
    facts = ModelFacts.unpack(file.metadata, found.file)
    if found.run is not None:
        _refuse_another_network(found.run, facts)
    recipe, vocabulary = facts.recipe, facts.vocabulary
    tasks = build_tasks(recipe, vocabulary)
    outputs = {name: task.output for name, task in tasks.items()}
    on_paper = outline(recipe.model, outputs, recipe.target, len(vocabulary.channels))
    file.refuse_another(on_paper)  # so that the file bounds the memory
    without = with_changes(recipe, model={"weights": "none"}).model
    network = build_network(without, outputs, recipe.seed, recipe.target, len(vocabulary.channels))
    network.load_state_dict(file.read())
    merge_adapters(network)
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    memory_format = torch.channels_last if recipe.training.channels_last is True else torch.contiguous_format
    network.to(chosen).to(memory_format=memory_format).eval()
    untrained = untrained_tasks(recipe, vocabulary, facts.labelled)
    model = Model(network, tasks, recipe, vocabulary, facts.step, chosen, untrained, facts.data)
    if found.description is not None:
        found.description.refuse_another(model, facts, found.file.parent)
    return model, facts


def _refuse_another_network(run: Run, facts: ModelFacts) -> None:
    """Refuse a model file of another network than the run's recipe names: somebody put it there."""
    named, trained = (what_matters(to_values(recipe)) for recipe in (run.recipe, facts.recipe))
    for section in ("target", "tasks", "model"):
        for key, (said, found) in differences({section: named[section]}, {section: trained[section]}):
            raise InputError(
                f"{run.best_file}: not the model of {run.recipe_file.name} beside it: {key} is {found} in the model "
                f"and {said} in the recipe; put the run's own file back, or name the file itself"
            )


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
    return in_words_of(model, store)


def at_size_of(model: Model, store: Store) -> Store:
    """A store as a model sees it: at its size, or at the images' own if it was trained on windows of these."""
    data = model.recipe.data
    if data.size is None and data.crop is not None:
        return store.at_own_sizes(data.crop.size)
    return store.at_size(model.vocabulary.size)


def in_words_of(model: Model, store: Store) -> Store:
    """A store at the model's size and with the model's class ids. Raises `InputError` as `matched` does.

    A model of a fold meets the store that it was trained on with the splits of its fold, so that no image on which it
    was trained is among those it is tested on. It is refused for other data: the same images may be in them.
    """
    data = model.recipe.data
    if data.fold is not None:
        if model.data != store.content_hash:
            raise InputError(
                f"{store.path}: the model was trained on fold {data.fold} of other data, so nothing tells which images "
                "here it has seen; name the store it was trained on, or train without data.fold"
            )
        store = in_fold(store, data.fold, data.train_on)  # before classes are matched: labels have a say in folds
    return matched(at_size_of(model, store), model.vocabulary, list(model.tasks.values()), model.recipe.target)


def refuse_without_originals(store: Store) -> None:
    """Raise `InputError` for a store whose masks cannot be read at the size of the images."""
    if not store.keeps_original_masks:
        raise InputError(
            f"{store.path}: keeps masks only at the stored size; prepare it again with `auxseg data prepare "
            "--original-masks`"
        )
