"""How a photograph is fitted into the picture that the store keeps, and how answers find their way back.

Shape legend: ``h w`` the photograph's own size, ``H W`` the stored size, ``C`` channels of a map, ``K``
those of an image, ``N`` boxes, ``R`` rows.

All coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, so that a box is moved by one scale and one shift
per axis, and every resampling below is aligned to pixel centres and agrees with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, final, get_args

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt, UInt8
from PIL import Image

from auxseg.data.channels import resampled
from auxseg.data.ignore import IGNORE
from auxseg.errors import InputError
from auxseg.records.values.size import Size, SizeLike

Resize = Literal["squash", "letterbox"]
RESIZES: Final[tuple[str, ...]] = get_args(Resize)

PADDING_GREY: Final = 128
"""Value of padding in all three channels of 8 bits: near the mean of photographs, so that it adds little contrast."""

Part = tuple[slice, slice]
"""Rows and columns of a picture."""

WHOLE: Final[Part] = (slice(None), slice(None))

MAX_STORED_PIXELS: Final = 100_000_000
"""Of a picture that is stored at its own size: as many as an image may have that is read from a file."""


@final
@dataclass(frozen=True)
class Fit:
    """The place of one photograph in its stored picture.

    ``original`` is ``(height, width)`` of the photograph; ``inside`` is ``(y0, y1, x0, x1)``, half-open, the part of
    the stored picture that is photograph rather than padding.
    """

    original: tuple[int, int]
    size: Size
    inside: tuple[int, int, int, int]

    def image(self, image: UInt[np.ndarray, "h w K"]) -> UInt[np.ndarray, "H W K"]:
        """Resize an image: bilinear, antialiased where it shrinks.

        It is padded as `padding` says.
        """
        y0, y1, x0, x1 = self.inside
        stored = np.full((*self.size, image.shape[2]), padding(image), image.dtype)
        stored[y0:y1, x0:x1] = resampled(image, (y1 - y0, x1 - x0), Image.Resampling.BILINEAR)
        return stored

    def mask(self, mask: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "H W"]:
        """Resize a mask by nearest neighbour, so that no class id is made up; padding is ``IGNORE``."""
        stored = np.full((*self.size,), IGNORE, np.uint8)
        self._place(stored, mask, Image.Resampling.NEAREST)
        return stored

    def boxes(self, boxes: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N 4"]:
        """``x0 y0 x1 y1`` in pixels of the photograph -> the same, normalised to the stored image."""
        scale, shift = self._scale_and_shift()
        return (boxes * scale + shift) / np.array(self.size.corners)

    def boxes_back(self, boxes: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N 4"]:
        """Normalised to the stored image -> pixels of the photograph; the inverse of `boxes`, nothing is clipped."""
        scale, shift = self._scale_and_shift()
        return (boxes * np.array(self.size.corners) - shift) / scale

    def maps_back(self, maps: Float[np.ndarray, "C H W"]) -> Float[np.ndarray, "C h w"]:
        """Maps (probabilities, say) at the stored size -> the photograph's own size, bilinear, in float32."""
        y0, y1, x0, x1 = self.inside
        back = np.empty((len(maps), *self.original), np.float32)
        for channel, values in enumerate(maps):
            cut = np.ascontiguousarray(values[y0:y1, x0:x1], np.float32)
            back[channel] = resample(cut, self.original, Image.Resampling.BILINEAR)
        return back

    def rows_back(self, maps: Float32[np.ndarray, "C H W"], rows: slice) -> Float32[np.ndarray, "C R w"]:
        """Some rows of `maps_back`, ``R`` of them, so that a large photograph needs little memory at a time."""
        y0, y1, x0, x1 = self.inside
        height, width = self.original
        scale = (y1 - y0) / height
        box = (0, rows.start * scale, x1 - x0, min(rows.stop * scale, y1 - y0))
        back = np.empty((len(maps), rows.stop - rows.start, width), np.float32)
        for channel, values in enumerate(maps):
            cut = Image.fromarray(np.ascontiguousarray(values[y0:y1, x0:x1]))
            size = width, rows.stop - rows.start
            back[channel] = np.asarray(cut.resize(size, Image.Resampling.BILINEAR, box=box))
        return back

    def is_inside(self, part: Part = WHOLE) -> Bool[np.ndarray, "H W"]:
        """Which pixels are photograph rather than padding, of a part of the stored picture."""
        y0, y1, x0, x1 = self.inside
        rows, columns = (np.arange(side)[each] for each, side in zip(part, self.size, strict=True))
        return ((rows >= y0) & (rows < y1))[:, None] & ((columns >= x0) & (columns < x1))

    def _place(self, stored: np.ndarray, array: np.ndarray, resampling: Image.Resampling) -> None:
        y0, y1, x0, x1 = self.inside
        stored[y0:y1, x0:x1] = resample(array, (y1 - y0, x1 - x0), resampling)

    def _scale_and_shift(self) -> tuple[np.ndarray, np.ndarray]:
        (height, width), (y0, y1, x0, x1) = self.original, self.inside
        across, down = (x1 - x0) / width, (y1 - y0) / height
        return np.array([across, down, across, down]), np.array([x0, y0, x0, y0], float)


