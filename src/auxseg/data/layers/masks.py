"""Further masks: class ids per pixel, beside the mask that every sample has a place for.

Shape legend: ``h w`` height and width of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from auxseg.data.geometry import resample
from auxseg.data.ignore import IGNORE
from auxseg.data.layers.form import Form, PixelForm, Tally, check_names, parse_names, places_of, size_fault
from auxseg.records.values.size import Size, SizeLike

MAX_CLASSES: Final = 254


@final
@dataclass(frozen=True)
class MaskForm(PixelForm):
    """One of the classes ``names`` in every pixel, uint8 ``h w``; `IGNORE` where it is not known."""

    names: tuple[str, ...]
    kind: Literal["mask"] = "mask"

    def __post_init__(self) -> None:
        check_names(self.names, MAX_CLASSES, "a mask", "classes")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> MaskForm | None:
        """A mask with names."""
        names = parse_names(values, "mask")
        return None if names is None else cls(names)

    @property
    def dtype(self) -> np.dtype:
        """uint8."""
        return np.dtype(np.uint8)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """No channels."""
        return height, width

    def blank(self, height: int, width: int) -> UInt8[np.ndarray, "h w"]:
        """`IGNORE` everywhere."""
        return np.full((height, width), IGNORE, np.uint8)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type, or an id without a name."""
        if fault := size_fault(values, self.shape(*hw)):
            return fault
        if values.dtype != np.uint8:
            return f"should hold uint8, not {values.dtype}"
        highest = int(values[values != IGNORE].max(initial=0))
        if highest >= len(self.names):
            known = f"0 to {len(self.names) - 1}, and {IGNORE} for ignored pixels"
            return f"holds class {highest}, but its classes are {known}"
        return ""

    def known(self, values: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """Where the class is known."""
        return values != IGNORE

    def resized(self, values: UInt8[np.ndarray, "h w"], hw: tuple[int, int]) -> UInt8[np.ndarray, "_ _"]:
        """The nearest pixel, so that no class is made up."""
        return values if hw == values.shape else resample(values, hw, Image.Resampling.NEAREST)

    def tally(self, values: UInt8[np.ndarray, "h w"]) -> Tally:
        """Pixels by class."""
        pixels = np.bincount(values.ravel(), minlength=IGNORE + 1)
        num_known = values.size - int(pixels[IGNORE])
        counts = zip(self.names, pixels.tolist(), strict=False)
        return Tally(values.size, num_known, {name: (count, num_known) for name, count in counts})

    def translated(self, values: UInt8[np.ndarray, "h w"], form: Form) -> UInt8[np.ndarray, "h w"]:
        """Ids by name; a class without one is not known."""
        assert isinstance(form, MaskForm)
        ids = np.full(IGNORE + 1, IGNORE, np.uint8)
        ids[: len(self.names)] = [IGNORE if place is None else place for place in places_of(self.names, form.names)]
        return ids[values]

    def example(self, size: SizeLike, random: np.random.Generator) -> UInt8[np.ndarray, "h w"]:
        """Random classes, the first two among them."""
        values = random.integers(0, len(self.names), tuple(Size.of(size)), np.uint8)
        values[0, :2] = 0, min(1, len(self.names) - 1)
        return values

    def in_words(self) -> str:
        """The number of classes."""
        return f"a mask of {len(self.names)} class{'' if len(self.names) == 1 else 'es'}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return {"kind": self.kind, "names": list(self.names)}
