"""per_image.csv: a row per image, and how its texts are kept from being taken for formulas.

A spreadsheet runs a cell that begins with ``= + - @``, a tab or a carriage return. A text (never a number) that does is
written with an apostrophe before it; so is one that begins with apostrophes and then such a character. The reader here
takes one apostrophe away from cells of that form, so that every text comes back as it was.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias, final

from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.records.names import PER_IMAGE_FILE
from auxseg.records.values.reading import read_text

Cell: TypeAlias = str | int | float | bool | None
_MAX_BYTES: Final = 2**30
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_WRITTEN: Final = re.compile(r"'+[=+\-@\t\r]")


@final
@dataclass(frozen=True)
class PerImage:
    """The cells of per_image.csv as texts, by column and row; the column ``id`` names the images."""

    columns: dict[str, tuple[str, ...]]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The images."""
        return self.columns.get("id", ())

    @cached_property
    def numbers(self) -> dict[str, tuple[float | None, ...]]:
        """Every other column as numbers; ``None`` where there is no finite one. True and false count as 1 and 0."""
        return {name: tuple(map(_number, cells)) for name, cells in self.columns.items() if name != "id"}


def write_per_image(run: Path, columns: Mapping[str, Sequence[Cell]]) -> None:
    """Write a run's per_image.csv out of columns of equal length."""
    write_atomically(run / PER_IMAGE_FILE, write_table(columns).encode())


def write_table(columns: Mapping[str, Sequence[Cell]]) -> str:
    """Columns of equal length as CSV: numbers as numbers, and no text as a formula."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow([_written(name) for name in columns])
    writer.writerows([_written(cell) for cell in row] for row in zip(*columns.values(), strict=True))
    return table.getvalue()


def read_per_image(run: Path) -> PerImage:
    """Read a run's per_image.csv, empty if there is none.

    Raises `InputError` if it is damaged: cells that are missing or too many, a column that occurs twice.
    """
    path = run / PER_IMAGE_FILE
    if not path.exists():
        return PerImage({})
    lines = io.StringIO(read_text(path, max_bytes=_MAX_BYTES), newline="")
    try:
        header, *rows = [row for row in csv.reader(lines, strict=True) if row] or [[]]
    except csv.Error as error:
        raise InputError(f"{path}: expected a table, found something else ({error}); evaluate the run again") from None
    names = [_read(name) for name in header]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: a column occurs twice; evaluate the run again")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            found = f"{len(row)} cells, expected {len(names)}"
            raise InputError(f"{path}: row {number} has {found}; evaluate the run again")
    cells = zip(*rows, strict=True) if rows else [()] * len(names)
    return PerImage({name: tuple(map(_read, column)) for name, column in zip(names, cells, strict=True)})


def _written(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def _read(cell: str) -> str:
    return cell[1:] if _WRITTEN.match(cell) else cell


def _number(text: str) -> float | None:
    if text in ("True", "False"):
        return float(text == "True")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= 1e100 else None
