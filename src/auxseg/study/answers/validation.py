"""What runs measured on the validation split, by which weights are tuned and the best arm is found."""

from __future__ import annotations

from pathlib import Path

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, build_tasks
from auxseg.records.events import read_events
from auxseg.run.building import without_labels


def validation_figure(directory: Path, target: str) -> float | None:
    """The target's figure of the model that a run keeps; ``None`` without validation. Reads the run's events alone."""
    kept = read_events(directory).kept
    return None if kept is None else next(iter(kept.figures[target].values()))


def refuse_without_validation(recipe: Recipe, store: Store, key: str) -> None:
    """Raise `InputError` if there is nothing that ``key``, which chooses on validation, could choose by."""
    if recipe.data.train_on != "train":
        raise InputError(
            f"study: {key} chooses on validation, but data.train_on is {recipe.data.train_on} and leaves none; set "
            "data.train_on=train"
        )
    target = {recipe.target: build_tasks(recipe, store.vocabulary)[recipe.target]}
    if without_labels(target, EvaluationLoader(store, store.rows("val"), 16)):
        raise InputError(
            f"{store.path}: no validation sample has a label for {recipe.target}, so {key} has nothing to choose by"
        )
