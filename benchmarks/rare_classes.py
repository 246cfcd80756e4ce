"""Rare mask classes on generated street scenes: losses and class weights side by side, IoU of every class.

Every arm is `tiny` with other losses, trained on as many seeds as wanted and measured on the test split. `settings` are
changes to every recipe. Trainings run in `processes` processes of one thread each; what is finished is kept under
runs/bench/rare-classes and not done again on the same code, data and machine.
"""

from __future__ import annotations

import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import torch

from auxseg.config import config
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.recipe import dump_recipe, load_recipe
from auxseg.run import evaluate, train
from benchmarks.tools.once import once
from benchmarks.tools.record import RESULTS
from benchmarks.tools.street import CLASSES, StreetSource

_LOSSES: Final = "tasks.segmentation.losses"
_BALANCED: Final = "tasks.segmentation.class_weights=balanced"
ARMS: Final[dict[str, tuple[str, ...]]] = {
    "default": (),
    "balanced": (_BALANCED,),
    "cross_entropy": (f"{_LOSSES}={{cross_entropy: 1}}",),
    "cross_entropy-balanced": (f"{_LOSSES}={{cross_entropy: 1}}", _BALANCED),
    "focal": (f"{_LOSSES}={{focal: 1}}",),
}
"""The default is cross-entropy and Dice."""


@config
class Options:
    """Settings."""

    samples: int = 500
    size: int = 64
    seeds: int = 3
    settings: tuple[str, ...] = (
        "model.width=0.25",
        "training.batch=8",
        "training.steps=400",
        "training.validate_every=4",
    )
    processes: int = 2


def main(options: Options) -> dict[str, Any]:
    """Train every arm on every seed, as far as that is not done."""
    data = _data(options)
    cases = [(options, data, arm, seed) for seed in range(options.seeds) for arm in ARMS]
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        results = list(pool.map(_train, cases))
    by_arm = {arm: [result for case, result in zip(cases, results, strict=True) if case[2] == arm] for arm in ARMS}
    return {
        "rows": [_row(arm, runs) for arm, runs in by_arm.items()],
        "measured on": f"test split of {options.samples} scenes, {options.size} px, {options.seeds} seeds, "
        + " ".join(options.settings),
        "shares of the test pixels": results[0]["shares"],
        "single runs": [{"arm": case[2], "seed": case[3], **run} for case, run in zip(cases, results, strict=True)],
    }


def _data(options: Options) -> Path:
    path = RESULTS / "data" / f"street-{options.size}px-{options.samples}.h5"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        prepare(StreetSource(options.samples, options.size), path, size=options.size)
    return path


def _row(arm: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    values = [run["miou"] for run in runs]
    return {
        "arm": arm,
        "mean IoU": statistics.mean(values),
        "spread": f"{min(values):.3f} to {max(values):.3f}",
        **{name: statistics.mean(run["iou"][name] for run in runs) for name in CLASSES},
        "lost": sum(value == 0 for run in runs for value in run["iou"].values()),
    }


def _train(case: tuple[Options, Path, str, int]) -> dict[str, Any]:
    options, data, arm, seed = case
    torch.set_num_threads(1)
    recipe = load_recipe("tiny", [f"data.size={options.size}", f"seed={seed}", *options.settings, *ARMS[arm]])

    def work(folder: Path) -> dict[str, Any]:
        found = evaluate(train(recipe, data, folder, device="cpu", overwrite=True), "test")
        classes = found["classes"]["segmentation"]
        total = sum(each["pixels"] for each in classes.values())
        return {
            "miou": found["figures"]["segmentation"]["miou_dataset"],
            "iou": {name: each["iou"] for name, each in classes.items()},
            "shares": {name: round(each["pixels"] / total, 5) for name, each in classes.items()},
        }

    name = f"rare-classes/{arm}-seed{seed}"
    return once(name, (dump_recipe(recipe), Store.open(data).content_hash), work)
