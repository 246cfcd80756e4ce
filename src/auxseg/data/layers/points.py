"""Named key points of one thing, such as joints or landmarks, each with its visibility.

Shape legend: ``K`` key points, ``N`` samples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Bool, Float32

from auxseg.data.geometry import Fit
from auxseg.data.layers.form import FixedForm, Form, Tally, check_names, parse_names, places_of
from auxseg.records.values.size import Size, SizeLike

MAX_POINTS: Final = 256

UNLABELLED, HIDDEN, VISIBLE = 0, 1, 2
"""Visibility, as COCO numbers it: not known where the point is; known, but something covers it; seen."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^A-Za-z]+")
_OTHER_SIDE: Final = {"left": "right", "l": "r"} | {"right": "left", "r": "l"}

Pairs = tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True)
class PointsForm(FixedForm):
    """Key points called ``names`` of one thing in the picture, one a row: ``x y visibility``, float32 ``K 3``.

    ``x`` and ``y`` are in pixels of the picture from its upper left corner: the middle of the first pixel is (0.5,
    0.5). ``visibility`` is 0 for a point of which nothing is known (its row is 0 0 0), 1 for one that is hidden and 2
    for one that is seen. ``flip_pairs`` names the points that change places when left and right do: the left eye of a
    mirror image is the right eye of the image.
    """

    names: tuple[str, ...]
    flip_pairs: Pairs = ()
    kind: Literal["points"] = "points"
    counted = "points"

    def __post_init__(self) -> None:
        check_names(self.names, MAX_POINTS, "a layer of points", "points")
        paired = [name for pair in self.flip_pairs for name in pair]
        for name in paired:
            if name not in self.names:
                raise ValueError(f"flip_pairs holds {name!r}, which is none of its points")
            if paired.count(name) > 1:
                raise ValueError(f"flip_pairs holds {name!r} twice")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> PointsForm | None:
        """Points with names and pairs; without ``flip_pairs`` these are what the names say (`pairs_by_name`)."""
        names = parse_names(values, "points")
        if names is None:
            return None
        pairs = values.get("flip_pairs")
        return cls(names, pairs_by_name(names) if pairs is None else _parse_pairs(pairs))

    @property
    def dtype(self) -> np.dtype:
        """float32."""
        return np.dtype(np.float32)

    @property
    def partners(self) -> list[int]:
        """For every point the place of the one that it changes places with, its own without one."""
        other = {one: two for pair in self.flip_pairs for one, two in (pair, pair[::-1])}
        return [self.names.index(other.get(name, name)) for name in self.names]

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """A row for every point."""
        return len(self.names), 3

    def blank(self, height: int, width: int) -> Float32[np.ndarray, "K 3"]:
        """Zeros."""
        return np.zeros((len(self.names), 3), np.float32)

    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Another shape or type, a visibility that means nothing, a point that is not in the picture."""
        if values.shape != self.shape(*hw):
            return f"has the shape {values.shape}, expected x y visibility for each of {len(self.names)} points"
        if values.dtype != np.float32:
            return f"should hold float32, not {values.dtype}"
        for name, (x, y, visibility) in zip(self.names, values.tolist(), strict=True):
            if visibility not in (UNLABELLED, HIDDEN, VISIBLE):
                return f"holds the visibility {visibility:g} of {name}, expected 0, 1 or 2"
            if visibility == UNLABELLED and (x, y) != (0, 0):
                return f"holds the place ({x:g}, {y:g}) of {name} with the visibility 0, expected 0 0 0"
            if not (0 <= x <= hw[1] and 0 <= y <= hw[0]):
                return f"holds {name} at ({x:g}, {y:g}), which is not within the {hw[1]} x {hw[0]} pixels of its image"
        return ""

    def placed(self, values: Float32[np.ndarray, "K 3"], place: Fit) -> Float32[np.ndarray, "K 3"]:
        """Moved and stretched with the picture."""
        twice = np.hstack([values[:, :2], values[:, :2]]).astype(np.float64)
        moved = values.copy()
        moved[:, :2] = (place.boxes(twice) * np.array(place.size.corners))[:, :2]
        y0, y1, x0, x1 = place.inside
        moved[:, :2] = moved[:, :2].clip([x0, y0], [x1, y1])  # of rounding
        return np.where(self.known(values)[:, None], moved, np.float32(0))

    def cut(self, values: Float32[np.ndarray, "K 3"], inside: tuple[int, int, int, int]) -> Float32[np.ndarray, "K 3"]:
        """The points in this part; of the others nothing is known there."""
        y0, y1, x0, x1 = inside
        x, y, _ = values.T
        is_there = self.known(values) & (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        return np.where(is_there[:, None], values - np.array([x0, y0, 0], np.float32), np.float32(0))

    def known(self, values: Float32[np.ndarray, "K 3"]) -> Bool[np.ndarray, " K"]:
        """Which points are labelled."""
        return values[:, 2] > UNLABELLED

    def tally(self, values: Float32[np.ndarray, "K 3"]) -> Tally:
        """Of every point whether it is labelled."""
        known = self.known(values)
        return Tally(
            known.size,
            int(known.sum()),
            {name: (is_known, 1) for name, is_known in zip(self.names, known.astype(int).tolist(), strict=True)},
        )

    def batched(self, samples: Sequence[np.ndarray], size: Size) -> Float32[np.ndarray, "N K 3"]:
        """Places as shares of the picture's sides; NaN in all of a row where nothing is known."""
        rows = np.stack(samples).astype(np.float32)
        rows[..., :2] /= np.array(size.corners[:2], np.float32)
        rows[rows[..., 2] == UNLABELLED] = np.nan
        return rows

    def translated(self, values: Float32[np.ndarray, "K 3"], form: Form) -> Float32[np.ndarray, "_ 3"]:
        """Points by name; those that are not here are not known."""
        assert isinstance(form, PointsForm)
        found = form.blank(0, 0)
        for row, place in zip(values, places_of(self.names, form.names), strict=True):
            if place is not None:
                found[place] = row
        return found

    def example(self, size: SizeLike, random: np.random.Generator) -> Float32[np.ndarray, "K 3"]:
        """Points anywhere in the upper left part, hidden or seen."""
        height, width = Size.of(size)
        places = random.uniform(0.05, 0.7, (len(self.names), 2)) * [width, height]
        return np.hstack([places, random.integers(HIDDEN, VISIBLE + 1, (len(self.names), 1))]).astype(np.float32)

    def in_words(self) -> str:
        """The number of points, and how many of them change places in a mirror."""
        pairs = f" with {len(self.flip_pairs)} pair{'' if len(self.flip_pairs) == 1 else 's'} of left and right"
        return f"{len(self.names)} key point{'' if len(self.names) == 1 else 's'}{pairs if self.flip_pairs else ''}"

    def to_json(self) -> dict[str, object]:
        """The fields."""
        return {"kind": self.kind, "names": list(self.names), "flip_pairs": [list(pair) for pair in self.flip_pairs]}


def pairs_by_name(names: Sequence[str]) -> Pairs:
    """The points whose names differ by ``left`` and ``right`` (or ``l`` and ``r``) as a word of its own alone.

    Case does not matter, and neither does what divides words: ``left_eye``, ``eye-L``, ``LeftEye``.
    """
    pairs: dict[str, str] = {}
    where = {_words(name): name for name in reversed(names)}
    for name in names:
        words = _words(name)
        other = where.get(tuple(_OTHER_SIDE.get(word, word) for word in words), name)
        if name != other and not {name, other} & {*pairs, *pairs.values()}:
            pairs[name] = other
    return tuple(pairs.items())


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(name))


def _parse_pairs(values: object) -> Pairs:
    pairs: list[tuple[str, str]] = []
    for pair in values if isinstance(values, list) else [values]:
        match pair:
            case [str(one), str(other)] if one != other:
                pairs.append((one, other))
            case _:
                raise ValueError("flip_pairs should be a list of pairs of two different names")
    return tuple(pairs)
