"""Training a recipe into a run directory, from the start or from where it stopped."""

from __future__ import annotations

import contextlib
import platform
import shlex
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from auxseg.arguments import as_path
from auxseg.data.loading.loader import TrainLoader
from auxseg.data.loading.selection import labelled_rows, training_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.models import Network
from auxseg.recipe import Recipe, build_tasks, dump_recipe, load_recipe, refuse_waiting
from auxseg.records.event_log import EventLog
from auxseg.records.events import Events, Resume, Start
from auxseg.run.beginning.colours import tell_idle_colours
from auxseg.run.beginning.memory import refuse_beyond_memory
from auxseg.run.beginning.micro_batches import refuse_lone_values
from auxseg.run.beginning.opening import opened
from auxseg.run.beginning.resolving import Resolved, measure_choice, resolve
from auxseg.run.beginning.resuming import owner_of
from auxseg.run.building import (
    build_for,
    build_fork,
    build_learner,
    open_data,
    train_loader,
    validation_loader,
    with_pixels,
    with_scale,
)
from auxseg.run.directory import Run, describe_data
from auxseg.run.labels import labelled_samples, refuse_unfit, refuse_unlabelled, untrained_tasks
from auxseg.run.model_file import ModelFacts
from auxseg.run.observing.observers import Recorder, now
from auxseg.run.prediction.tiles import own_tiles
from auxseg.tasks import Task, layers_read
from auxseg.training.allocator import freed_memory_kept
from auxseg.training.calibrate import Choice
from auxseg.training.checkpoint import Checkpoint
from auxseg.training.loop import Observer, Plan, fit
from auxseg.training.phases import never_trained
from auxseg.training.runtime import Device, Runtime
from auxseg.version import __version__


@freed_memory_kept()
def train(
    recipe: Recipe | str | Path,
    data: str | Path,
    out: str | Path,
    *,
    device: Device = "auto",
    devices: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    observers: Sequence[Observer] = (),
    tell: Callable[[str], None] = warnings.warn,
) -> Run:
    """Train a recipe (also by the name of a preset, or its file) on a store and leave a run directory.

    ``resume`` goes on from the last checkpoint to exactly the weights of an uninterrupted run; the recipe must be
    the same but for more steps. ``tell`` is given what deserves a warning. Raises `InputError` if something is refused
    before work starts, `RunError` if a loss is not finite.
    """
    run, recipe = Run(as_path(out, "out")), recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    store = with_scale(with_pixels(open_data(data, recipe), recipe), recipe)
    tasks = build_tasks(recipe, store.vocabulary)
    store = store.with_layers(layers_read(tasks.values()))
    labelled = _labelled(recipe, store, tasks, tell)
    tell_idle_colours(recipe, store, tell)
    runtime = Runtime(device, devices)
    runtime.launch()
    runtime.forget_peak_memory()
    runtime.refuse_difference(
        store.content_hash, f"{store.path}: was replaced while the processes started; run the command again"
    )
    size = recipe.data.input_size(store.size)
    refuse_beyond_memory(recipe, tasks, store.vocabulary, size, runtime)
    network = build_for(recipe, store, tasks).to(runtime.device)
    loader = train_loader(recipe, store, runtime)
    refuse_lone_values(recipe, network, size, runtime)
    with opened(run, runtime, resume=resume, overwrite=overwrite):
        resolved = resolve(recipe, run, store, network, tasks, loader, runtime, resume=resume)
        recipe = resolved.recipe
        if recipe.training.channels_last:
            network.to(memory_format=torch.channels_last)
        runtime.synchronise_batch_norm(network)
        fork = build_fork(recipe, network, tasks, runtime)
        learner = build_learner(recipe, network, tasks, runtime) if fork is None else fork.main
        runtime.gather(None)  # all have read what the main process now rewrites
        facts = ModelFacts(recipe, store.vocabulary, 0, labelled, store.content_hash)
        recorders: list[Recorder] = []
        with runtime.failing_together():
            if runtime.is_main:
                frozen = never_trained(network, learner.phases)
                _announce(run, facts, store, network, frozen, resolved, loader, runtime, tell)
                recorders.append(Recorder(run, facts, loader.steps_per_epoch))
        started = time.perf_counter()
        reason, step = fit(
            learner,
            tasks[recipe.target],
            _plan(recipe, run, store),
            loader,
            validation_loader(recipe, store, runtime),
            [*recorders, *observers],
            fork,
        )
        for recorder in recorders:
            recorder.conclude(step, reason, time.perf_counter() - started, runtime.peak_memory_bytes())
    return run


