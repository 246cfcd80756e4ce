"""Training a recipe into a run directory, from the start or from where it stopped."""

from __future__ import annotations

import contextlib
import datetime
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from auxseg import __version__
from auxseg.arguments import as_path
from auxseg.data.loader import EvaluationLoader, TrainLoader
from auxseg.data.selection import training_rows
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.models import Network, build_network
from auxseg.recipe import Recipe, build_tasks, dump_recipe, load_recipe, refuse_waiting
from auxseg.run.building import build_learner, open_data, train_loader, validation_loader, without_labels
from auxseg.run.directory import Run, describe_data
from auxseg.run.history import write_history
from auxseg.run.observers import Recorder
from auxseg.run.opening import opened
from auxseg.run.resolving import measure_choice, resolve
from auxseg.training.allocator import freed_memory_kept
from auxseg.training.checkpoint import load_last
from auxseg.training.events import EventLog
from auxseg.training.loop import Observer, Plan, fit
from auxseg.training.runtime import Device, Runtime


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
) -> Run:
    """Train a recipe (also by the name of a preset, or its file) on a store and leave a run directory.

    ``resume`` goes on from the last checkpoint to exactly the weights of an uninterrupted run; the recipe must be
    the same but for more steps. Raises `InputError` if something is refused before work starts, `RunError` if a loss
    is not finite.
    """
    run, recipe = Run(as_path(out, "out")), recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    store = open_data(data, recipe)
    tasks = build_tasks(recipe, store.vocabulary)
    rows = training_rows(store, recipe.data.train_on)
    if not len(rows):
        raise InputError(f"{data}: the training split is empty")
    target = {recipe.target: tasks[recipe.target]}
    if without_labels(target, EvaluationLoader(store, rows, recipe.training.batch)):
        raise InputError(f"{data}: no training sample has a label for {recipe.target}, the target")
    validated = EvaluationLoader(store, store.rows("val"), recipe.training.batch)
    if recipe.data.train_on == "train" and without_labels(target, validated):
        refuse_waiting(recipe, str(data), f"no validation sample has a label for {recipe.target}")
    runtime = Runtime(device, devices)
    runtime.launch()
    network = build_network(
        recipe.model, {name: task.output for name, task in tasks.items()}, recipe.seed, recipe.target
    )
    network.to(runtime.device)
    loader = train_loader(recipe, store, runtime)
    with opened(run, runtime, resume=resume, overwrite=overwrite):
        recipe, seconds = resolve(recipe, run, store, network, tasks, loader, runtime, resume=resume)
        if recipe.training.channels_last:
            network.to(memory_format=torch.channels_last)
        runtime.synchronise_batch_norm(network)
        learner = build_learner(recipe, network, tasks, runtime)
        recorder = Recorder(run, recipe, store.vocabulary, loader.steps_per_epoch)
        runtime.gather(None)  # all have read what the main process now rewrites
        with runtime.failing_together():
            if runtime.is_main:
                _announce(run, recipe, store, network, seconds, loader, runtime)
        started = time.perf_counter()
        reason = fit(
            learner,
            tasks[recipe.target],
            _plan(recipe, run, loader),
            loader,
            validation_loader(recipe, store, runtime),
            [recorder, *observers],
        )
        if runtime.is_main:
            _conclude(run, recipe, reason, time.perf_counter() - started, runtime)
    return run


@freed_memory_kept()
def choose(recipe: Recipe, data: str | Path, device: Device = "auto") -> dict[str, Any]:
    """Precision and memory format (keys of ``training``) that a run of this recipe would choose; nothing is written."""
    store = open_data(data, recipe)
    tasks = build_tasks(recipe, store.vocabulary)
    runtime = Runtime(device)
    runtime.launch()
    outputs = {name: task.output for name, task in tasks.items()}
    network = build_network(recipe.model, outputs, recipe.seed, recipe.target).to(runtime.device)
    choice = measure_choice(recipe, network, tasks, train_loader(recipe, store, runtime), runtime)
    return {"precision": choice.precision, "channels_last": choice.channels_last}


def _plan(recipe: Recipe, run: Run, loader: TrainLoader) -> Plan:
    training = recipe.training
    assert training.steps is not None
    validate_every = max(round(training.validate_every * loader.steps_per_epoch), 1)
    return Plan(training.steps, validate_every, training.patience, training.tolerance, run.directory)


def _announce(
    run: Run,
    recipe: Recipe,
    store: Store,
    network: Network,
    seconds: dict[str, float],
    loader: TrainLoader,
    runtime: Runtime,
) -> None:
    """Write down what the run is, or that it goes on, before the first step."""
    log = EventLog(run.events_file)
    step = _checkpoint_step(run)
    write_atomically(run.recipe_file, dump_recipe(recipe).encode())
    if step is not None:
        log.rewind(step)
        log.append("resume", time=_now(), step=step, steps=recipe.training.steps)
        write_history(run)
        return
    run.events_file.unlink(missing_ok=True)
    log.append(
        "start",
        time=_now(),
        command=" ".join(sys.argv),
        device=str(runtime.device),
        processes=runtime.num_processes,
        processor=_processor(runtime),
        threads=torch.get_num_threads(),
        versions={"auxseg": __version__, "torch": torch.__version__, "python": platform.python_version()},
        precision=recipe.training.precision,
        channels_last=recipe.training.channels_last,
        calibration=seconds,
        parameters=network.parts(),
        weights=network.provenance,
        steps=recipe.training.steps,
        steps_per_epoch=loader.steps_per_epoch,
        data=describe_data(store),
    )


def _checkpoint_step(run: Run) -> int | None:
    """The step to go on from, ``None`` before the first checkpoint."""
    if not run.last_file.exists():
        return None
    return load_last(run.last_file, torch.device("cpu"))["progress"]["step"]


def _conclude(run: Run, recipe: Recipe, reason: str, seconds: float, runtime: Runtime) -> None:
    EventLog(run.events_file).append(
        "end",
        time=_now(),
        step=_checkpoint_step(run),
        reason=reason,
        seconds=seconds,
        peak_memory_bytes=runtime.peak_memory_bytes(),
    )
    write_history(run)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _processor(runtime: Runtime) -> str:
    """The processor's or GPU's own name."""
    if runtime.device.type == "cuda":
        return torch.cuda.get_device_name(runtime.device)
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
