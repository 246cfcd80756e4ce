"""Stores to measure on, made once and kept under runs/bench/data."""

from __future__ import annotations

from pathlib import Path

from auxseg.data.synthesize import synthesize
from benchmarks.tools.record import RESULTS


def synthetic(size: int, samples: int) -> Path:
    """The generated data set at a size in pixels."""
    path = RESULTS / "data" / f"synthetic-{size}px-{samples}.h5"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        synthesize(path, num_samples=samples, size=size, processes=None)
    return path
