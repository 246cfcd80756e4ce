"""Tables that fit: columns are chosen by the width there is, headings are never cut, and paths lose what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from auxseg.cli.output.terminal import plain


@final
@dataclass(frozen=True)
class Column:
    """A column: its heading (``\\n`` begins another line), its cells, and how soon it may be left out.

    Where the terminal is too narrow, columns of the highest ``rank`` are left out first, of equal ones the last;
    one of rank 0 always stays.
    """

    heading: str
    cells: Sequence[str]
    rank: int = 1
    is_text: bool = False


def print_table(console: Console, columns: Sequence[Column], *, title: str | None = None, more: str = "") -> None:
    """Print as many of the columns as the console is wide, and name those that are left out.

    ``more`` says where they can be found: ``--json shows them``. Cells are outside text: nothing in them is markup.
    """
    kept = list(columns)
    while len(kept) > 1 and _width(console, kept) > console.width:
        rank = max(column.rank for column in kept)
        if not rank:
            break
        kept.remove([column for column in kept if column.rank == rank][-1])
    console.print(_table(kept, title, no_wrap=_width(console, kept) <= console.width))
    left_out = [column.heading.replace("\n", ".") for column in columns if column not in kept]
    if left_out:
        where = f"; {more}" if more else ""
        console.print(f"not shown, because the terminal is too narrow: {', '.join(map(plain, left_out))}{where}")


def short_names(paths: Sequence[str | Path]) -> list[str]:
    """Paths without the folders that all of them begin with; a single path stays as it is."""
    texts = [str(path) for path in paths]
    if len(texts) < 2:
        return texts
    parts = [Path(text).parts for text in texts]
    shared = 0
    while all(len(part) > shared + 1 and part[shared] == parts[0][shared] for part in parts):
        shared += 1
    return [str(Path(*part[shared:])) for part in parts]


def _width(console: Console, columns: Sequence[Column]) -> int:
    return Measurement.get(
        console, console.options.update(max_width=10_000), _table(columns, None, no_wrap=True)
    ).maximum


def _table(columns: Sequence[Column], title: str | None, *, no_wrap: bool) -> Table:
    table = Table(title=title)
    for column in columns:
        heading = "\n".join(plain(line) for line in column.heading.split("\n"))
        justify = "left" if column.is_text else "right"
        table.add_column(heading, justify=justify, no_wrap=no_wrap, overflow="fold")
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(plain(cell) for cell in row))
    return table
