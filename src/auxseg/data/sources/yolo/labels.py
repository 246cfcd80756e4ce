"""The text file with the labels of an image: one object a row, as a box or as an outline.

https://docs.ultralytics.com/datasets/detect/ and https://docs.ultralytics.com/datasets/segment/ describe the rows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.sources.coco.file import CocoObject
from auxseg.data.sources.values import BadValue, integer, number

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

    Coordinates are shares of the image's width and height. ``name`` says where the row is.
    """

    name: str
    category: int
    coordinates: tuple[float, ...]

    @property
    def is_outline(self) -> bool:
        """Whether this is an outline and no box."""
        return len(self.coordinates) >= _NUM_OUTLINE

    def to_object(self, hw: tuple[int, int], num_classes: int) -> CocoObject:
        """The object in pixels of an image of this height and width. The box of an outline is what bounds it."""
        height, width = hw
        x, y = (_scaled(self.coordinates[start::2], side) for start, side in ((0, width), (1, height)))
        fault = "" if self.category < num_classes else f"its class {self.category} is beyond the {num_classes} names"
        if not self.is_outline:
            box = (x[0] - x[1] / 2, y[0] - y[1] / 2, x[1], y[1])
            return CocoObject(self.name, self.category, None, False, box, fault)
        outline = [[each for point in zip(x, y, strict=True) for each in point]]
        box = (min(x), min(y), max(x) - min(x), max(y) - min(y))
        return CocoObject(self.name, self.category, outline, False, box, fault)


def read_rows(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a file of labels, none where there is no such file; and of rows that cannot be used, why."""
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
            rows += [_row(cells, f"in line {place}")] if cells else []
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
        return _row(cells, "").is_outline
    except BadValue:
        return False


def _lines(path: Path) -> list[str]:
    """Raises `OSError` or `ValueError` with the reason."""
    if os.path.lexists(path) and not path.is_file():  # nor is a link that leads nowhere a file that is not there
        raise ValueError("it is no regular file")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has over {_MAX_BYTES:,} bytes")
    return path.read_text("utf-8-sig").splitlines()


def _row(cells: list[str], name: str) -> Row:
    """Raises `BadValue`."""
    category = integer(cells[0], "the class")
    if category < 0:
        raise BadValue(f"the class should be 0 or more, not {category}")
    if len(cells) - 1 != _NUM_BOX and (len(cells) - 1 < _NUM_OUTLINE or len(cells) % 2 == 0):
        raise BadValue(
            f"behind the class should be the 4 numbers of a box or the pairs of an outline of at least 3 points, not "
            f"{len(cells) - 1} numbers"
        )
    coordinates = tuple(number(cell, "a coordinate") for cell in cells[1:])
    row = Row(name, category, coordinates)
    for value in coordinates if row.is_outline else _corners(coordinates):
        if not _RANGE[0] <= value <= _RANGE[1]:
            raise BadValue(f"coordinates should be shares of the image's width and height, 0 to 1, not {value:g}")
    if not row.is_outline and min(coordinates[2:]) <= 0:
        raise BadValue("the width and height of a box should be above 0")
    return row


def _corners(box: tuple[float, ...]) -> tuple[float, ...]:
    x, y, width, height = box
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _scaled(shares: tuple[float, ...], side: int) -> list[float]:
    return [share * side for share in shares]
