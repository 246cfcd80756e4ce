"""The generated data set with the coarse shape of every mask as labels of its own.

A row of cells is one label, whose class is named by what stands in it: ``00111100``. Of a store these labels are a
part of, hiding masks (``data.label_fraction``) hides none of them, as it hides no breed and no box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.synthetic import SyntheticSource
from benchmarks.tools.record import RESULTS

PREFIX = "shape row "
"""As in `benchmarks.plugins.coarse_shape`, which is executed as a plugin and therefore not imported."""
CELLS = 8


@final
class CoarseShapes(Source):
    """The generated animals; each also says which of 8 x 8 cells are mostly animal."""

    name = "synthetic with coarse shapes"
    mask_classes = SyntheticSource.mask_classes

    def __init__(self, num_samples: int, size: int) -> None:
        self._animals = SyntheticSource(num_samples, size)

    def items(self) -> Sequence[Item]:
        return self._animals.items()

    def read(self, item: Item) -> Sample:
        sample = self._animals.read(item)
        assert sample.mask is not None
        return replace(sample, classes={**sample.classes, **row_labels(sample.mask)})

    def provenance(self) -> dict[str, str]:
        return {**self._animals.provenance(), "cells": str(CELLS)}


def row_labels(mask: UInt8[np.ndarray, "h w"]) -> dict[str, str]:
    """The labels of a mask whose sides are multiples of 8."""
    height, width = mask.shape
    shares = (mask == 1).reshape(CELLS, height // CELLS, CELLS, width // CELLS).mean((1, 3))
    return {f"{PREFIX}{row}": "".join("1" if share > 0.5 else "0" for share in shares[row]) for row in range(CELLS)}


def store_with_coarse_shapes(size: int, samples: int) -> Path:
    """The store, made once and kept under runs/bench/data."""
    path = RESULTS / "data" / f"coarse-shapes-{size}px-{samples}.h5"
    if not path.exists():
        prepare(CoarseShapes(samples, size), path, size=size)
    return path
