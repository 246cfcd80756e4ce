"""The rows of an index as typed values: which files, which box, which labels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import Box
from auxseg.data.sources.index.parquet import SUFFIXES, read_parquet
from auxseg.data.sources.pictures.files import to_id
from auxseg.data.sources.tables import CORNERS, Labels, read_table, to_labels
from auxseg.data.sources.values import BadValue, number
from auxseg.errors import InputError
from auxseg.extras import need_extra

_IMAGE, _MASK, _ID = "image", "mask", "id"
_DELIMITERS: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}


@final
@dataclass(frozen=True)
class Row:
    """A sample: its files, of which the mask's is optional, its box if it has one, or why that cannot be used."""

    image: Path
    mask: Path | None
    box: Box | None
    labels: Labels
    box_fault: str = ""


def read_index(path: Path) -> dict[str, Row]:
    """The rows of an index by the sample's id: what the column ``id`` says, or the image's path without suffix.

    Relative paths are relative to the table.

    Raises `InputError` for what is no such table, a row without an image, an id that stands twice, or a split that does
    not exist.
    """
    suffix = path.suffix.lower()
    if path.is_dir() or suffix not in (*_DELIMITERS, *SUFFIXES):
        raise InputError(
            f"{path} should be a table of paths, with commas (.csv) or tabs (.tsv) between its cells, or in Parquet "
            "(.parquet)"
        )
    is_parquet = suffix in SUFFIXES
    if is_parquet:
        need_extra("parquet", f"{path}: a table in Parquet")
    if not path.exists():
        raise InputError(f"{path} does not exist; it should be a table with a column image")
    header, rows = read_parquet(path) if is_parquet else read_table(path, _DELIMITERS[suffix])
    _check_header(path, header)
    result: dict[str, Row] = {}
    for line, cells in rows:
        values = dict(zip(header, cells, strict=True))
        where = f"{path}, {'row' if is_parquet else 'line'} {line}"
        if not values[_IMAGE]:
            raise InputError(f"{where}: the cell of the column image is empty")
        id = values.get(_ID) or _id(values[_IMAGE])
        if id in result:
            way_out = "give each row an id of its own" if _ID in header else "a column id may tell them apart"
            raise InputError(f"{where}: {id} is listed twice; {way_out}")
        result[id] = _row(path, where, values)
    return result


def _check_header(path: Path, header: list[str]) -> None:
    if _IMAGE not in header or "" in header or len(set(header)) < len(header):
        raise InputError(
            f"{path} should start with a header of different names, one of them image, not "
            f"{', '.join(header) or 'empty'}"
        )
    lacking = [corner for corner in CORNERS if corner not in header]
    if lacking and len(lacking) < len(CORNERS):
        raise InputError(f"{path} has no column {lacking[0]!r}; a box needs {', '.join(CORNERS)}")


def _row(path: Path, where: str, values: Mapping[str, str]) -> Row:
    rest = {name: text for name, text in values.items() if name not in (_IMAGE, _MASK, _ID, *CORNERS)}
    labels = to_labels(path, where, rest)
    box, fault = None, ""
    try:
        box = _box(values)
    except BadValue as error:
        fault = f"its box: {error}"
    mask = values.get(_MASK)
    return Row(_resolved(path, values[_IMAGE]), _resolved(path, mask) if mask else None, box, labels, fault)


def _box(values: Mapping[str, str]) -> Box | None:
    """Half-open, in pixels; none where all four cells are empty. Raises `BadValue`."""
    if not any(values.get(corner) for corner in CORNERS):
        return None
    x0, y0, x1, y1 = (number(values[corner], corner) for corner in CORNERS)
    return Box(x0, y0, x1, y1)


def _id(image: str) -> str:
    """The path as it is written, without suffix, drive, and what leads out of the folder."""
    parts = [part for part in _slashed(image).split("/") if part not in ("", ".", "..")]
    return to_id("/".join(parts)) or image


def _resolved(table: Path, name: str) -> Path:
    return table.parent / _slashed(name)


def _slashed(name: str) -> str:
    return name.replace("\\", "/") if os.sep == "/" else name
