"""The tables of a folder: labels and boxes in CSV files with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from auxseg.data.sample import SPLITS, Box
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.pictures.files import to_id
from auxseg.errors import InputError

_SPLITS: Final = (*SPLITS, "trainval")
_CORNERS: Final = ("x0", "y0", "x1", "y1")
_RESERVED: Final = ("mask", "box")
"""What else a sample may lack: a kind of label of this name could not be told from it."""

_MISSING: Final = frozenset({"nan", "n/a", "na", "none", "null", "-", "?"})
"""What programs write into a cell without a value, in lower case."""


@dataclass(frozen=True)
class Labels:
    """A row of ``labels.csv``: class names by kind, the group and the official split where they are known."""

    classes: Mapping[str, str]
    group: str | None
    split: str | None


def read_labels(path: Path, photographs: Photographs) -> dict[str, Labels]:
    """The rows of ``labels.csv`` by the id of the sample; empty cells are missing labels. Raises `InputError`."""
    result: dict[str, Labels] = {}
    for line, id, row in _rows(path, (), photographs):
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


def describe_labels(path: Path, labels: Iterable[Labels]) -> tuple[str, ...]:
    """What is worth knowing about the names of classes: those that differ in case alone, and those that mean none."""
    names: dict[str, set[str]] = {}
    for row in labels:
        for kind, name in row.classes.items():
            names.setdefault(kind, set()).add(name)
    remarks: list[str] = []
    for kind, found in names.items():
        alike: dict[str, list[str]] = {}
        for name in sorted(found):
            alike.setdefault(" ".join(name.casefold().split()), []).append(name)
        remarks += [
            f"{path.name}: {', '.join(several)} count as {len(several)} classes of {kind}; spell them alike if they "
            "are one"
            for several in alike.values()
            if len(several) > 1
        ]
        remarks += [
            f"{path.name}: {name!r} counts as a class of {kind}; leave the cell empty where the label is missing"
            for name in sorted(found)
            if name.casefold() in _MISSING
        ]
    return tuple(remarks)


def read_boxes(path: Path, photographs: Photographs) -> dict[str, list[Box]]:
    """The boxes of ``boxes.csv`` by the id of the sample. Raises `InputError`."""
    result: dict[str, list[Box]] = {}
    for line, id, row in _rows(path, _CORNERS, photographs):
        try:
            corners = [float(row[corner]) for corner in _CORNERS]
        except ValueError as error:
            raise InputError(f"{path}, line {line}: x0, y0, x1, y1 should be numbers of pixels: {error}") from error
        result.setdefault(id, []).append(Box(*corners, name=row.get("name", "")))
    return result


def _rows(path: Path, needed: tuple[str, ...], photographs: Photographs) -> Iterator[tuple[int, str, dict[str, str]]]:
    """The line where a row ends, its id and the other cells by column. The first column is ``id``, or ``file`` for a
    file's name.

    Raises `InputError` if this is no such table, or if no row of it fits any photograph.
    """
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # csv itself finds the ends of rows
            reader = csv.reader(file, strict=True)
            table = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    header = [cell.strip() for cell in table[0][1]] if table else []
    if not header or header[0] not in ("id", "file") or "" in header or len(set(header)) < len(header):
        raise InputError(
            f"{path} should start with a header of different names, with 'id' or 'file' first, not {header}"
        )
    lacking = [column for column in needed if column not in header]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]!r}; its columns: {', '.join(header)}")
    strangers: list[str] = []
    has_fitted = False
    for line, row in table[1:]:
        cells = [cell.strip() for cell in row]
        if not any(cells):  # as spreadsheets write empty lines
            continue
        if len(cells) != len(header):
            raise InputError(f"{path}, line {line}: expected {len(header)} cells, found {len(cells)}")
        id = photographs.find(cells[0])
        if id is None:
            strangers.append(cells[0])
        has_fitted = has_fitted or id is not None
        rest = to_id(PurePosixPath(cells[0].replace("\\", "/")).name) if header[0] == "file" else cells[0]
        yield line, rest if id is None else id, dict(zip(header[1:], cells[1:], strict=True))
    if strangers and not has_fitted and photographs.example is not None:
        raise InputError(
            f"no row of {path} fits any image; the first row is for {strangers[0]!r}, the first image is "
            f"{photographs.example!r}"
        )
