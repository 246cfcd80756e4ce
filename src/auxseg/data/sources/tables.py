"""The tables of a folder: labels and boxes in CSV files with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auxseg.data.sample import SPLITS, Box
from auxseg.errors import InputError

_SPLITS: Final = (*SPLITS, "trainval")
_CORNERS: Final = ("x0", "y0", "x1", "y1")
_RESERVED: Final = ("mask", "box")
"""What else a sample may lack: a kind of label of this name could not be told from it."""


@dataclass(frozen=True)
class Labels:
    """A row of ``labels.csv``: class names by kind, the group and the official split where they are known."""

    classes: Mapping[str, str]
    group: str | None
    split: str | None


def read_labels(path: Path) -> dict[str, Labels]:
    """The rows of ``labels.csv`` by the id of the sample; empty cells are missing labels. Raises `InputError`."""
    result: dict[str, Labels] = {}
    for line, id, row in _rows(path, ()):
        if id in result:
            raise InputError(f"{path}, line {line}: {id} is listed twice")
        group, split = row.pop("group", "") or None, row.pop("split", "") or None
        if split is not None and split not in _SPLITS:
            raise InputError(f"{path}, line {line}: split should be one of {', '.join(_SPLITS)}, not {split!r}")
        for kind in row:
            if kind in _RESERVED:
                raise InputError(f"{path}: a kind of label may not be called {kind!r}")
        result[id] = Labels({kind: name for kind, name in row.items() if name}, group, split)
    return result


def read_boxes(path: Path) -> dict[str, list[Box]]:
    """The boxes of ``boxes.csv`` by the id of the sample. Raises `InputError`."""
    result: dict[str, list[Box]] = {}
    for line, id, row in _rows(path, _CORNERS):
        try:
            corners = [float(row[corner]) for corner in _CORNERS]
        except ValueError as error:
            raise InputError(f"{path}, line {line}: x0, y0, x1, y1 should be numbers of pixels: {error}") from error
        result.setdefault(id, []).append(Box(*corners, name=row.get("name", "")))
    return result


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Line number, id and the other cells by column. The first column is ``id``, or ``file`` for a file's name."""
    if not path.exists():
        return
    try:
        lines = path.read_text("utf-8-sig").splitlines()
        table = list(csv.reader(lines, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    header = [cell.strip() for cell in table[0]] if table else []
    if not header or header[0] not in ("id", "file") or "" in header or len(set(header)) < len(header):
        raise InputError(f"{path} should begin with a header of different names, 'id' or 'file' first, not {header}")
    lacking = [column for column in needed if column not in header]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]!r}; its columns: {', '.join(header)}")
    for line, cells in enumerate(table[1:], 2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise InputError(f"{path}, line {line}: expected {len(header)} cells, found {len(cells)}")
        key, *others = (cell.strip() for cell in cells)
        id = key if header[0] == "id" else Path(key).stem
        yield line, id, dict(zip(header[1:], others, strict=True))
