"""Peak resident memory of a whole `auxseg train` on few and on many samples, for the same number of steps.

The steps are one epoch of the larger set, so that every one of its samples is read.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from auxseg.config import config
from auxseg.data.store.store import Store
from auxseg.errors import RunError
from auxseg.recipe import load_recipe
from benchmarks.tools.data import synthetic


@config
class Options:
    """Settings."""

    preset: str = "tiny"
    size: int = 64
    few: int = 1_000
    many: int = 20_000


def main(options: Options) -> dict[str, Any]:
    """Train on both in processes of their own."""
    stores = {samples: synthetic(options.size, samples) for samples in (options.few, options.many)}
    num_train = len(Store.open(stores[options.many]).rows("train"))
    steps = -(-num_train // load_recipe(options.preset).training.batch)
    peaks = {samples: _peak_bytes(options.preset, path, steps) for samples, path in stores.items()}
    return {
        "rows": [
            {
                "samples": samples,
                "store, MiB": stores[samples].stat().st_size / 2**20,
                "peak resident memory, MiB": peak / 2**20,
            }
            for samples, peak in peaks.items()
        ],
        "preset": f"{options.preset}, {steps} steps at {options.size} px",
    }


def _peak_bytes(preset: str, store: Path, steps: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        line = ["-m", "auxseg", "train", preset, "--data", str(store), "--out", f"{folder}/run"]
        process = subprocess.Popen([sys.executable, *line, "--set", f"training.steps={steps}"])
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RunError(f"auxseg train {preset} on {store} failed")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
