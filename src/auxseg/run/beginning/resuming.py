"""Where a stopped run goes on, and whether what its directory holds belongs together.

Three files have to agree before a step is taken from a checkpoint: recipe.yaml says what was asked for, the seal of
last.pt whose weights it holds, and events.jsonl that every step up to it was taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import torch

from auxseg.counting import count
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, to_values, what_matters, with_changes
from auxseg.records.events import Step
from auxseg.records.values.differences import differences
from auxseg.run.directory import Run
from auxseg.training.checkpoint import load_last
from auxseg.training.phases import in_steps
from auxseg.training.seal import Owner, examine
from auxseg.version import __version__

_AGAIN: Final = "start again with --overwrite"
_MOST_DIFFERENCES: Final = 5


@final
@dataclass(frozen=True)
class Standing:
    """A run that was begun: its recipe as it goes on, and the step of its checkpoint, `None` before the first."""

    recipe: Recipe
    step: int | None


@final
@dataclass(frozen=True)
class _Log:
    """What events.jsonl says of how far the training came."""

    steps: tuple[int, ...]
    has_started: bool
    has_ended: bool
    steps_per_epoch: int

    def holds_each_step_to(self, step: int) -> bool:
        """Whether every step up to this one was logged, once and in order."""
        held = [each for each in self.steps if each <= step]
        return len(held) == step and held == list(range(1, step + 1))  # a damaged step may be any number


def owner_of(recipe: Recipe, content_hash: str) -> Owner:
    """What a checkpoint of this recipe says that it belongs to. The number of steps may grow, so it is left out."""
    values = what_matters(to_values(recipe))
    training = {name: value for name, value in values["training"].items() if name not in ("steps", "epochs")}
    text = json.dumps({**values, "training": training}, sort_keys=True)
    return Owner(hashlib.sha256(text.encode()).hexdigest(), content_hash)


def standing(recipe: Recipe, run: Run, store: Store) -> Standing | None:
    """Where the run goes on; `None` if nothing of it is there, so that it starts.

    ``recipe`` has its steps and its size decided; what was measured when the run started is kept. Raises `InputError`
    if recipe, data, checkpoint and log do not belong together, or one of them is missing.
    """
    log = _read(run)
    if not log.has_started:
        _refuse_orphans(run)
        return None
    recipe = _as_started(recipe, run, store)
    if not run.last_file.exists():
        if log.has_ended or max(log.steps, default=0) > log.steps_per_epoch:  # every epoch ends with a checkpoint
            raise InputError(f"{run.last_file}: the checkpoint to resume from is missing; restore it, or {_AGAIN}")
        return Standing(recipe, None)
    return Standing(recipe, _step_of_checkpoint(recipe, run, store, log))


def _read(run: Run) -> _Log:
    events = run.events
    steps = tuple(event.step for event in events.of(Step))
    start = events.start
    return _Log(steps, start is not None, events.has_ended, 1 if start is None else start.steps_per_epoch)


def _refuse_orphans(run: Run) -> None:
    """Raise `InputError` for a checkpoint or a model of which no log says where it comes from."""
    for path in (run.last_file, run.best_file):
        if path.exists():
            raise InputError(
                f"{run.events_file}: is missing or has no start event, so {path.name} cannot be verified; restore it, "
                f"or {_AGAIN}"
            )


def _step_of_checkpoint(recipe: Recipe, run: Run, store: Store, log: _Log) -> int:
    seal = examine(run.last_file)
    if seal is None:  # of a version that had none: the log, which that version deleted first, has to do
        step = load_last(run.last_file, torch.device("cpu")).get("progress", {}).get("step")
        if not isinstance(step, int):
            raise InputError(f"{run.last_file}: does not record its step; {_AGAIN}")
    else:
        step, owner = seal.step, owner_of(recipe, store.content_hash)
        is_comparable = seal.version == __version__  # another version may know other settings
        if seal.owner.data != owner.data or (is_comparable and seal.owner.recipe != owner.recipe):
            what = "data" if seal.owner.data != owner.data else "recipe"
            raise InputError(
                f"{run.last_file}: belongs to another {what} than {run.directory}; restore the run's own, or {_AGAIN}"
            )
    if not log.holds_each_step_to(step):
        raise InputError(
            f"{run.events_file}: expected each of the steps 1 to {step} that {run.last_file.name} has taken, found "
            f"{len({each for each in log.steps if 1 <= each <= step})} of them; restore a copy, or {_AGAIN}"
        )
    return step


def _as_started(recipe: Recipe, run: Run, store: Store) -> Recipe:
    started = run.recipe
    if run.trained_on[1] != store.content_hash:
        raise InputError(f"{run.directory}: was started on other data than {store.path}; --resume needs the same")
    given, kept = recipe.training, started.training
    recipe = with_changes(
        recipe,
        training={
            "precision": kept.precision if given.precision == "auto" else given.precision,
            "channels_last": kept.channels_last is True if given.channels_last == "auto" else given.channels_last,
        },
    )
    asked, planned = given.steps, kept.steps
    assert asked is not None
    if planned is None:
        raise InputError(f"{run.recipe_file}: expected training.steps in the recipe of a run, found none; {_AGAIN}")
    if asked < planned:
        raise InputError(f"{run.directory}: was planned for {planned} steps; --resume cannot shorten it to {asked}")
    by_share = any(phase.share is not None for phase in given.phases)
    phases = in_steps(given.phases, planned if by_share else asked)  # more steps belong to the last phase
    recipe = with_changes(recipe, training={"phases": phases})
    before, after = (to_values(each) for each in (started, with_changes(recipe, training={"steps": planned})))
    _refuse_changes(run, list(differences(what_matters(before), what_matters(after))))
    return recipe


def _refuse_changes(run: Run, changes: Sequence[tuple[str, tuple[object, ...]]]) -> None:
    if not changes:
        return
    shown = [f"with {key}={was}, and the recipe now says {now}" for key, (was, now) in changes[:_MOST_DIFFERENCES]]
    more = len(changes) - len(shown)
    others = [f"and {count(more, 'other setting')} changed"] if more else []
    raise InputError(f"{run.directory}: was started {'; '.join([*shown, *others])}; --resume allows only more steps")
