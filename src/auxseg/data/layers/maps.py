"""Maps: numbers per pixel, such as depth, disparity or surface normals.

Shape legend: ``h w`` height and width of a picture, ``C`` channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from auxseg.data.geometry import resample
from auxseg.data.layers.form import PixelForm, Tally, size_fault
from auxseg.data.store.text import text_fault
from auxseg.records.values.size import Size, SizeLike

METRES: Final = "m"
"""The unit of lengths, which are never negative."""

MAX_CHANNELS: Final = 4
MAX_UNIT: Final = 40
"""Characters of a unit."""

UNIT_TOLERANCE: Final = 0.05
"""By how much the length of a unit vector may miss 1: what is stored in 8 bits a channel stays well within it."""

HALF: Final = 0.5
"""A resampled pixel is known if at least this share of what it is made of is."""


@final
@dataclass(frozen=True)
class MapForm(PixelForm):
    """One to four numbers per pixel, ``h w C``; a pixel with NaN in any channel is not known.

    ``unit`` is any short text. Lengths in metres (``m``) are never negative, and not known where they are 0.
    ``is_vector`` says that the first two channels are x (to the right) and y (down) of an arrow in the picture, which
    turns with it; further channels stay. A vector field without a unit holds directions: arrows of length 1, such as
    surface normals. Zooming and resizing change no number, not even lengths in pixels.

    Directions are stored as float16, which changes them by less than 0.05 degrees; everything else as float32.
    """

    channels: int = 1
    unit: str = ""
    is_vector: bool = False
    kind: Literal["map"] = "map"

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(f"a map has 1 to {MAX_CHANNELS} channels, not {self.channels}")
        if self.is_vector and self.channels < 2:
            raise ValueError("a vector field has at least two channels, not 1")
        if len(self.unit) > MAX_UNIT:
            raise ValueError(f"the unit of a map has {len(self.unit):,} characters; at most {MAX_UNIT} are kept")
        if fault := text_fault(self.unit):
            raise ValueError(f"the unit of a map {fault}")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> MapForm | None:
        """A map with channels, unit and is_vector."""
        match values:
            case {"kind": "map", "channels": int(channels), "unit": str(unit), "is_vector": bool(is_vector)}:
                if isinstance(channels, bool):
                    raise ValueError("channels should be a whole number")
                return cls(channels, unit, is_vector)
        return None

    @property
    def is_direction(self) -> bool:
        """Whether the values are arrows of length 1."""
        return self.is_vector and not self.unit

    @property
    def dtype(self) -> np.dtype:
        """float16 for directions, else float32."""
        return np.dtype(np.float16 if self.is_direction else np.float32)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Channels come last."""
        return height, width, self.channels

    def blank(self, height: int, width: int) -> Float[np.ndarray, "h w C"]:
        """NaN everywhere."""
        return np.full(self.shape(height, width), np.nan, self.dtype)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type, infinity, a negative length, a direction that is no unit vector."""
        if fault := size_fault(values, self.shape(*hw)):
            return fault
        if values.dtype.kind != "f":
            return f"should hold floating-point numbers, not {values.dtype}"
        with np.errstate(over="ignore"):
            if np.isinf(values.astype(np.float32, copy=False)).any():
                return "holds infinity, or numbers too large for float32; unknown pixels are NaN"
        if self.unit == METRES and (values < 0).any():
            return f"holds {np.nanmin(values):g} {METRES}, but a length is not negative; unknown pixels are NaN"
        if self.is_direction:
            lengths = np.sqrt(np.square(values, dtype=np.float32).sum(2))
            wrong = lengths[np.abs(lengths - 1) > UNIT_TOLERANCE]
            if wrong.size:
                return f"holds a vector of length {wrong[0]:.3g}, expected unit vectors; unknown pixels are NaN"
        return ""

    def known(self, values: Float[np.ndarray, "h w C"]) -> Bool[np.ndarray, "h w"]:
        """Where no channel is NaN, and no length in metres 0."""
        unknown = np.isnan(values)
        return np.logical_not((unknown | (values == 0) if self.unit == METRES else unknown).any(axis=2))

    def tally(self, values: Float[np.ndarray, "h w C"]) -> Tally:
        """Known pixels, and the range of their numbers."""
        known = self.known(values)
        numbers = values[known]
        low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (math.inf, -math.inf)
        return Tally(known.size, int(known.sum()), lowest=low, highest=high)

    def resized(self, values: Float[np.ndarray, "h w C"], hw: tuple[int, int]) -> Float[np.ndarray, "_ _ C"]:
        """The mean of the known pixels, by area where the map shrinks and bilinear where it grows.

        A pixel of which less than half is known is not known. Directions get length 1 again.
        """
        known = self.known(values)
        numbers = np.where(known[..., None], values, 0).astype(np.float32)
        if hw != known.shape:
            shrinks = hw[0] <= known.shape[0] and hw[1] <= known.shape[1]
            filter_ = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
            weight = resample(known.astype(np.float32), hw, filter_)
            sums = [resample(np.ascontiguousarray(channel), hw, filter_) for channel in np.moveaxis(numbers, 2, 0)]
            # A rounding error must not make a pixel of which exactly half is known an unknown one.
            known = weight >= HALF - 1e-4
            numbers = np.stack(sums, axis=2) / np.where(known, weight, 1)[..., None]
        if self.is_direction:
            lengths = np.linalg.norm(numbers, axis=2)
            known &= lengths > 0
            numbers = numbers / np.where(known, lengths, 1)[..., None]
        return np.where(known[..., None], numbers, np.nan).astype(self.dtype)

    def example(self, size: SizeLike, random: np.random.Generator) -> Float[np.ndarray, "h w C"]:
        """Numbers from 1 to 3, or random directions."""
        shape = self.shape(*Size.of(size))
        if not self.is_direction:
            return random.uniform(1, 3, shape).astype(self.dtype)
        arrows = random.normal(size=shape)
        return (arrows / np.linalg.norm(arrows, axis=2, keepdims=True)).astype(self.dtype)

    def in_words(self) -> str:
        """Channels, unit, and whether they are directions."""
        kind = "unit vectors" if self.is_direction else "vectors" if self.is_vector else "numbers"
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return f"a map of {kind}, {channels}{f', in {self.unit}' if self.unit else ''}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return asdict(self)
