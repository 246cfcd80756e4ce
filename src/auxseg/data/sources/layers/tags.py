"""Tags of an image from one cell of a table: ``rain;people;?snow``.

Shape legend: ``T`` tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import TagsForm
from auxseg.data.sources.source import SampleError
from auxseg.errors import nearest

SEPARATOR: Final = ";"
UNKNOWN: Final = "?"
"""Before a tag of which it is not known whether it fits."""


def read_tags(cell: str, form: TagsForm, what: str) -> UInt8[np.ndarray, " T"]:
    """1 for the tags of the cell, `IGNORE` for those behind a question mark, 0 for all others.

    A cell of nothing but a separator says that no tag fits. Raises `SampleError` for a tag that is not in the list,
    one that stands in the cell both ways, and a question mark alone.
    """
    values = np.zeros(len(form.names), np.uint8)
    where = {name: place for place, name in enumerate(form.names)}
    if UNKNOWN in (part.strip() for part in cell.split(SEPARATOR)):
        raise SampleError(f"its tags {what!r} hold {UNKNOWN!r} without a tag; leave the cell empty if none is known")
    for tag, is_known in _tags(cell):
        if tag not in where:
            listed = ", ".join(form.names[:20])
            raise SampleError(f"its tags {what!r} hold {tag!r}{nearest(tag, form.names)}; listed are {listed}")
        value = 1 if is_known else IGNORE
        if values[where[tag]] not in (0, value):
            raise SampleError(f"its tags {what!r} hold {tag!r} both with and without {UNKNOWN!r}")
        values[where[tag]] = value
    return values


def names_in(cells: Iterable[str]) -> tuple[str, ...]:
    """The tags that occur in any of the cells, sorted."""
    return tuple(sorted({tag for cell in cells for tag, _ in _tags(cell)}))


def _tags(cell: str) -> Iterable[tuple[str, bool]]:
    """Each tag of a cell, and whether it is known to fit."""
    for part in cell.split(SEPARATOR):
        tag = part.strip()
        if bare := tag.removeprefix(UNKNOWN).strip():
            yield bare, not tag.startswith(UNKNOWN)
