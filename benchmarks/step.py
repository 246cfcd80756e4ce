"""One training step of auxseg, beside a bare PyTorch loop over the same network, batch and losses.

A second bare loop shows how far two equal sides differ by chance. auxseg's step includes its checks, the average of
weights and the line in events.jsonl.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import torch

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.recipe import load_recipe
from auxseg.run.directory import Run
from auxseg.run.model_file import ModelFacts
from auxseg.run.observing.observers import Recorder
from benchmarks.peers.bare_loop import BareLoop
from benchmarks.tools.building import build_learner, build_loader
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import alternate


@config
class Options:
    """Settings."""

    preset: str = "mobilenet-unet-mtl"
    batch: int = 16
    size: int = 128
    rounds: int = 40


def main(options: Options) -> dict[str, Any]:
    """Time single steps on one batch."""
    recipe = load_recipe(options.preset, {"training.batch": options.batch, "training.steps": 10_000})
    store = Store.open(synthetic(options.size, 200))
    (batch,) = next(build_loader(recipe, store).steps(0, 1))
    learner, channels_last = build_learner(recipe, store, batch)
    dtype = torch.bfloat16 if learner.precision == "bf16" else torch.float32
    bare, again = (
        BareLoop(copy.deepcopy(learner.network), learner.tasks, recipe.training.optimizer, 10_000, dtype) for _ in "12"
    )
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Run(Path(folder)), ModelFacts(recipe, store.vocabulary, 0), steps_per_epoch=10_000)
        sides = {
            "auxseg": lambda: recorder.on_step(1, learner.step([batch], 0), 0.0, 0.0),
            "bare loop": lambda: bare.step(batch),
            "bare loop, a second one": lambda: again.step(batch),
        }
        timings = alternate(sides, options.rounds, warm_up=3)
    return {
        "rows": [
            {
                "side": name,
                "seconds per step": timing.median,
                "times the bare loop's": str(timing.over(timings["bare loop"])),
            }
            for name, timing in timings.items()
        ],
        "preset": options.preset,
        "batch": f"{options.batch} of {options.size} px",
        "precision": f"{learner.precision}{' channels_last' if channels_last else ''}",
        "threads": torch.get_num_threads(),
    }
