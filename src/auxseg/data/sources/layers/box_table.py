"""The boxes of images from a table, as a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.layers import BoxesForm, Layer
from auxseg.data.sample import Box
from auxseg.data.sources.layers.box_rows import NAMELESS, box_layer
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.source import SampleError
from auxseg.data.sources.tables import CORNERS, box_rows, read_table
from auxseg.data.sources.values import BadValue, flag
from auxseg.errors import InputError

CROWD: Final = "crowd"
"""The column that says whether a box surrounds things that were not told apart."""


@final
@dataclass(frozen=True)
class BoxTable:
    """By id of an image its boxes, and beside them its crowds; of an image that is not in it nothing is known."""

    boxes: Mapping[str, Sequence[Box]]
    crowds: Mapping[str, Sequence[Box]]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that occur, sorted."""
        every = [box for some in (*self.boxes.values(), *self.crowds.values()) for box in some]
        return tuple(sorted({box.name or NAMELESS for box in every}))

    def read(self, id: str, form: BoxesForm, hw: tuple[int, int], what: str) -> Layer | None:
        """The layer of an image of this height and width, ``None`` where it has none.

        Raises `SampleError` for a class that is not listed, and a box that is empty or outside of the image.
        """
        if id not in self.boxes:
            return None
        boxes, crowds = self.boxes[id], self.crowds.get(id, ())
        strangers = {box.name or NAMELESS for box in (*boxes, *crowds)} - {*form.names}
        if strangers:
            listed = ", ".join(form.names[:20])
            raise SampleError(f"its boxes hold the class {min(strangers)!r}; {what} lists {listed}")
        layer = box_layer(boxes, crowds, form, hw)
        if layer is None:
            wrong = next(box for box in (*boxes, *crowds) if box_layer([box], (), form, hw) is None)
            corners = f"{wrong.x0:g}, {wrong.y0:g} to {wrong.x1:g}, {wrong.y1:g}"
            raise SampleError(f"its box from {corners} is empty or outside of its image, so {what} is not known")
        return layer


def read_box_table(path: Path, photographs: Photographs, what: str) -> BoxTable:
    """A table as ``boxes.csv`` with the boxes of one layer alone, and where it has it a column `CROWD` of 0 and 1.

    Raises `InputError` for a table that is missing or wrong.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; it should hold the boxes of the layer {what}")
    strangers = [column for column in read_table(path)[0][1:] if column not in (*CORNERS, "name", CROWD)]
    if strangers:
        raise InputError(f"{path} has the column {strangers[0]!r}; boxes have {', '.join(CORNERS)}, name and {CROWD}")
    boxes: dict[str, list[Box]] = {}
    crowds: dict[str, list[Box]] = {}
    for line, id, box, row in box_rows(path, photographs):
        boxes.setdefault(id, [])
        if box is None:
            continue
        try:
            is_crowd = bool(row.get(CROWD)) and flag(row[CROWD], CROWD)
        except BadValue as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        (crowds.setdefault(id, []) if is_crowd else boxes[id]).append(box)
    return BoxTable(boxes, crowds)
