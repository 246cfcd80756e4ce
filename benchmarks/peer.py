"""Accuracy on masks: presets beside the segmentation_models.pytorch peer, on the same store, splits and epochs.

`data` is a store (Oxford-IIIT Pet at 128 px, border as foreground, for the published figures), `weights` a file with
ImageNet weights for the encoder; without it only random weights are compared. Sides take turns within a seed. What is
finished is kept under runs/bench/peer and not done again on the same code, data, weights and machine. The interval is
that of a paired t-test over seeds (95%); the choice of test photographs is a further error that it does not know.
auxseg's time is that of its whole `train`, with calibration, validation and checkpoints; the peer's that of its loop.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy import stats

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.recipe import dump_recipe, load_recipe
from auxseg.run import evaluate, train
from benchmarks.peers import smp_unet
from benchmarks.tools.once import once

PEER = "segmentation_models.pytorch"
FIGURES = ("iou_dataset", "iou_image", "seconds")


@config
class Options:
    """Settings."""

    data: Path
    weights: Path | None = None
    presets: tuple[str, ...] = ("mobilenet-unet", "mobilenet-unet-mtl")
    seeds: int = 3
    epochs: int = 30
    split: str = "test"


@dataclass(frozen=True)
class Case:
    """One training: from which weights, with which seed."""

    weights: Path | None
    seed: int

    @property
    def start(self) -> str:
        """What the encoder starts from."""
        return "random" if self.weights is None else "pretrained"


def main(options: Options) -> dict[str, Any]:
    """Train every side from every start on every seed, as far as that is not done."""
    starts = [None] if options.weights is None else [options.weights, None]
    results: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in range(options.seeds):
        for weights in starts:
            case = Case(weights, seed)
            for side in (PEER, *options.presets):
                result = _peer(options, case) if side == PEER else _auxseg(options, case, side)
                results.setdefault((case.start, side), []).append(result)
    return {
        "rows": [_row(start, side, mine, results[start, PEER]) for (start, side), mine in results.items()],
        "measured on": f"{options.split} split of {options.data.name}, {options.epochs} epochs, {options.seeds} seeds",
        "single runs": [
            {"start": start, "side": side, "seed": seed, **result}
            for (start, side), mine in results.items()
            for seed, result in enumerate(mine)
        ],
    }


def _row(start: str, side: str, mine: list[dict[str, Any]], peers: list[dict[str, Any]]) -> dict[str, Any]:
    gains = [run["iou_dataset"] - peer["iou_dataset"] for run, peer in zip(mine, peers, strict=True)]
    return {
        "start": start,
        "side": side,
        **{name: statistics.mean(run[name] for run in mine) for name in FIGURES},
        "points of iou_dataset above the peer": "" if side == PEER else _interval([100 * gain for gain in gains]),
    }


def _interval(gains: list[float]) -> str:
    if len(gains) < 2:
        return f"{gains[0]:+.2f}"
    low, high = stats.ttest_1samp(gains, 0.0).confidence_interval(0.95)
    return f"{statistics.mean(gains):+.2f} ({low:+.2f} to {high:+.2f})"


def _peer(options: Options, case: Case) -> dict[str, Any]:
    def work(folder: Path) -> dict[str, float]:
        return smp_unet.main(options.data, case.weights, case.seed, options.split, options.epochs)

    return _once(options, case, "smp", "", work)


def _auxseg(options: Options, case: Case, preset: str) -> dict[str, Any]:
    changes = {"seed": case.seed, "training.epochs": options.epochs, "model.weights": str(case.weights or "none")}
    recipe = load_recipe(preset, changes)

    def work(folder: Path) -> dict[str, float]:
        started = time.perf_counter()
        run = train(recipe, options.data, folder, overwrite=True)
        seconds = time.perf_counter() - started
        figures = evaluate(run, options.split)["figures"][recipe.target]
        return {"iou_dataset": figures["iou_dataset"], "iou_image": figures["iou_image"], "seconds": seconds}

    return _once(options, case, preset, dump_recipe(recipe), work)


def _once(
    options: Options, case: Case, side: str, settings: str, work: Callable[[Path], dict[str, float]]
) -> dict[str, Any]:
    """The result of one training, computed once."""
    content = Store.open(options.data).content_hash
    weights = None if case.weights is None else hashlib.sha256(case.weights.read_bytes()).hexdigest()
    name = f"peer/{side}-{case.start}-seed{case.seed}"
    return once(name, (settings, content, options.split, options.epochs, weights), work)
