"""The text file with the labels of an image: one object a row, as a box, an outline, or a box with key points.

https://docs.ultralytics.com/datasets/detect/, https://docs.ultralytics.com/datasets/segment/ and
https://docs.ultralytics.com/datasets/pose/ describe the rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.layers.points import HIDDEN, UNLABELLED, VISIBLE
from auxseg.data.sources.coco.file import CocoObject
from auxseg.data.sources.coco.points import MIDDLE
from auxseg.data.sources.values import BadValue, integer, number
from auxseg.data.sources.yolo.key_points import KeyPoints

_MAX_BYTES: Final = 20_000_000
_NUM_BOX: Final = 4
_NUM_OUTLINE: Final = 6
"""Coordinates in the shortest outline: three points."""

_RANGE: Final = (-1.0, 2.0)
"""What coordinates may be: as in COCO's outlines, none lies further outside than the image is large. What lies outside
is cut off."""


@final
@dataclass(frozen=True)
class Row:
    """An object: its class, and the box (centre x, centre y, width, height) or outline (x, y, x, y ...) of it.

    Coordinates are shares of the image's width and height. ``points`` are the key points of a box, ``x y visibility``
    each. ``name`` says where the row is.
    """

    name: str
    category: int
    coordinates: tuple[float, ...]
    points: tuple[tuple[float, float, int], ...] = ()

    @property
    def is_outline(self) -> bool:
        """Whether this is an outline and no box."""
        return len(self.coordinates) >= _NUM_OUTLINE

    def to_object(self, hw: tuple[int, int], num_classes: int) -> CocoObject:
        """The object in pixels of an image of this height and width. The box of an outline is what bounds it.

        Key points are shares of the sides, as the box is, so the half pixel that COCO's are short of is taken off.
        """
        height, width = hw
        x, y = (_scaled(self.coordinates[start::2], side) for start, side in ((0, width), (1, height)))
        fault = "" if self.category < num_classes else f"its class {self.category} is beyond the {num_classes} names"
        if not self.is_outline:
            box = (x[0] - x[1] / 2, y[0] - y[1] / 2, x[1], y[1])
            points = [
                value
                for x, y, seen in self.points
                for value in ((x * width - MIDDLE, y * height - MIDDLE, seen) if seen else (0, 0, 0))
            ]
            return CocoObject(self.name, self.category, None, False, box, fault, points=points or None)
        outline = [[each for point in zip(x, y, strict=True) for each in point]]
        box = (min(x), min(y), max(x) - min(x), max(y) - min(y))
        return CocoObject(self.name, self.category, outline, False, box, fault)


def read_rows(path: Path, key_points: KeyPoints | None = None) -> tuple[list[Row], list[str]]:
    """The rows of a file of labels, none where there is no such file; and of rows that cannot be used, why.

    In a data set of key points no row is an outline.
    """
    try:
        lines = _lines(path)
    except FileNotFoundError:
        return [], []
    except (OSError, ValueError) as error:
        return [], [f"the labels in {path.name} cannot be read: {error}"]
    rows: list[Row] = []
    faults: list[str] = []
    for place, line in enumerate(lines, 1):
        cells = line.split()
        try:
            rows += [_row(cells, f"in line {place}", key_points)] if cells else []
        except BadValue as error:
            faults.append(f"{path.name}, line {place}: {error}")
    return rows, faults


def has_outline(path: Path) -> bool:
    """Whether a file of labels has a row that is an outline; much faster than `read_rows` where all are boxes."""
    try:
        return any(_is_outline(line.split()) for line in _lines(path))
    except (OSError, ValueError):
        return False


def _is_outline(cells: list[str]) -> bool:
    if len(cells) <= _NUM_OUTLINE:
        return False
    try:
        return _row(cells, "", None).is_outline
    except BadValue:
        return False


def _lines(path: Path) -> list[str]:
    """Raises `OSError` or `ValueError` with the reason."""
    if os.path.lexists(path) and not path.is_file():  # nor is a link that leads nowhere a file that is not there
        raise ValueError("it is no regular file")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has over {_MAX_BYTES:,} bytes")
    return path.read_text("utf-8-sig").splitlines()


def _row(cells: list[str], name: str, key_points: KeyPoints | None) -> Row:
    """Raises `BadValue`."""
    category = integer(cells[0], "the class")
    if category < 0:
        raise BadValue(f"the class should be 0 or more, not {category}")
    points: tuple[tuple[float, float, int], ...] = ()
    if key_points is None:
        if len(cells) - 1 != _NUM_BOX and (len(cells) - 1 < _NUM_OUTLINE or len(cells) % 2 == 0):
            raise BadValue(
                "behind the class should be the 4 numbers of a box or the pairs of an outline of at least 3 points, "
                f"not {len(cells) - 1} numbers"
            )
    elif len(cells) - 1 == _NUM_BOX + key_points.num_columns:
        cells, rest = cells[: 1 + _NUM_BOX], cells[1 + _NUM_BOX :]
        points = tuple(_points(rest, key_points))
    elif len(cells) - 1 != _NUM_BOX:
        raise BadValue(
            f"behind the class should be the 4 numbers of a box, alone or with the {key_points.num_columns} of "
            f"{key_points.number} key points, not {len(cells) - 1} numbers"
        )
    coordinates = tuple(number(cell, "a coordinate") for cell in cells[1:])
    row = Row(name, category, coordinates, points)
    for value in coordinates if row.is_outline else _corners(coordinates):
        _check_share(value)
    if not row.is_outline and min(coordinates[2:]) <= 0:
        raise BadValue("the width and height of a box should be above 0")
    return row


def _points(cells: list[str], key_points: KeyPoints) -> Iterator[tuple[float, float, int]]:
    """Each of the key points of a row.

    Without a visibility, one with a negative number is not known, as for Ultralytics, and neither is one at 0 0, as
    tools write what was not labelled. Raises `BadValue`.
    """
    step = key_points.num_columns // key_points.number
    for first in range(0, len(cells), step):
        x, y, *rest = cells[first : first + step]
        place = number(x, "a coordinate"), number(y, "a coordinate")
        if rest:
            seen = integer(rest[0], "the visibility of a key point")
            if seen not in (UNLABELLED, HIDDEN, VISIBLE):
                raise BadValue(f"the visibility of a key point should be 0, 1 or 2, not {seen}")
        else:
            seen = UNLABELLED if min(place) < 0 or place == (0, 0) else VISIBLE
        for value in place if seen else ():
            _check_share(value)
        yield (*place, seen) if seen else (0, 0, UNLABELLED)


def _check_share(value: float) -> None:
    if not _RANGE[0] <= value <= _RANGE[1]:
        raise BadValue(f"coordinates should be shares of the image's width and height, 0 to 1, not {value:g}")


def _corners(box: tuple[float, ...]) -> tuple[float, ...]:
    x, y, width, height = box
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _scaled(shares: tuple[float, ...], side: int) -> list[float]:
    return [share * side for share in shares]
