"""The tables of a folder: labels and boxes in CSV files with a header."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from auxseg.data.sample import SPLITS, Box
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.pictures.files import to_id
from auxseg.errors import InputError

_MAX_BYTES: Final = 500_000_000
_SPLITS: Final = (*SPLITS, "trainval")
CORNERS: Final = ("x0", "y0", "x1", "y1")
RESERVED: Final = ("mask", "box")
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
    for line, id, row in table_rows(path, (), photographs):
        if id in result:
            raise InputError(f"{path}, line {line}: {id} is listed twice")
        result[id] = to_labels(path, f"{path}, line {line}", row)
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
    """The boxes of ``boxes.csv`` by the id of the sample; a row without corners adds none. Raises `InputError`."""
    result: dict[str, list[Box]] = {}
    for _, id, box, _ in box_rows(path, photographs):
        result.setdefault(id, []).extend([] if box is None else [box])
    return result


def describe_boxes(path: Path) -> tuple[str, ...]:
    """Which columns of ``boxes.csv`` are not read."""
    columns = read_table(path)[0][1:] if path.exists() else []
    others = [column for column in columns if column not in (*CORNERS, "name")]
    return (f"{path.name}: not read: {', '.join(others)}",) if others else ()


def box_rows(path: Path, photographs: Photographs) -> Iterator[tuple[int, str, Box | None, dict[str, str]]]:
    """Of every row its line, the id of its sample, its box, ``None`` without corners, and its cells by column.

    Raises `InputError`.
    """
    for line, id, row in table_rows(path, CORNERS, photographs):
        if not any(row[corner] for corner in CORNERS):
            yield line, id, None, row
            continue
        try:
            corners = [float(row[corner]) for corner in CORNERS]
        except ValueError as error:
            raise InputError(f"{path}, line {line}: x0, y0, x1, y1 should be numbers of pixels: {error}") from error
        yield line, id, Box(*corners, name=row.get("name", "")), row


def read_table(path: Path, delimiter: str = ",") -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header of a table, and of every row that is not empty the line where it ends and its cells.

    Cells have no spaces around them. The header of an empty file is empty.

    Raises `InputError` if the file is too large or no table, and on the way through its rows at the first one that has
    not as many cells as the header.
    """
    try:
        if path.exists() and path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} has over {_MAX_BYTES:,} bytes; divide the table")
        with path.open(encoding="utf-8-sig", newline="") as file:  # csv itself finds the ends of rows
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    return (table[0][1] if table else []), _full_rows(path, table)


def to_labels(path: Path, where: str, row: Mapping[str, str]) -> Labels:
    """The labels in the cells of a row, by the name of their column; empty cells are missing labels. ``where`` is what
    errors call the row.

    Raises `InputError` for a split that does not exist, and a kind of label that may not be called so.
    """
    split = row.get("split") or None
    if split is not None and split not in _SPLITS:
        raise InputError(f"{where}: split should be one of {', '.join(_SPLITS)}, not {split!r}")
    kinds = [kind for kind in row if kind not in ("group", "split")]
    for kind in kinds:
        if kind in RESERVED:
            raise InputError(f"{path}: a kind of label may not be called {kind!r}")
    return Labels({kind: row[kind] for kind in kinds if row[kind]}, row.get("group") or None, split)


def _full_rows(path: Path, table: Sequence[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for line, cells in table[1:]:
        if not any(cells):  # as spreadsheets write empty lines
            continue
        if len(cells) != len(table[0][1]):
            raise InputError(f"{path}, line {line}: expected {len(table[0][1])} cells, found {len(cells)}")
        yield line, cells


def table_rows(
    path: Path, needed: tuple[str, ...], photographs: Photographs
) -> Iterator[tuple[int, str, dict[str, str]]]:
    """The line where a row ends, its id and the other cells by column. The first column is ``id``, or ``file`` for a
    file's name.

    Raises `InputError` if this is no such table, or if no row of it fits any photograph.
    """
    if not path.exists():
        return
    header, table = read_table(path)
    if not header or header[0] not in ("id", "file") or "" in header or len(set(header)) < len(header):
        raise InputError(
            f"{path} should start with a header of different names, with 'id' or 'file' first, not {header}"
        )
    lacking = [column for column in needed if column not in header]
    if lacking:
        raise InputError(f"{path} has no column {lacking[0]!r}; its columns: {', '.join(header)}")
    strangers: list[str] = []
    has_fitted = False
    for line, cells in table:
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
