"""Masks of classes that may overlap: of every pixel and every class, whether the pixel belongs to it.

Shape legend: ``h w`` height and width of a picture, ``S`` the side of a square one, ``K`` classes, ``B`` bytes of
packed bits, ``N`` samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from auxseg.data.geometry import resample
from auxseg.data.ignore import IGNORE
from auxseg.data.layers.form import Form, PixelForm, Tally, check_names, parse_names, places_of, size_fault
from auxseg.records.values.size import Size, SizeLike

MAX_PLANES: Final = 128
"""Classes of one layer."""


@final
@dataclass(frozen=True)
class MultiMaskForm(PixelForm):
    """Any of the classes ``names`` in every pixel, each of them known or not.

    Values are bits, eight classes a byte, ``h w B`` with ``B = 2 ceil(K / 8)``: the first half says which classes a
    pixel belongs to, the second of which it is known. `pack` makes them of ``K h w`` with 0, 1 and `IGNORE`, which is
    what tasks get.
    """

    names: tuple[str, ...]
    kind: Literal["multimask"] = "multimask"

    def __post_init__(self) -> None:
        check_names(self.names, MAX_PLANES, "a multimask", "classes")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> MultiMaskForm | None:
        """A multimask with names."""
        names = parse_names(values, "multimask")
        return None if names is None else cls(names)

    @property
    def dtype(self) -> np.dtype:
        """uint8."""
        return np.dtype(np.uint8)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """Bytes come last."""
        return height, width, 2 * self._num_bytes

    def blank(self, height: int, width: int) -> UInt8[np.ndarray, "h w B"]:
        """No bit."""
        return np.zeros(self.shape(height, width), np.uint8)

    def pack(self, planes: UInt8[np.ndarray, "K h w"]) -> UInt8[np.ndarray, "h w B"]:
        """From 1 where a pixel belongs to a class, 0 where it does not, and `IGNORE` where that is not known."""
        halves = [np.packbits(bits, axis=0) for bits in (planes == 1, planes != IGNORE)]
        return np.ascontiguousarray(np.moveaxis(np.concatenate(halves), 0, 2))

    def unpack(self, values: UInt8[np.ndarray, "h w B"]) -> UInt8[np.ndarray, "K h w"]:
        """The inverse of `pack`."""
        true, known = (np.unpackbits(half, axis=0, count=len(self.names)) for half in self._halves(values))
        return np.where(known == 1, true, np.uint8(IGNORE))

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type, or bits that mean nothing."""
        if fault := size_fault(values, self.shape(*hw)):
            return fault
        if values.dtype != np.uint8:
            return f"should hold uint8, not {values.dtype}"
        true, known = self._halves(values)
        if (true & ~known).any():
            return "says of a pixel that it belongs to a class of which nothing is known"
        unused = 2 ** (8 * self._num_bytes - len(self.names)) - 1
        if (known[-1] & unused).any():
            return f"holds more than its {len(self.names)} classes"
        return ""

    def known(self, values: UInt8[np.ndarray, "h w B"]) -> Bool[np.ndarray, "h w"]:
        """Where anything is known."""
        return np.asarray(self._halves(values)[1].any(axis=0))

    def resized(self, values: UInt8[np.ndarray, "h w B"], hw: tuple[int, int]) -> UInt8[np.ndarray, "_ _ B"]:
        """The nearest pixel, so that nothing is made up."""
        if hw == values.shape[:2]:
            return values
        planes = [np.ascontiguousarray(plane) for plane in np.moveaxis(values, 2, 0)]
        return np.stack([resample(plane, hw, Image.Resampling.NEAREST) for plane in planes], axis=2)

    def tally(self, values: UInt8[np.ndarray, "h w B"]) -> Tally:
        """Of every class its pixels, among those of which it is known."""
        planes = self.unpack(values)
        true, known = ((planes == 1).sum((1, 2)).tolist(), (planes != IGNORE).sum((1, 2)).tolist())
        num_pixels = planes[0].size
        counts = dict(zip(self.names, zip(true, known, strict=True), strict=True))
        return Tally(num_pixels, int(self.known(values).sum()), counts)

    def batched(self, samples: Sequence[np.ndarray], size: Size) -> UInt8[np.ndarray, "N K h w"]:
        """1, 0 and `IGNORE` for every class."""
        return np.stack([self.unpack(values) for values in samples])

    def translated(self, values: UInt8[np.ndarray, "h w B"], form: Form) -> UInt8[np.ndarray, "h w _"]:
        """Classes by name; those that are not here are not known."""
        assert isinstance(form, MultiMaskForm)
        mine = self.unpack(values)
        planes = np.full((len(form.names), *mine.shape[1:]), IGNORE, np.uint8)
        for plane, place in zip(mine, places_of(self.names, form.names), strict=True):
            if place is not None:
                planes[place] = plane
        return form.pack(planes)

    def example(self, size: SizeLike, random: np.random.Generator) -> UInt8[np.ndarray, "h w B"]:
        """Random bits; every class has a pixel, and one that is not its own."""
        planes = random.integers(0, 2, (len(self.names), *Size.of(size)), np.uint8)
        planes[:, 0, :2] = 0, 1
        return self.pack(planes)

    def in_words(self) -> str:
        """The number of classes."""
        return f"a multimask of {len(self.names)} class{'' if len(self.names) == 1 else 'es'}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return {"kind": self.kind, "names": list(self.names)}

    @property
    def _num_bytes(self) -> int:
        return -(-len(self.names) // 8)

    def _halves(self, values: UInt8[np.ndarray, "h w B"]) -> tuple[np.ndarray, np.ndarray]:
        """What is true and what is known, with bytes before pixels."""
        planes = np.moveaxis(values, 2, 0)
        return planes[: self._num_bytes], planes[self._num_bytes :]
