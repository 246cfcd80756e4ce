"""SegNet at full width, 256 px and batches of 5: auxseg's step beside the plain float32 NCHW loop.

Speed is measured on one batch, the two taking turns. Then auxseg's learner trains for `train_steps` at `figure_size`
in the precision and memory format that were timed, and once more in float32 NCHW, from the same weights on the same
batches, and both are measured on the validation split.
"""

from __future__ import annotations

from typing import Any

import torch

from auxseg.config import config
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.evaluation.measure import Asked, measure
from auxseg.recipe import Recipe, load_recipe
from auxseg.run.beginning.resolving import decide
from benchmarks.peers.bare_loop import BareLoop
from benchmarks.tools.building import build_learner, build_loader
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import alternate


@config
class Options:
    """Settings."""

    preset: str = "segnet-1task-no-pretrained"
    size: int = 256
    batch: int = 5
    rounds: int = 7
    figure_size: int = 128
    train_steps: int = 200


def main(options: Options) -> dict[str, Any]:
    """Time single steps, then train in both precisions."""
    recipe = load_recipe(options.preset, {"training.batch": options.batch})
    store = Store.open(synthetic(options.size, 200))
    (batch,) = next(build_loader(recipe, store).steps(0, 1))
    learner, channels_last = build_learner(recipe, store, batch)
    plain, _ = build_learner(decide(recipe, "fp32", False), store, batch)
    bare = BareLoop(plain.network, plain.tasks, recipe.training.optimizer, 10_000, torch.float32)
    sides = {"auxseg": lambda: learner.step([batch], 0), "plain float32 NCHW loop": lambda: bare.step(batch)}
    timings = alternate(sides, options.rounds)

    short = _short(options)
    figures = {
        "auxseg": _figure(decide(short, learner.precision, channels_last), options),
        "plain float32 NCHW loop": _figure(decide(short, "fp32", False), options),
    }
    return {
        "rows": [
            {
                "side": name,
                "seconds per step": timing.median,
                "steps per second, times the plain loop's": str(timings["plain float32 NCHW loop"].over(timing)),
                f"validation iou_dataset after {options.train_steps} steps at {options.figure_size} px": figures[name],
            }
            for name, timing in timings.items()
        ],
        "precision": f"{learner.precision}{' channels_last' if channels_last else ''}",
        "threads": torch.get_num_threads(),
    }


def _short(options: Options) -> Recipe:
    """The recipe, made to learn something in few steps; its plateau never ends within them."""
    settings = {
        "training.batch": options.batch,
        "training.steps": options.train_steps,
        "training.optimizer.rate": 1e-3,
        "training.schedule": {"kind": "one-cycle"},
        "training.average": 0.0,  # so that the figures compare what precision and memory format did
    }
    return load_recipe(options.preset, settings)


def _figure(recipe: Recipe, options: Options) -> float:
    """The target's IoU on the validation split after training."""
    store = Store.open(synthetic(options.figure_size, 200))
    loader = build_loader(recipe, store)
    (batch,) = next(loader.steps(0, 1))
    learner, _ = build_learner(recipe, store, batch)
    for step, batches in enumerate(loader.steps(0, options.train_steps)):
        learner.step(batches, step)
    validation = EvaluationLoader(store, store.rows("val"), options.batch)
    runtime = learner.runtime
    asked = Asked(learner.network, runtime.device, lambda: runtime.autocast(learner.precision))
    measured = measure(asked, learner.tasks, validation)
    return learner.tasks[recipe.target].figures(measured.tables[recipe.target])["iou_dataset"]
