"""Key points of images from a table: ``id,nose_x,nose_y,nose_v,tail_x,...``.

Shape legend: ``K`` key points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import Float, Float32

from auxseg.data.layers import Layer, PointsForm
from auxseg.data.layers.points import HIDDEN, UNLABELLED, VISIBLE
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.tables import read_table, table_rows
from auxseg.errors import InputError

_X, _Y, _V = "_x", "_y", "_v"
_NAN: Final = "nan"
_VISIBILITIES: Final = {str(each): each for each in (UNLABELLED, HIDDEN, VISIBLE)}


@final
@dataclass(frozen=True)
class PointTable:
    """The points of a table in the order of its columns, and of every id their rows ``x y visibility``."""

    names: tuple[str, ...]
    rows: Mapping[str, Float[np.ndarray, "K 3"]]


def read_points(path: Path, photographs: Photographs) -> PointTable:
    """Read a table with the columns ``NAME_x`` and ``NAME_y`` for every point, and ``NAME_v`` where the file has it.

    Places are in pixels from the upper left corner. Without ``NAME_v`` a point with a place is seen. A point without a
    place, or with the visibility 0, is not known. Raises `InputError` for a table that is missing or wrong.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; it should hold the key points of the layer {path.stem}")
    names = _names(path, read_table(path)[0][1:])
    rows: dict[str, np.ndarray] = {}
    for line, id, cells in table_rows(path, (), photographs):
        if id in rows:
            raise InputError(f"{path}, line {line}: {id} is listed twice; a layer holds the points of one thing")
        rows[id] = np.array([_row(f"{path}, line {line}: {name}", name, cells) for name in names])
    return PointTable(names, rows)


def point_layer(
    rows: Float[np.ndarray, "K 3"], form: PointsForm, hw: tuple[int, int], what: str
) -> tuple[Layer | None, list[str]]:
    """The layer of an image of this height and width, and which of its points are not known, because they lie outside.

    ``None`` where no point is known.
    """
    values, lost = rows.astype(np.float32), list[str]()
    for place, (name, (x, y, visibility)) in enumerate(zip(form.names, rows.tolist(), strict=True)):
        if visibility != UNLABELLED and not (0 <= x <= hw[1] and 0 <= y <= hw[0]):
            size = f"{hw[1]} x {hw[0]} pixels"
            lost.append(f"{name} of its {what} at ({x:g}, {y:g}) is not within the image of {size}, so it is not known")
            values[place, 2] = UNLABELLED
    values[values[:, 2] == UNLABELLED] = 0
    return (Layer(form, _within(values, hw)) if form.known(values).any() else None), lost


def _within(values: Float32[np.ndarray, "K 3"], hw: tuple[int, int]) -> Float32[np.ndarray, "K 3"]:
    """The same in float32, which may round a place at the edge."""
    values[:, :2] = values[:, :2].clip(0, [hw[1], hw[0]])
    return values


def _names(path: Path, columns: Sequence[str]) -> tuple[str, ...]:
    names = tuple(column.removesuffix(_X) for column in columns if column.endswith(_X))
    for column in columns:
        if not column.endswith((_X, _Y, _V)) or column[:-2] not in names:
            raise InputError(
                f"{path}: the column {column!r} belongs to no key point; a point has the columns NAME{_X}, NAME{_Y} "
                f"and, if it is known, NAME{_V}"
            )
    for name in names:
        if f"{name}{_Y}" not in columns:
            raise InputError(f"{path} has the column {name}{_X}, but no column {name}{_Y}")
    if not names:
        raise InputError(f"{path} has no columns of key points, such as nose{_X} and nose{_Y}")
    return names


def _known(cell: str) -> str:
    """The cell, empty for what tools write where nothing is known."""
    return "" if cell.strip().lower() == _NAN else cell.strip()


def _row(place: str, name: str, cells: Mapping[str, str]) -> tuple[float, float, float]:
    texts = _known(cells[f"{name}{_X}"]), _known(cells[f"{name}{_Y}"])
    visibility = _known(cells.get(f"{name}{_V}", "")).removesuffix(".0") or None
    if visibility is not None and visibility not in _VISIBILITIES:
        raise InputError(f"{place}: the visibility should be 0 (not known), 1 (hidden) or 2 (seen), not {visibility!r}")
    if visibility == str(UNLABELLED) or (visibility is None and not any(texts)):
        return 0.0, 0.0, UNLABELLED
    try:
        x, y = (float(text) for text in texts)
    except ValueError:
        x = y = math.nan
    if not math.isfinite(x) or not math.isfinite(y):
        raise InputError(f"{place}: x and y should be numbers of pixels, not {texts[0]!r} and {texts[1]!r}")
    return x, y, VISIBLE if visibility is None else _VISIBILITIES[visibility]
