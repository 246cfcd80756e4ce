"""Processor time of loading and augmenting a batch beside that of a training step, and the share of time waited.

Processor time adds up all cores. The waiting is that of a short run: what the loop waited for data, of all its time.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.recipe import load_recipe
from auxseg.records.events import Step
from auxseg.run import train
from benchmarks.tools.building import build_learner, build_loader
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import alternate


@config
class Options:
    """Settings."""

    preset: str = "mobilenet-unet"
    size: int = 128
    rounds: int = 7
    steps: int = 60


def main(options: Options) -> dict[str, Any]:
    """Load and step ten times per turn, then train a little."""
    recipe = load_recipe(options.preset, {"training.steps": options.steps})
    store = Store.open(synthetic(options.size, 200))
    loader = build_loader(recipe, store)
    (batch,) = next(loader.steps(0, 1))
    learner, _ = build_learner(recipe, store, batch)
    sides = {
        "loading and augmenting": lambda: [None for _ in loader.steps(0, 10)],
        "training step": lambda: [learner.step([batch], 0) for _ in range(10)],
    }
    timings = alternate(sides, options.rounds, clock=time.process_time)
    return {
        "rows": [
            {
                "part": name,
                "processor milliseconds per batch": 100 * timing.median,
                "times the step's": str(timing.over(timings["training step"])),
            }
            for name, timing in timings.items()
        ],
        "share of time waited for data": _share_waited(recipe, store),
        "preset": f"{options.preset}, batches of {recipe.training.batch} at {options.size} px",
    }


def _share_waited(recipe: Any, store: Store) -> float:
    """Over a run but its first step, for which nothing could be loaded ahead."""
    with tempfile.TemporaryDirectory() as folder:
        run = train(recipe, store.path, Path(folder) / "run")
        steps = run.events.of(Step)[1:]
    return sum(step.data_seconds for step in steps) / sum(step.seconds for step in steps)