def _labelled(recipe: Recipe, store: Store, tasks: Mapping[str, Task], tell: Callable[[str], None]) -> dict[str, int]:
    """How many training samples have a label for each task. Raises `InputError` for a task that would learn nothing."""
    rows = training_rows(store, recipe.data.train_on)
    if not len(rows):
        raise InputError(f"{store.path}: the training split is empty")
    masked = labelled_rows(store, rows, recipe.data.label_fraction)
    labelled = labelled_samples(tasks, store, rows, masked)
    refuse_unlabelled(tasks, labelled, store, recipe.target, tell)
    refuse_unfit(tasks, store, masked)
    if recipe.data.train_on == "train":
        val = store.rows("val")
        target = {recipe.target: tasks[recipe.target]}
        if not labelled_samples(target, store, val, val[store.has_mask[val]])[recipe.target]:
            refuse_waiting(recipe, str(store.path), f"no validation sample has a label for {recipe.target}")
    return labelled


@freed_memory_kept()
def choose(recipe: Recipe, data: str | Path, device: Device = "auto") -> Choice:
    """Precision and memory format that a run of this recipe would choose; nothing is written."""
    store = open_data(data, recipe)
    tasks = build_tasks(recipe, store.vocabulary)
    store = store.with_layers(layers_read(tasks.values()))
    runtime = Runtime(device)
    runtime.launch()
    network = build_for(recipe, store, tasks).to(runtime.device)
    return measure_choice(recipe, network, tasks, train_loader(recipe, store, runtime), runtime)


def _plan(recipe: Recipe, run: Run, store: Store) -> Plan:
    training = recipe.training
    assert training.steps is not None
    validate_every = training.steps_per_validation(len(training_rows(store, recipe.data.train_on)))
    checkpoint = Checkpoint(run.last_file, owner_of(recipe, store.content_hash), EventLog(run.events_file))
    tiles = own_tiles(recipe)
    return Plan(training.steps, validate_every, training.patience, training.tolerance, checkpoint, tiles)


def _announce(
    run: Run,
    facts: ModelFacts,
    store: Store,
    network: Network,
    frozen: Mapping[str, int],
    resolved: Resolved,
    loader: TrainLoader,
    runtime: Runtime,
    tell: Callable[[str], None],
) -> None:
    """Write down what the run is, or that it goes on, before the first step."""
    log, recipe, step = EventLog(run.events_file), resolved.recipe, resolved.step
    assert recipe.training.steps is not None
    assert recipe.training.channels_last != "auto"
    write_atomically(run.recipe_file, dump_recipe(recipe).encode())
    if step is not None:
        if loss := Events(lost=log.rewind(step)).loss:
            tell(f"{run.directory}: {loss}")
        log.append(Resume(time=now(), step=step, steps=recipe.training.steps))
        return
    run.events_file.unlink(missing_ok=True)
    log.append(
        Start(
            time=now(),
            command=shlex.join(sys.argv),
            device=str(runtime.device),
            processes=runtime.num_processes,
            processor=_processor(runtime),
            threads=torch.get_num_threads(),
            versions={"auxseg": __version__, "torch": torch.__version__, "python": platform.python_version()},
            precision=recipe.training.precision,
            channels_last=recipe.training.channels_last,
            calibration=resolved.seconds,
            parameters=network.parts(),
            frozen=frozen or None,
            weights=network.provenance,
            steps=recipe.training.steps,
            steps_per_epoch=loader.steps_per_epoch,
            data=describe_data(store),
            labelled=facts.labelled or {},
            untrained=tuple(sorted(untrained_tasks(recipe, facts.vocabulary, facts.labelled))),
        )
    )


def _processor(runtime: Runtime) -> str:
    """The processor's or GPU's own name."""
    if runtime.device.type == "cuda":
        return torch.cuda.get_device_name(runtime.device)
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
