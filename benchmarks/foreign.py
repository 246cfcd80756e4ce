"""Segmentation of any data set: auxseg beside segmentation_models.pytorch, at the stored size and at the images' own.

`data` is a folder or file that `auxseg data prepare SOURCE` reads (`source`, `folder` by default), stored at `size`;
`split` divides it (`official` keeps the data's own). `weights` is a file with ImageNet weights for the encoder; without
it all start from random weights. Every arm of auxseg is the preset with the settings that its name says. With `windows`
one more arm is trained on windows of `size` pixels from images stored at that size, and asked by tiles. What is done is
kept under runs/bench/foreign and not done again on the same code, data, weights and machine.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from auxseg.config import config
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import open_source
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, dump_recipe, load_recipe
from auxseg.run import evaluate, train
from benchmarks.peers import smp_classes
from benchmarks.tools.once import once
from benchmarks.tools.record import RESULTS

PEER: Final = "segmentation_models.pytorch"
ARMS: Final[dict[str, tuple[str, ...]]] = {
    "preset": (),
    "balanced class weights": ("tasks.segmentation.class_weights=balanced",),
}
WINDOWS: Final = "windows and tiles"
SIZES: Final = ("stored", "original")


@config
class Options:
    """Settings."""

    data: Path
    source: str = "folder"
    size: int = 160
    windows: int | None = None
    split: str = "60-20-20"
    preset: str = "mobilenet-unet"
    settings: tuple[str, ...] = ()
    weights: Path | None = None
    epochs: int = 30
    seeds: int = 1


def main(options: Options) -> dict[str, Any]:
    """Train every side on every seed, as far as that is not done, and measure the test split at both sizes."""
    if not options.data.exists():
        raise InputError(f"bench foreign: data is {options.data}, which does not exist")
    if options.windows is not None and options.windows <= options.size:
        raise InputError(f"bench foreign: windows is {options.windows}, expected more than size, {options.size}")
    path = _prepared(options, options.size)
    stores = dict.fromkeys((PEER, *ARMS), path)
    if options.windows is not None:
        stores[WINDOWS] = _prepared(options, options.windows)
    results: dict[str, list[dict[str, Any]]] = {}
    for seed in range(options.seeds):
        for side, data in stores.items():
            results.setdefault(side, []).append(_result(options, data, side, seed))
    store = Store.open(path)
    return {
        "rows": [_row(side, runs) for side, runs in results.items()],
        "measured on": f"test split of {options.data.name} ({len(store.rows('test'))} of {len(store)} images), "
        f"stored at {options.size} px, {options.epochs} epochs, {options.seeds} seeds; IoU or mean IoU",
        "single runs": [
            {"side": side, "seed": seed, **run} for side, runs in results.items() for seed, run in enumerate(runs)
        ],
    }


def _prepared(options: Options, size: int) -> Path:
    """The store, prepared anew: the data may have changed. Windows are cut from images that keep their shape."""
    path = RESULTS / "foreign" / f"{options.data.resolve().name}-{size}px.h5"
    resize = "squash" if size == options.size else "letterbox"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = open_source(options.source, options.data)
    prepare(source, path, size=size, resize=resize, split=options.split, original_masks=True, overwrite=True)
    return path


def _result(options: Options, data: Path, side: str, seed: int) -> dict[str, Any]:
    weights = None if options.weights is None else hashlib.sha256(options.weights.read_bytes()).hexdigest()
    key = (Store.open(data).content_hash, options.epochs, weights)
    name = f"foreign/{side.replace(' ', '-')}-seed{seed}"
    if side == PEER:
        return once(name, key, lambda _: smp_classes.main(data, options.weights, seed, "test", options.epochs))
    same = (f"seed={seed}", f"training.epochs={options.epochs}", f"model.weights={options.weights or 'none'}")
    own = (f"data.crop.size={options.size}",) if side == WINDOWS else ARMS[side]
    recipe = load_recipe(options.preset, [*same, *own, *options.settings])

    def work(folder: Path) -> dict[str, Any]:
        started = time.perf_counter()
        run = train(recipe, data, folder, overwrite=True)
        seconds = time.perf_counter() - started
        metrics = {size: evaluate(run, at=size) for size in SIZES}
        figure = build_tasks(recipe, Store.open(data).vocabulary)[recipe.target].main_figure
        table = metrics["original"]["tables"].get(recipe.target)
        ious = [] if table is None else smp_classes.ious(np.array(table["counts"]))
        return {
            **{size: metrics[size]["figures"][recipe.target][figure] for size in SIZES},
            "lost": [name for name, value in zip(table["names"], ious, strict=True) if value == 0] if table else [],
            "seconds": seconds,
        }

    return once(name, (*key, dump_recipe(recipe)), work)


def _row(side: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the seeds, and the classes that some seed did not find at all."""
    lost = dict.fromkeys(name for run in runs for name in run["lost"])
    return {
        "side": side,
        **{f"{size} size": statistics.mean(run[size] for run in runs) for size in SIZES},
        "classes lost": ", ".join(lost) or "none",
        "seconds": statistics.median(run["seconds"] for run in runs),
    }
