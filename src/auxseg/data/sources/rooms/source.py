"""The generated rooms as a source."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, final

from auxseg.data.layers import METRES, Layer, MapForm
from auxseg.data.sample import Sample
from auxseg.data.sources.generated import GeneratedSource
from auxseg.data.sources.rooms.classes import CLASSES
from auxseg.data.sources.rooms.furnishing import KINDS
from auxseg.data.sources.rooms.scene import render

DEPTH: Final = MapForm(unit=METRES)
NORMALS: Final = MapForm(channels=3, is_vector=True)


@final
class RoomsSource(GeneratedSource):
    """Generated rooms of three kinds, with a mask of 13 classes, depth in metres and surface normals, all exact.

    Depth is that along the optical axis. Normals are unit vectors: x to the right, y down, z towards the camera. The
    kinds of room take turns within each split.
    """

    name = "rooms"
    prefix = "room"
    mask_classes = CLASSES
    has_background = False
    layers = MappingProxyType({"depth": DEPTH, "normals": NORMALS})

    def draw(self, id: str, index: int) -> Sample:
        """Generate the sample of an index."""
        kind = self.kind(index)
        seen = render(kind, self.seed, index, self.size)
        layers = {"depth": Layer(DEPTH, seen.depth), "normals": Layer(NORMALS, seen.normals)}
        return Sample(id=id, image=seen.image, mask=seen.mask, classes={"room": kind}, layers=layers)

    def kind(self, index: int) -> str:
        """Which kind of room sample ``index`` shows."""
        return KINDS[(index + index // 10) % len(KINDS)]
