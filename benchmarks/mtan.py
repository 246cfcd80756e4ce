"""MTAN on SegNet at full width, 256 px and batches of 5: time of a step, or peak memory with four tasks.

`measure=speed`: auxseg's step with three tasks beside the plain float32 NCHW loop over the same network and batch, in
turns, each in a process of its own; with `plain_keeps` that loop keeps memory that was freed as auxseg does.
`measure=memory`: the most memory that a short `auxseg train` with attention in encoder and decoder holds, with and
without `model.checkpointing` (resident, or on the GPU where there is one).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Literal

import torch

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.store.store import Store
from auxseg.errors import RunError
from auxseg.recipe import Recipe, load_recipe
from auxseg.records.events import End
from auxseg.run.beginning.resolving import decide
from auxseg.run.directory import Run
from auxseg.training.allocator import freed_memory_kept
from benchmarks.peers.bare_loop import BareLoop
from benchmarks.tools.apart import Step, apart
from benchmarks.tools.building import build_learner, build_loader
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import alternate

PLAIN: Final = "plain float32 NCHW loop"

_held: Final = ExitStack()
"""Of a side's own process, for as long as that lives."""


@config
class Options:
    """Settings."""

    measure: Literal["speed", "memory"] = "speed"
    preset: str = "mtl-attention"
    plain_keeps: bool = False
    four_tasks: str = "mtl-attention-with-canny"
    size: int = 256
    batch: int = 5
    width: float = 1.0
    rounds: int = 7
    steps: int = 3


def main(options: Options) -> dict[str, Any]:
    """Measure one or the other."""
    return _speed(options) if options.measure == "speed" else _memory(options)


def _speed(options: Options) -> dict[str, Any]:
    settings = {"training.batch": options.batch, "model.width": options.width, "model.weights": "none"}
    recipe = load_recipe(options.preset, settings)
    data = synthetic(options.size, 200)
    batch, store = _batch(recipe, data)
    learner, channels_last = build_learner(recipe, store, batch)
    chosen = decide(recipe, learner.precision, channels_last)
    with apart(_auxseg, chosen, data) as ours, apart(_plain, recipe, data, options.plain_keeps) as plain:
        timings = alternate({"auxseg": ours, PLAIN: plain}, options.rounds)
    return {
        "rows": [
            {
                "side": name,
                "seconds per step": timing.median,
                "steps per second, times the plain loop's": str(timings[PLAIN].over(timing)),
            }
            for name, timing in timings.items()
        ],
        "preset": f"{options.preset}, {sum(learner.network.parts().values()):,} parameters",
        "precision": f"{learner.precision}{' channels_last' if channels_last else ''}",
        "plain loop keeps freed memory": options.plain_keeps,
        "threads": torch.get_num_threads(),
    }


def _batch(recipe: Recipe, data: Path) -> tuple[Batch, Store]:
    store = Store.open(data)
    ((batch,),) = build_loader(recipe, store).steps(0, 1)
    return batch, store


def _auxseg(recipe: Recipe, data: Path) -> Step:
    """As `auxseg train` does it."""
    _held.enter_context(freed_memory_kept())
    batch, store = _batch(recipe, data)
    learner, _ = build_learner(recipe, store, batch)
    return lambda: learner.step([batch], 0)


def _plain(recipe: Recipe, data: Path, keeps: bool) -> Step:
    if keeps:
        _held.enter_context(freed_memory_kept())
    batch, store = _batch(recipe, data)
    learner, _ = build_learner(decide(recipe, "fp32", False), store, batch)
    bare = BareLoop(learner.network, learner.tasks, recipe.training.optimizer, 10_000, torch.float32)
    return lambda: bare.step(batch)


def _memory(options: Options) -> dict[str, Any]:
    store = synthetic(options.size, 200)
    return {
        "rows": [
            {"checkpointing": checkpointing, "peak memory, MiB": _peak_bytes(options, store, checkpointing) / 2**20}
            for checkpointing in ("off", "on")
        ],
        "preset": f"{options.four_tasks}, {options.steps} steps of {options.batch} at {options.size} px, bf16",
    }


def _peak_bytes(options: Options, store: Path, checkpointing: str) -> int:
    settings = {
        "training.steps": options.steps,
        "training.batch": options.batch,
        "training.precision": "bf16",
        "training.channels_last": "true",
        "model.width": options.width,
        "model.weights": "none",
        "model.checkpointing": checkpointing,
    }
    with tempfile.TemporaryDirectory() as folder:
        line = ["-m", "auxseg", "train", options.four_tasks, "--data", str(store), "--out", f"{folder}/run"]
        changes = [f"{key}={value}" for key, value in settings.items()]
        if subprocess.run([sys.executable, *line, "--set", *changes]).returncode:
            raise RunError(f"auxseg train {options.four_tasks} on {store} failed")
        (end,) = Run(Path(folder) / "run").events.of(End)
    assert end.peak_memory_bytes is not None
    return end.peak_memory_bytes
