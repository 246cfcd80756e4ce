"""Generated street scenes of seven mask classes; poles, signs and persons have under half a percent of the pixels.

Common classes are areas of noisy colour; rare ones are thin or small, and what surrounds them looks like them here and
there: windows have the colours of signs, and the joints of walls those of poles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item, Source

CLASSES: Final = ("sky", "building", "road", "car", "pole", "sign", "person")
RARE: Final = ("pole", "sign", "person")

_COLOURS: Final = {"sky": (150, 180, 215), "building": (135, 115, 100), "road": (95, 95, 100), "pole": (75, 75, 75)}
_SIGNS: Final = ((190, 40, 40), (40, 70, 170), (210, 180, 40))
_CLOTHES: Final = ((120, 60, 50), (60, 80, 130), (70, 110, 70), (150, 130, 110))
_CARS: Final = ((160, 30, 30), (40, 50, 110), (210, 210, 210), (40, 40, 45))


@final
class StreetSource(Source):
    """Scenes of ``size`` pixels a side; the first three fifths are for training, then a fifth each for val and test."""

    name = "street"
    mask_classes = CLASSES

    def __init__(self, num_samples: int, size: int = 64, seed: int = 0) -> None:
        self._num_samples, self._size, self._seed = num_samples, size, seed

    def items(self) -> Sequence[Item]:
        """One item a scene, named by its number."""
        ends = (self._num_samples * 3 // 5, self._num_samples * 4 // 5)
        return [
            Item(f"{index:05d}", "train" if index < ends[0] else "val" if index < ends[1] else "test")
            for index in range(self._num_samples)
        ]

    def read(self, item: Item) -> Sample:
        """Draw a scene from its number alone."""
        return Sample(item.id, *_draw(np.random.default_rng((self._seed, int(item.id))), self._size))

    def provenance(self) -> dict[str, str]:
        """What makes the same scenes again."""
        values = {"source": self.name, "num_samples": self._num_samples, "size": self._size, "seed": self._seed}
        return {key: str(value) for key, value in values.items()}


def _draw(random: np.random.Generator, size: int) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
    """Image and mask of a scene, from the back to the front."""
    scene = _Scene(random, size)
    horizon, roofs = int(size * random.uniform(0.5, 0.65)), int(size * random.uniform(0.1, 0.35))
    scene.fill("sky", 0, size, 0, size, _COLOURS["sky"])
    scene.fill("building", roofs, horizon, 0, size, _COLOURS["building"])
    scene.fill("road", horizon, size, 0, size, _COLOURS["road"])
    for _ in range(random.integers(4, 9)):
        y, x = int(random.integers(roofs, horizon)), int(random.integers(0, size - 3))
        scene.fill("building", y, min(y + 3, horizon), x, x + 3, _SIGNS[random.integers(len(_SIGNS))])
    for _ in range(random.integers(0, 3)):
        x = int(random.integers(0, size))
        scene.fill("building", roofs, horizon, x, x + 1, _COLOURS["pole"])
    for _ in range(random.integers(0, 3)):
        y, x, width = horizon + int(random.integers(0, size // 6)), int(random.integers(0, size)), size // 5
        scene.fill("car", y - size // 12, y + size // 24, x, x + width, _CARS[random.integers(len(_CARS))])
    if random.random() < 0.6:
        x, top = int(random.integers(3, size - 4)), int(size * random.uniform(0.25, 0.45))
        scene.fill("pole", top, horizon + int(random.integers(0, 4)), x, x + 1, _COLOURS["pole"])
        if random.random() < 0.8:
            scene.fill("sign", top - 1, top + 2, x - 1, x + 2, _SIGNS[random.integers(len(_SIGNS))])
    if random.random() < 0.5:
        y, x = horizon + int(random.integers(0, 3)), int(random.integers(0, size - 2))
        scene.fill("person", y - size // 9, y, x, x + 2, _CLOTHES[random.integers(len(_CLOTHES))])
    return scene.finished()


@final
class _Scene:
    """Rectangles of colour and class, one over the other, in a light and with noise that each scene draws anew."""

    def __init__(self, random: np.random.Generator, size: int) -> None:
        self._random = random
        self._image = np.zeros((size, size, 3))
        self._mask = np.zeros((size, size), np.uint8)

    def fill(self, name: str, top: int, bottom: int, left: int, right: int, colour: tuple[int, ...]) -> None:
        """Half-open, cut off at the edges; the colour varies between objects."""
        place = slice(max(top, 0), bottom), slice(max(left, 0), right)
        self._image[place] = np.array(colour) + self._random.normal(0, 15, 3)
        self._mask[place] = CLASSES.index(name)

    def finished(self) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
        """Image and mask."""
        light = self._random.uniform(0.6, 1.2)
        image = self._image * light + self._random.normal(0, 14, self._image.shape)
        return image.clip(0, 255).round().astype(np.uint8), self._mask
