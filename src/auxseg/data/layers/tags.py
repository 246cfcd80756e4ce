"""Tags: of every one of several words whether it describes the picture as a whole.

Shape legend: ``T`` tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, UInt8

from auxseg.data.geometry import Fit
from auxseg.data.ignore import IGNORE
from auxseg.data.layers.form import FixedForm, Form, Tally, check_names, parse_names, places_of
from auxseg.records.values.size import SizeLike

MAX_TAGS: Final = 4096


@final
@dataclass(frozen=True)
class TagsForm(FixedForm):
    """Any of the tags ``names``: 1 for one that fits the picture, 0 for one that does not, `IGNORE` for an unknown one.

    A part of a picture has the tags of the whole: crops keep them.
    """

    names: tuple[str, ...]
    kind: Literal["tags"] = "tags"
    counted = "tags"

    def __post_init__(self) -> None:
        check_names(self.names, MAX_TAGS, "a layer of tags", "tags")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> TagsForm | None:
        """Tags with names."""
        names = parse_names(values, "tags")
        return None if names is None else cls(names)

    @property
    def dtype(self) -> np.dtype:
        """uint8."""
        return np.dtype(np.uint8)

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """One number per tag."""
        return (len(self.names),)

    def blank(self, height: int, width: int) -> UInt8[np.ndarray, " T"]:
        """`IGNORE` for every tag."""
        return np.full(len(self.names), IGNORE, np.uint8)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another number of tags or type, or a number that means nothing."""
        if values.shape != (len(self.names),):
            return f"has the shape {values.shape}, but there are {len(self.names)} tags"
        if values.dtype != np.uint8:
            return f"should hold uint8, not {values.dtype}"
        wrong = values[(values > 1) & (values != IGNORE)]
        return f"holds {wrong[0]}, expected 0, 1, or {IGNORE} for unknown tags" if wrong.size else ""

    def placed(self, values: UInt8[np.ndarray, " T"], place: Fit) -> UInt8[np.ndarray, " T"]:
        """The same tags."""
        return values

    def cut(self, values: UInt8[np.ndarray, " T"], inside: tuple[int, int, int, int]) -> UInt8[np.ndarray, " T"]:
        """The same tags."""
        return values

    def known(self, values: UInt8[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
        """Which tags are known."""
        return values != IGNORE

    def tally(self, values: UInt8[np.ndarray, " T"]) -> Tally:
        """Of every tag whether it is there, and whether that is known."""
        known = self.known(values)
        pairs = zip((values == 1).astype(int).tolist(), known.astype(int).tolist(), strict=True)
        return Tally(values.size, int(known.sum()), dict(zip(self.names, pairs, strict=True)))

    def translated(self, values: UInt8[np.ndarray, " T"], form: Form) -> UInt8[np.ndarray, " _"]:
        """Tags by name; those that are not here are not known."""
        assert isinstance(form, TagsForm)
        found = form.blank(0, 0)
        for value, place in zip(values, places_of(self.names, form.names), strict=True):
            if place is not None:
                found[place] = value
        return found

    def example(self, size: SizeLike, random: np.random.Generator) -> UInt8[np.ndarray, " T"]:
        """Random tags."""
        return random.integers(0, 2, len(self.names), np.uint8)

    def in_words(self) -> str:
        """The number of tags."""
        return f"{len(self.names)} tag{'' if len(self.names) == 1 else 's'}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return {"kind": self.kind, "names": list(self.names)}
