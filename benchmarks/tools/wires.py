"""Generated pictures of wires three pixels wide before rough ground: large, and with little foreground."""

from __future__ import annotations

from typing import Final, final

import cv2
import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import Sample
from auxseg.data.sources.generated import GeneratedSource

WIDTH: Final = 3
"""Of a wire, in pixels."""

_NUM_WIRES: Final = (4, 9)
_NUM_SHADES: Final = (6, 12)
_REACH: Final = 0.25
"""How far the middle of a wire may hang from the straight line, as a share of the picture's height."""


@final
class WiresSource(GeneratedSource):
    """Pictures of ``size`` pixels width and three quarters of it height; every wire is `WIDTH` pixels wide at any size.

    Wider bands of the same colours lie behind the wires, so that colour alone tells nothing.
    """

    name = "wires"
    prefix = "wires"
    mask_classes = ("background", "wire")

    def draw(self, id: str, index: int) -> Sample:
        """Generate the sample of an index."""
        return Sample(id, *_draw(np.random.default_rng((self.seed, index)), self.size.width * 3 // 4, self.size.width))


def _draw(random: np.random.Generator, height: int, width: int) -> tuple[UInt8[np.ndarray, "h w 3"], np.ndarray]:
    """Image and mask of a scene, from the back to the front."""
    coarse = random.uniform(70, 190, (height // 64, width // 64, 3)).astype(np.float32)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(random.integers(*_NUM_SHADES)):
        _line(image, random, _colour(random), int(random.integers(6 * WIDTH, 20 * WIDTH)))
    mask = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(*_NUM_WIRES)):
        colour, points = _colour(random), _points(random, height, width)
        cv2.polylines(image, [points], False, colour, WIDTH)
        cv2.polylines(mask, [points], False, 1, WIDTH)
    image += random.normal(0, 14, image.shape)
    return image.clip(0, 255).astype(np.uint8), mask


def _line(image: np.ndarray, random: np.random.Generator, colour: tuple[float, ...], width: int) -> None:
    cv2.polylines(image, [_points(random, image.shape[0], image.shape[1])], False, colour, width)


def _colour(random: np.random.Generator) -> tuple[float, ...]:
    """Dark or bright, of little colour."""
    grey = random.choice([random.uniform(20, 60), random.uniform(195, 235)])
    return tuple((grey + random.uniform(-12, 12, 3)).tolist())


def _points(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A hanging curve from one side of the picture to the other, or from top to bottom."""
    along = np.linspace(0, 1, 40)
    start, end, sag = random.uniform(0, 1), random.uniform(0, 1), random.uniform(-_REACH, _REACH)
    across = start + (end - start) * along + 4 * sag * along * (1 - along)
    x, y = (along, across) if random.random() < 0.6 else (across, along)
    return np.rint(np.stack([x * (width - 1), y * (height - 1)], axis=1)).astype(np.int32)
