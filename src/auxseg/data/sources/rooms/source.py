"""The generated rooms as a source."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, final

from auxseg.data.layers import METRES, Layer, MapForm
from auxseg.data.sample import Sample
from auxseg.data.sources.rooms.classes import CLASSES
from auxseg.data.sources.rooms.furnishing import KINDS
from auxseg.data.sources.rooms.scene import render
from auxseg.data.sources.source import Item, Source
from auxseg.errors import InputError

GENERATOR: Final = "1"
"""Changes whenever the same seed gives other pictures."""

SMALLEST: Final = 32
"""Below this many pixels the leg of a chair is thinner than a pixel from anywhere."""

DEPTH: Final = MapForm(unit=METRES)
NORMALS: Final = MapForm(channels=3, is_vector=True)

_SPLIT_CYCLE: Final = ("train",) * 7 + ("val",) + ("test",) * 2


@final
class RoomsSource(Source):
    """Generated rooms of three kinds, with a mask of 13 classes, depth in metres and surface normals, all exact.

    Depth is that along the optical axis. Normals are unit vectors: x to the right, y down, z towards the camera. Every
    sample depends on ``(seed, index)`` alone. Of every ten samples in a row seven are for training, one for validation,
    two for testing; the kinds of room take turns within each split. The same seed at another ``size`` shows the same
    rooms.

    Raises `InputError` if there is nothing to generate, the size is below 32 pixels or the seed is negative.
    """

    name = "rooms"
    mask_classes = CLASSES
    has_background = False
    layers = MappingProxyType({"depth": DEPTH, "normals": NORMALS})

    def __init__(self, num_samples: int = 1200, size: int = 128, seed: int = 0) -> None:
        if num_samples < 1:
            raise InputError(f"rooms: the number of samples must be at least 1, not {num_samples}")
        if size < SMALLEST:
            raise InputError(f"rooms: the size must be at least {SMALLEST} pixels, not {size}")
        if seed < 0:
            raise InputError(f"rooms: expected a seed of at least 0, not {seed}")
        self.num_samples = num_samples
        self.size = size
        self.seed = seed

    def items(self) -> Sequence[Item]:
        """All samples in order of their index, each with its split."""
        return [Item(f"room-{index:06d}", _SPLIT_CYCLE[index % 10]) for index in range(self.num_samples)]

    def read(self, item: Item) -> Sample:
        """Generate the sample that the item names."""
        index = int(item.id.removeprefix("room-"))
        kind = self.kind(index)
        seen = render(kind, self.seed, index, self.size)
        layers = {"depth": Layer(DEPTH, seen.depth), "normals": Layer(NORMALS, seen.normals)}
        return Sample(id=item.id, image=seen.image, mask=seen.mask, classes={"room": kind}, layers=layers)

    def kind(self, index: int) -> str:
        """Which kind of room sample ``index`` shows."""
        return KINDS[(index + index // 10) % len(KINDS)]

    def provenance(self) -> dict[str, str]:
        """The settings that make the same data set again."""
        return {
            "name": self.name,
            "generator": GENERATOR,
            "samples": str(self.num_samples),
            "size": str(self.size),
            "seed": str(self.seed),
        }
