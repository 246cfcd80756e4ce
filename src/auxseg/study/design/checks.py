"""What a study or its screening refuses before anything is trained: data and targets that could give no answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auxseg.counting import count
from auxseg.data.loading.folds import in_fold
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, build_tasks, with_changes
from auxseg.records.about import Choices
from auxseg.run.building import with_data, without_labels
from auxseg.run.labels import refuse_unfit
from auxseg.study.design.arm import Arm
from auxseg.study.design.bases import alike
from auxseg.study.design.judged_figure import judged_figure
from auxseg.study.design.plan import Plan
from auxseg.tasks import Task


def in_folds(plan: Plan, store: Store) -> list[Store]:
    """The data with the splits of every fold; as they are without folds. Raises `InputError` for too many folds."""
    train_on = plan.runs[0].recipe.data.train_on
    return [store if fold is None else in_fold(store, fold, train_on) for fold in plan.folds]


def check_tasks(plan: Plan, stores: Sequence[Store]) -> Task:
    """The target. Raises `InputError` if no verdict can be given on it, or the data lack what a task learns.

    ``stores`` are the same data with the splits of every fold.
    """
    store = stores[0]
    tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
    first = plan.runs[0].recipe
    target = tasks[first.target]
    judged_figure(plan.config.figure, target)
    _check_own_settings(plan, stores)
    for each in stores:
        train = training_rows(each, first.data.train_on)
        _check_shares(plan.label_fractions, each, train)
        for name in without_labels(tasks, EvaluationLoader(each, train, first.training.batch)):
            raise InputError(f"{store.path}: no training sample has a label for {name}")
        for fraction in plan.label_fractions:
            refuse_unfit(tasks, each, labelled_rows(each, train, fraction), "of the study's auxiliaries")
    return target


def _check_own_settings(plan: Plan, stores: Sequence[Store]) -> None:
    """Refuse arms whose settings ask for what the data lack, or change nothing in any fold and share of them."""
    path, stored_size, own = stores[0].path, stores[0].stored_size, stores[0].own is not None
    recipes: dict[tuple[Arm, float], Recipe] = {}
    for run in plan.runs:
        recipes.setdefault((run.arm, run.label_fraction), run.recipe)
    for (arm, _), recipe in recipes.items():
        if recipe.data.size is not None and not (own or stored_size.covers(recipe.data.size)):
            raise InputError(
                f"study: arm {arm.name}: data.size is {recipe.data.size}, but {path} holds images of "
                f"{stored_size} px; leave it out, or prepare the data again with --size {recipe.data.size}"
            )
        crop, size = recipe.data.crop, recipe.data.size or (None if own else stored_size)
        if crop is not None and size is not None and crop.size > size.shorter:
            raise InputError(
                f"study: arm {arm.name}: data.crop.size is {crop.size}, but {path} holds images of "
                f"{stored_size} px; leave it out, or prepare the data again with a larger --size"
            )
    same = [
        alike({key: _as_met(recipe, store) for key, recipe in recipes.items() if key[1] == share})
        for store in stores
        for share in plan.label_fractions
    ]
    for arm, other in set(same[0]).intersection(*same[1:]):
        raise InputError(
            f"study: arm {arm.name} is the same as {other.name} with the data of {path}: its settings change "
            "nothing there; leave it out"
        )


def _as_met(recipe: Recipe, store: Store) -> Recipe:
    """A recipe with what its settings of the data mean for a store; `run.beginning.resolving` decides the rest.

    A number of masked samples in a batch means nothing where all samples are masked.
    """
    recipe = with_data(recipe, store)
    data = recipe.data
    train = training_rows(store, data.train_on)
    is_masked = len(labelled_rows(store, train, data.label_fraction)) == len(train)
    return with_changes(recipe, data={"target_per_batch": None if is_masked else data.target_per_batch})


def _check_shares(fractions: Sequence[float], store: Store, train: np.ndarray) -> None:
    """Refuse shares that are the same masks: they would be one comparison, shown as two."""
    seen: dict[int, float] = {}
    for fraction in fractions:
        num_masks = len(labelled_rows(store, train, fraction))
        if num_masks in seen:
            raise InputError(
                f"study: label_fractions {seen[num_masks]:g} and {fraction:g} both mean {count(num_masks, 'mask')} of "
                "the training split; leave one out"
            )
        seen[num_masks] = fraction


def refuse_without_test(target: Task, stores: Sequence[Store]) -> None:
    """Raise `InputError` if there is nothing to test on, in the data or in one of the folds."""
    for store in stores:
        _refuse_without_test(target, store)


def _refuse_without_test(target: Task, store: Store) -> None:
    for name in without_labels({target.name: target}, EvaluationLoader(store, store.rows("test"), 16)):
        raise InputError(f"{store.path}: no test sample has a label for {name}, so no verdict is possible")


def refuse_other_threads(kept: Choices, given: int | None, directory: Path) -> None:
    """Raise `InputError` if other threads are asked for than the runs of a directory were begun with.

    ``kept`` are the directory's choices, none of them before it is begun.
    """
    begun_with = kept.threads
    if given is not None and begun_with not in (None, given):
        raise InputError(
            f"{directory}: was begun with {begun_with} thread(s) per run, which change results at the bit level, and "
            f"--threads is now {given}; leave it out or give another --out"
        )
