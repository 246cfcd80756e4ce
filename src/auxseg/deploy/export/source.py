"""The trained model that is exported, and what is known of its training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.run import Run
from auxseg.run.load import in_words_of, load_found
from auxseg.run.model import Model
from auxseg.run.model_file import ModelFacts
from auxseg.run.packed.finding import find_model, is_packed
from auxseg.tasks.task import IMAGE


@final
@dataclass(frozen=True, eq=False)
class Source:
    """A model on the CPU, what its file says, and by part of the network where its initial weights are from."""

    model: Model
    facts: ModelFacts
    initial_weights: Mapping[str, str]

    @classmethod
    def open(cls, place: Run | str | Path) -> Source:
        """Read the model of a run, or a packed one. Raises `InputError` if there is none, or it sees no plain image."""
        found = find_model(place)
        model, facts = load_found(found, "cpu")
        _refuse_changed_picture(model, found.file.parent)
        is_run = isinstance(place, Run) or not is_packed(place)
        return cls(model, facts, _initial_weights(Run.open(place)) if is_run else {})

    def store(self, path: Path) -> Store:
        """A store at the model's size and in its words. Raises `InputError` as `matched` does."""
        return in_words_of(self.model, Store.open(path))


def _refuse_changed_picture(model: Model, place: Path) -> None:
    """Raise `InputError` if what the network sees is made of an image in ways that are no part of the network."""
    if model.tasks[model.recipe.target].view != IMAGE:
        sharing = next(name for name, task in model.tasks.items() if task.shares_view)
        raise InputError(
            f"{place}: its tasks do not see the image but the picture of {sharing} (tasks.{sharing}.view is shared), "
            "which an exported network cannot make; train with view own to export the network"
        )


def _initial_weights(run: Run) -> Mapping[str, str]:
    """As the run recorded them, with their licence where it is known; nothing if it has no readable log."""
    try:
        return run.start.weights
    except InputError:
        return {}
