"""From a recipe that leaves choices open to one that leaves none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from auxseg.data.loading.loader import TrainLoader
from auxseg.data.loading.selection import training_rows
from auxseg.data.store.store import Store
from auxseg.models import Network
from auxseg.recipe import Recipe, with_changes
from auxseg.run.beginning.resuming import standing
from auxseg.run.building import with_data
from auxseg.run.directory import Run
from auxseg.tasks import Task
from auxseg.training.calibrate import Choice, calibrate
from auxseg.training.optimizer import at_width
from auxseg.training.phases import in_steps
from auxseg.training.runtime import Runtime


@final
@dataclass(frozen=True)
class Resolved:
    """A recipe that leaves nothing open, the seconds of a step where they were measured, and where it goes on."""

    recipe: Recipe
    seconds: dict[str, float]
    step: int | None = None


def resolve(
    recipe: Recipe,
    run: Run,
    store: Store,
    network: Network,
    tasks: Mapping[str, Task],
    loader: TrainLoader,
    runtime: Runtime,
    *,
    resume: bool,
) -> Resolved:
    """The recipe with its steps, rate, size, precision and memory format decided.

    A resumed run keeps what was decided when it started, whatever would be faster now; one that was stopped before
    that starts. Raises `InputError` if it is resumed with another recipe or other data, or from files that do not
    belong together.
    """
    training = recipe.training
    recipe = with_changes(
        with_data(recipe, store),
        training={
            "steps": training.num_steps(len(training_rows(store, recipe.data.train_on))),
            "epochs": None,
            "optimizer": at_width(training.optimizer, recipe.model.width),
        },
    )
    begun = standing(recipe, run, store) if resume else None
    if begun is not None:
        return Resolved(begun.recipe, {}, begun.step)
    assert recipe.training.steps is not None
    recipe = _with_phases_in_steps(recipe, recipe.training.steps)
    choice: Choice | None = None
    with runtime.failing_together():
        if runtime.is_main:
            choice = measure_choice(recipe, network, tasks, loader, runtime)
    choice = runtime.gather(choice)[0]
    assert choice is not None
    return Resolved(decide(recipe, choice.precision, choice.channels_last), choice.seconds)


def measure_choice(
    recipe: Recipe, network: Network, tasks: Mapping[str, Task], loader: TrainLoader, runtime: Runtime
) -> Choice:
    """Measure what the recipe leaves open, on the first batch."""
    training = recipe.training
    precision = None if training.precision == "auto" else training.precision
    channels_last = None if training.channels_last == "auto" else training.channels_last
    return calibrate(network, tasks, next(iter(loader.steps(0, 1))), runtime, precision, channels_last)


def decide(recipe: Recipe, precision: str, channels_last: bool) -> Recipe:
    """The recipe with these choices made."""
    return with_changes(recipe, training={"precision": precision, "channels_last": channels_last})


def _with_phases_in_steps(recipe: Recipe, num_steps: int) -> Recipe:
    return with_changes(recipe, training={"phases": in_steps(recipe.training.phases, num_steps)})
