"""The same samples as one file and as several, of every form that a store may have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from auxseg.data.channels import Channels
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.source import Source
from auxseg.data.store.store import Store
from tests.data.layered import LayeredSource
from tests.data.pictures import DrawnSource, draw_sample, drawn_source

SIZES = [(40, 50), (200, 180), (33, 90), (41, 50), (130, 310), (30, 45), (64, 64)]
SPLITS = ["train", "train", "val", "test", "train", "test", "val"]


class FourChannels(DrawnSource):
    """Images of four channels of 16 bits."""

    channels = Channels(("red", "green", "blue", "nir"), "uint16")

    def __init__(self) -> None:
        samples = [draw_sample(number) for number in range(7)]
        wide = [np.dstack([each.image, each.image[..., :1]]).astype(np.uint16) * 7 for each in samples]
        super().__init__([replace(each, image=image) for each, image in zip(samples, wide, strict=True)], SPLITS)


def own_sizes(**changes: object) -> Source:
    samples = [replace(draw_sample(number, hw), **changes) for number, hw in enumerate(SIZES)]
    return DrawnSource(samples, SPLITS)


MISSING = [(0, "depth"), (1, "things"), (2, "weather"), (5, "organs"), (6, "parts")]

KINDS: dict[str, tuple[Callable[[], Source], dict[str, object]]] = {
    "square": (lambda: drawn_source(8, bad=["drawn 3"]), {"size": 32, "resize": "letterbox"}),
    "rectangle": (lambda: drawn_source(7, dropped=("its box is torn",), notes=("a note",)), {"size": (32, 48)}),
    "original masks": (lambda: drawn_source(7), {"size": 16, "original_masks": True}),
    "layers": (lambda: LayeredSource(7, MISSING), {"size": 32}),
    "own sizes": (own_sizes, {"size": "original"}),
    "own sizes with layers": (lambda: LayeredSource(7, MISSING), {"long_side": 45, "original_masks": True}),
    "channels": (FourChannels, {"size": 32}),
}
"""By name: the source, and the settings of `prepare`. Seven samples are written of each."""


def write_both(kind: str, folder: Path, shard_size: int = 3) -> tuple[Path, Path]:
    """The file, and the folder of shards."""
    source, settings = KINDS[kind]
    one = prepare(source(), folder / "one.h5", **settings).path  # type: ignore[arg-type]
    many = prepare(source(), folder / "many", shard_size=shard_size, **settings).path  # type: ignore[arg-type]
    return one, many


def assert_same_samples(one: Store, other: Store) -> None:
    """The same pictures, labels and layers in every row."""
    assert len(one) == len(other)
    for row in range(len(one)):
        np.testing.assert_equal(other.read(row), one.read(row))
        np.testing.assert_equal(other.read_layers(row), one.read_layers(row))
        assert other.place(row) == one.place(row)
        if one.keeps_original_masks:
            np.testing.assert_equal(other.read_original_mask(row), one.read_original_mask(row))