def padding(image: UInt[np.ndarray, "h w C"]) -> UInt[np.ndarray, " C"]:
    """What an image is padded with: `PADDING_GREY` for three channels of 8 bits, else each channel's mean in it."""
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return np.full(3, PADDING_GREY, np.uint8)
    return np.rint(image.mean((0, 1))).astype(image.dtype)


def part_size(part: Part, size: Size) -> Size:
    """Height and width of a part of a picture of this size."""
    return Size(*(len(range(*each.indices(side))) for each, side in zip(part, size, strict=True)))


@final
@dataclass(frozen=True)
class LongSide:
    """How pictures are stored that have each their own size: whole, with a longer side of at most so many pixels.

    Smaller ones are not enlarged. ``None`` keeps every photograph at its own size.
    """

    pixels: int | None = None

    def fit(self, original_hw: tuple[int, int]) -> Fit:
        """The place of a photograph of this height and width: all of its stored picture."""
        size = Size(*original_hw)
        return own_fit(original_hw, size if self.pixels is None else size.resized(min(size.longer, self.pixels)))

    def to_json(self) -> dict[str, object]:
        """As a header holds it in place of a size."""
        return {"long_side": self.pixels}


def own_fit(original_hw: tuple[int, int], size: Size) -> Fit:
    """A photograph that fills its stored picture."""
    return Fit(original_hw, size, (0, size.height, 0, size.width))


def padded_fit(own: Fit, least: int) -> Fit:
    """The same photograph in a picture that is padded evenly where a side is shorter than ``least``."""
    height, width = (max(side, least) for side in own.size)
    top, left = (height - own.size.height) // 2, (width - own.size.width) // 2
    return Fit(own.original, Size(height, width), (top, top + own.size.height, left, left + own.size.width))


def fit(original_hw: tuple[int, int], size: SizeLike, resize: str) -> Fit:
    """Fit a photograph of ``original_hw`` (height, width) into a picture of ``size``.

    ``"squash"`` stretches both axes to the full picture; ``"letterbox"`` keeps the aspect ratio (up to rounding to
    whole pixels) and pads the other axis evenly. Raises `InputError` for any other ``resize``.
    """
    if resize not in RESIZES:
        raise InputError(f"resize must be one of {', '.join(RESIZES)}, not {resize!r}")
    stored = Size.of(size)
    if resize == "squash":
        return Fit(original_hw, stored, (0, stored.height, 0, stored.width))
    is_full_height = stored.height * original_hw[1] <= stored.width * original_hw[0]
    full, own = (stored.height, original_hw[0]) if is_full_height else (stored.width, original_hw[1])
    height, width = (max(1, round(side * full / own)) for side in original_hw)
    top, left = (stored.height - height) // 2, (stored.width - width) // 2
    return Fit(original_hw, stored, (top, top + height, left, left + width))


def refitted(
    boxes: Float32[np.ndarray, "N 4"], before: Callable[[int], Fit], after: Callable[[int], Fit]
) -> Float32[np.ndarray, "N 4"]:
    """Normalised boxes of pictures that are fitted in another way; ``before`` and ``after`` say how, row by row."""
    moved = boxes.copy()
    for row in np.flatnonzero(~np.isnan(boxes).any(1)).tolist():
        in_photograph = before(row).boxes_back(boxes[row, None].astype(np.float64))
        moved[row] = after(row).boxes(in_photograph)[0]
    return moved


def resample(array: np.ndarray, to: tuple[int, int], resampling: Image.Resampling) -> np.ndarray:
    """A picture, mask or map of float32 at another height and width."""
    height, width = to
    return np.asarray(Image.fromarray(array).resize((width, height), resampling))
