"""Boxes around any number of things, each with a class.

Shape legend: ``K`` boxes of a sample, ``M`` rows for the boxes of each sample of a batch, ``N`` samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, Float32

from auxseg.data.geometry import Fit
from auxseg.data.layers.form import Form, Tally, check_names, parse_names, places_of
from auxseg.records.values.size import Size, SizeLike

MAX_CLASSES: Final = 1000
MAX_BOXES: Final = 4096
"""Boxes of one sample."""

COLUMNS: Final = 6
NO_BOX: Final = -1.0
"""The class in a row of a batch without a box."""


@final
@dataclass(frozen=True)
class BoxesForm(Form):
    """Boxes of classes ``names``, one a row: ``x0 y0 x1 y1 class crowd``, half-open, in pixels of the picture, float32.

    ``crowd`` is 1 for a box around so many things that they were not told apart; it is neither to be found nor a false
    alarm. A sample without rows shows no box; one of which no box is known has a single row of NaN.
    """

    names: tuple[str, ...]
    kind: Literal["boxes"] = "boxes"
    counted = "boxes"

    def __post_init__(self) -> None:
        check_names(self.names, MAX_CLASSES, "a layer of boxes", "classes")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> BoxesForm | None:
        """Boxes with the names of their classes."""
        names = parse_names(values, "boxes")
        return None if names is None else cls(names)

    @property
    def dtype(self) -> np.dtype:
        """float32."""
        return np.dtype(np.float32)

    def blank(self, height: int, width: int) -> Float32[np.ndarray, "1 6"]:
        """One row of NaN."""
        return np.full((1, COLUMNS), np.nan, np.float32)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type, too many boxes, a box that is empty or not in the picture, a class without a name."""
        if values.ndim != 2 or values.shape[1] != COLUMNS:
            return f"has the shape {values.shape}, expected a row of x0 y0 x1 y1 class crowd for every box"
        if values.dtype != np.float32:
            return f"should hold float32, not {values.dtype}"
        if len(values) > MAX_BOXES:
            return f"has {len(values):,} boxes; at most {MAX_BOXES:,} are kept"
        if np.array_equal(values, self.blank(*hw), equal_nan=True):
            return ""
        x0, y0, x1, y1, ids, crowd = values.T
        right = (x0 >= 0) & (y0 >= 0) & (x0 < x1) & (y0 < y1) & (x1 <= hw[1]) & (y1 <= hw[0])
        if not right.all():
            found = ", ".join(f"{corner:g}" for corner in values[~right][0, :4])
            return f"holds the box ({found}), which is empty, or not within the {hw[1]} x {hw[0]} pixels of its image"
        wrong = ids[~((ids >= 0) & (ids < len(self.names)) & (ids == np.rint(ids)))]
        if wrong.size:
            return f"holds a box of class {wrong[0]:g}, but its classes are 0 to {len(self.names) - 1}"
        return "" if ((crowd == 0) | (crowd == 1)).all() else "holds a crowd that is neither 0 nor 1"

    def placed(self, values: Float32[np.ndarray, "K 6"], place: Fit) -> Float32[np.ndarray, "K 6"]:
        """Their corners moved and stretched with the picture; none reaches into the padding."""
        corners = place.boxes(values[:, :4].astype(np.float64)) * np.array(place.size.corners)
        return _clipped(np.hstack([corners, values[:, 4:]]).astype(np.float32), place.inside)

    def cut(self, values: Float32[np.ndarray, "K 6"], inside: tuple[int, int, int, int]) -> Float32[np.ndarray, "_ 6"]:
        """What lies in this part of each box; a box of which nothing does is left out."""
        y0, _, x0, _ = inside
        return _clipped(values, inside) - np.array([x0, y0, x0, y0, 0, 0], np.float32)

    def known(self, values: Float32[np.ndarray, "K 6"]) -> Bool[np.ndarray, " K"]:
        """Which rows are boxes."""
        return np.asarray(~np.isnan(values).any(axis=1))

    def tally(self, values: Float32[np.ndarray, "K 6"]) -> Tally:
        """Boxes by class."""
        known = self.known(values)
        counts = np.bincount(values[known, 4].astype(int), minlength=len(self.names)).tolist()
        num_known = int(known.sum())
        return Tally(num_known, num_known, {name: (n, num_known) for name, n in zip(self.names, counts, strict=True)})

    def batched(self, samples: Sequence[np.ndarray], size: Size) -> Float32[np.ndarray, "N M 6"]:
        """As many rows as the sample with the most boxes needs, at least one; corners are shares of the picture's
        sides.

        Rows without a box have the class `NO_BOX`, and are all NaN where no box is known.
        """
        rows = np.zeros((len(samples), max([1, *map(len, samples)]), COLUMNS), np.float32)
        rows[..., 4] = NO_BOX
        for row, values in zip(rows, samples, strict=True):
            row[: len(values)] = values
            row[: len(values), :4] /= size.corners
            if not self.known(values).all():
                row[:] = np.nan
        return rows

    def translated(self, values: Float32[np.ndarray, "K 6"], form: Form) -> Float32[np.ndarray, "_ 6"]:
        """Classes by name; boxes of other classes are left out."""
        assert isinstance(form, BoxesForm)
        if not self.known(values).all():
            return values
        places = np.array([-1 if place is None else place for place in places_of(self.names, form.names)], np.float32)
        found = values.copy()
        found[:, 4] = places[values[:, 4].astype(int)]
        return found[found[:, 4] >= 0]

    def example(self, size: SizeLike, random: np.random.Generator) -> Float32[np.ndarray, "K 6"]:
        """One to three boxes of random classes."""
        number = int(random.integers(1, 4))
        low, extent = random.uniform(0, 0.5, (number, 2)), random.uniform(0.2, 0.5, (number, 2))
        ids = random.integers(0, len(self.names), (number, 1))
        height, width = Size.of(size)
        sides = np.array([width, height])
        return np.hstack([low * sides, (low + extent) * sides, ids, np.zeros((number, 1))]).astype(np.float32)

    def in_words(self) -> str:
        """The number of classes."""
        return f"boxes of {len(self.names)} class{'' if len(self.names) == 1 else 'es'}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return {"kind": self.kind, "names": list(self.names)}


def _clipped(values: Float32[np.ndarray, "K 6"], inside: tuple[int, int, int, int]) -> Float32[np.ndarray, "_ 6"]:
    """What lies in a part of the picture; a box of which nothing does is left out."""
    y0, y1, x0, x1 = inside
    clipped = values.copy()
    clipped[:, :4] = np.clip(values[:, :4], [x0, y0, x0, y0], [x1, y1, x1, y1])
    is_empty = (clipped[:, 0] >= clipped[:, 2]) | (clipped[:, 1] >= clipped[:, 3])
    return clipped[~is_empty]
