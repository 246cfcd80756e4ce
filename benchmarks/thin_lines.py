"""Lines three pixels wide in large images: trained on squashed squares, and on windows with tiles; IoU at full size.

Both sides are the same network with the same recipe for the same steps, on pictures of `side` pixels: once the whole
image squashed to them, once windows of it at its own resolution (`data.crop`). Both are measured on the test split at
the images' own size, where the second is asked tile by tile. At least `EXPECTED` more are expected of the second.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import torch

from auxseg.config import config
from auxseg.data.preparing.prepare import prepare
from auxseg.recipe import load_recipe
from auxseg.run import evaluate, train
from benchmarks.tools.record import RESULTS
from benchmarks.tools.wires import WiresSource

EXPECTED: Final = 0.20
"""Difference in IoU."""


@config
class Options:
    """Settings."""

    samples: int = 60
    width: int = 1024
    side: int = 192
    seed: int = 0
    threads: int = 1
    settings: tuple[str, ...] = (
        "model.width=0.5",
        "training.batch=8",
        "training.steps=300",
        "training.validate_every=30",
    )


def main(options: Options) -> dict[str, Any]:
    """Train and measure both."""
    torch.set_num_threads(options.threads)
    folder = RESULTS / "thin-lines"
    squashed = _measure(options, folder / "squashed", options.side, "squash", ())
    windows = _measure(options, folder / "windows", options.width, "letterbox", (f"data.crop.size={options.side}",))
    gain = windows["IoU at original size"] - squashed["IoU at original size"]
    return {
        "rows": [{"trained on": "squashed squares", **squashed}, {"trained on": "windows, asked by tiles", **windows}],
        "measured on": f"test split of {options.samples} images of {options.width} x {options.width * 3 // 4} pixels, "
        f"pictures of {options.side} pixels, seed {options.seed}, {' '.join(options.settings)}",
        "gain": round(gain, 4),
        f"at least {EXPECTED}": "yes" if gain >= EXPECTED else "no",
    }


def _measure(options: Options, folder: Path, size: int, resize: str, settings: tuple[str, ...]) -> dict[str, Any]:
    data, source = folder.with_suffix(".h5"), WiresSource(options.samples, options.width, options.seed)
    data.parent.mkdir(parents=True, exist_ok=True)
    prepare(source, data, size=size, resize=resize, original_masks=True, overwrite=True)
    recipe = load_recipe("tiny", [f"seed={options.seed}", *options.settings, *settings])
    started = time.perf_counter()
    run = train(recipe, data, folder, device="cpu", overwrite=True)
    trained = time.perf_counter()
    figures = {at: evaluate(run, "test", at=at)["figures"]["segmentation"] for at in ("stored", "original")}
    return {
        "IoU at original size": round(figures["original"]["iou_dataset"], 4),
        "IoU at stored size": round(figures["stored"]["iou_dataset"], 4),
        "recall": round(figures["original"]["recall"], 4),
        "training, s": round(trained - started, 1),
        "two evaluations, s": round(time.perf_counter() - trained, 1),
    }
