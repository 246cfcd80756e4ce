"""Accuracy of presets on masks: each trained small and from random weights, beside predicting the mean mask.

`data` is a store; `settings` are changes to every recipe. Trainings run in `processes` processes of one thread each,
on as many seeds as wanted; what is finished is kept under runs/bench/presets and not done again on the same code, data
and machine. A training that warns of anything is named. Seconds are those of the whole training.
"""

from __future__ import annotations

import statistics
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auxseg.config import config
from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from auxseg.presets import presets
from auxseg.recipe import dump_recipe, load_recipe
from auxseg.run import evaluate, train
from benchmarks.tools.once import once


@config
class Options:
    """Settings."""

    data: Path
    presets: tuple[str, ...] = ()
    seeds: int = 1
    size: int = 64
    settings: tuple[str, ...] = ("model.width=0.25", "model.weights=none", "training.steps=600")
    processes: int = 2
    split: str = "test"


def main(options: Options) -> dict[str, Any]:
    """Train every preset on every seed, as far as that is not done."""
    names = options.presets or tuple(presets())
    cases = [(options, name, seed) for seed in range(options.seeds) for name in names]
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        results = list(pool.map(_train, cases))
    by_name = {name: [result for case, result in zip(cases, results, strict=True) if case[1] == name] for name in names}
    return {
        "rows": [
            {"preset": "(mean mask)", "iou_dataset": _mean_mask(options), "spread": "", "seconds": "", "warnings": ""},
            *(_row(name, runs) for name, runs in by_name.items()),
        ],
        "measured on": f"{options.split} split of {options.data.name}, {options.size} px, {options.seeds} seeds, "
        + " ".join(options.settings),
        "single runs": [{"preset": case[1], "seed": case[2], **run} for case, run in zip(cases, results, strict=True)],
    }


def _row(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    values = [run["iou_dataset"] for run in runs]
    return {
        "preset": name,
        "iou_dataset": statistics.mean(values),
        "spread": f"{min(values):.3f} to {max(values):.3f}" if len(values) > 1 else "",
        "seconds": statistics.median(run["seconds"] for run in runs),
        "warnings": "; ".join(sorted({text for run in runs for text in run["warnings"]})),
    }


def _train(case: tuple[Options, str, int]) -> dict[str, Any]:
    options, name, seed = case
    torch.set_num_threads(1)
    recipe = load_recipe(name, [f"data.size={options.size}", f"seed={seed}", *options.settings])

    def work(folder: Path) -> dict[str, Any]:
        started = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = train(recipe, options.data, folder, device="cpu", overwrite=True)
        seconds = time.perf_counter() - started
        figures = evaluate(run, options.split)["figures"][recipe.target]
        return {
            "iou_dataset": figures["iou_dataset"],
            "iou_image": figures["iou_image"],
            "seconds": seconds,
            "warnings": sorted({str(warning.message) for warning in caught}),
        }

    content = Store.open(options.data).content_hash
    return once(f"presets/{name}-seed{seed}", (dump_recipe(recipe), content, options.split), work)


def _mean_mask(options: Options) -> float:
    """The IoU of the pixels that are foreground in most training masks, predicted for every picture."""
    store = Store.open(options.data).at_size(options.size)
    shape = (options.size, options.size)
    foreground, labelled = np.zeros(shape), np.zeros(shape)
    for row in store.rows("train"):
        mask = store.read(int(row))[1]
        foreground += mask == 1
        labelled += mask != IGNORE
    prediction = foreground > labelled / 2
    intersection = union = 0
    for row in store.rows(options.split):
        mask = store.read(int(row))[1]
        counted = mask != IGNORE
        intersection += int(((mask == 1) & prediction & counted).sum())
        union += int((((mask == 1) | prediction) & counted).sum())
    return intersection / union
