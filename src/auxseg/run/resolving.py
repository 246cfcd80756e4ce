"""From a recipe that leaves choices open to one that leaves none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auxseg.data.loader import TrainLoader
from auxseg.data.selection import training_rows
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.models import Network
from auxseg.recipe import Recipe, to_values, what_matters, with_changes
from auxseg.run.directory import Run
from auxseg.tasks import Task
from auxseg.training.calibrate import Choice, calibrate
from auxseg.training.optimizer import at_width
from auxseg.training.phases import in_steps
from auxseg.training.runtime import Runtime


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
) -> tuple[Recipe, dict[str, float]]:
    """The recipe with its steps, rate, size, precision and memory format decided, and the measured seconds.

    A resumed run keeps what was decided when it started, whatever would be faster now; one that was stopped before
    that starts. Raises `InputError` if it is resumed with another recipe or other data.
    """
    training = recipe.training
    recipe = with_changes(
        recipe,
        data={"size": store.size, "augment": recipe.data.augmentation(pretrained=recipe.model.weights != "none")},
        training={
            "steps": training.num_steps(len(training_rows(store, recipe.data.train_on))),
            "epochs": None,
            "optimizer": at_width(training.optimizer, recipe.model.width),
        },
    )
    if resume and run.has_started:
        return _as_started(recipe, run, store), {}
    assert recipe.training.steps is not None
    recipe = _with_phases_in_steps(recipe, recipe.training.steps)
    choice: Choice | None = None
    with runtime.failing_together():
        if runtime.is_main:
            choice = measure_choice(recipe, network, tasks, loader, runtime)
    choice = runtime.gather(choice)[0]
    assert choice is not None
    return decide(recipe, choice.precision, choice.channels_last), choice.seconds


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


def _as_started(recipe: Recipe, run: Run, store: Store) -> Recipe:
    started = run.recipe
    if run.start["data"]["content_hash"] != store.content_hash:
        raise InputError(f"{run.directory}: was started on other data than {store.path}; --resume needs the same")
    given, kept = recipe.training, started.training
    recipe = decide(
        recipe,
        kept.precision if given.precision == "auto" else given.precision,
        kept.channels_last is True if given.channels_last == "auto" else given.channels_last,
    )
    assert recipe.training.steps is not None
    assert kept.steps is not None
    asked = recipe.training.steps
    if asked < kept.steps:
        raise InputError(f"{run.directory}: was planned for {kept.steps} steps; --resume cannot shorten it to {asked}")
    by_share = any(phase.share is not None for phase in recipe.training.phases)
    recipe = _with_phases_in_steps(recipe, kept.steps if by_share else asked)  # more steps belong to the last phase
    before, after = (to_values(each) for each in (started, with_changes(recipe, training={"steps": kept.steps})))
    for key, was, now in _differences(what_matters(before), what_matters(after)):
        raise InputError(
            f"{run.directory}: was started with {key}={was}, and the recipe now says {now}; "
            "--resume allows only more steps"
        )
    return recipe


def _differences(before: Any, after: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before | after:
            yield from _differences(before.get(name), after.get(name), f"{key}.{name}".lstrip("."))
    elif before != after:
        yield key, before, after
