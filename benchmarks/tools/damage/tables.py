"""Damage to what a table or an XML text says: every cell or text in turn, columns, rows and elements."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.tools.damage.guard import CANARY, MARKUP
from benchmarks.tools.damage.trees import Change

_CELLS: Final = (
    "", " ", "0", "-1", "1e400", "nan", "inf", str(2**63), "9" * 5000, "x" * 200_000, "a\x00b", "=1+1", '"', '"a\nb"',
    "../../../../etc/passwd", f"{MARKUP}[/b]", "\x1b[2J", "\udcff", "a/b", "n" * 300, "1_0", "\u0661", "\ufeff", "'",
)  # fmt: skip

_MOST_PLACES: Final = 40

_BOMB: Final = (
    '<?xml version="1.0"?>\n<!DOCTYPE annotation [<!ENTITY a0 "xxxxxxxxxxxxxxxx">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 16}">' for n in range(1, 9))
    + "]>\n"
)
_OUTSIDE: Final = f'<?xml version="1.0"?>\n<!DOCTYPE annotation [<!ENTITY a8 SYSTEM "{CANARY}">]>\n'


def csv_changes(content: bytes) -> list[Change]:
    """All changes to a table with a header."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    found: list[Change] = []
    for row in range(min(len(rows), 4)):
        for column in range(len(rows[row])):
            for cell in _CELLS:
                found.append(
                    (f"cell {row},{column} = {cell!r:.20}", lambda r=row, c=column, x=cell: _cell(rows, r, c, x))
                )
        found.append((f"row {row} dropped", lambda r=row: _table(rows[:r] + rows[r + 1 :])))
        found.append((f"row {row} doubled", lambda r=row: _table(rows[: r + 1] + rows[r:])))
        found.append((f"row {row} short", lambda r=row: _table([*rows[:r], rows[r][:-1], *rows[r + 1 :]])))
        found.append((f"row {row} long", lambda r=row: _table([*rows[:r], [*rows[r], "x"], *rows[r + 1 :]])))
    for column in range(len(rows[0])):
        found.append((f"column {column} dropped", lambda c=column: _table([r[:c] + r[c + 1 :] for r in rows])))
        found.append((f"column {column} doubled", lambda c=column: _table([r[: c + 1] + r[c:] for r in rows])))
    found += _encodings(content)
    found.append(("many columns", lambda: _table([r + ["x"] * 20_000 for r in rows])))
    found.append(("many rows", lambda: _table(rows + rows[1:] * 20_000)))
    return found


def text_changes(content: bytes) -> list[Change]:
    """All changes to a list of names, one a line."""
    return csv_changes(content)


def xml_changes(content: bytes) -> list[Change]:
    """All changes to an XML text."""
    text = content.decode()
    found: list[Change] = []
    for match in list(re.finditer(r">([^<>]*[^<>\s][^<>]*)<", text))[:_MOST_PLACES]:
        for cell in (*_CELLS, "&a8;", "&lt;b&gt;"):
            found.append((f"{match[1]} = {cell!r:.20}", lambda m=match, c=cell: _within(text, m.start(1), m.end(1), c)))
    for match in (
        list(re.finditer(r"<(\w+)>.*?</\1>", text, re.DOTALL))[:1]
        + list(re.finditer(r"<(\w+)>[^<]*</\1>|<object>.*?</object>", text, re.DOTALL))[:_MOST_PLACES]
    ):
        found.append((f"{match[0]:.20} dropped", lambda m=match: _within(text, m.start(), m.end(), "")))
        found.append((f"{match[0]:.20} doubled", lambda m=match: _within(text, m.start(), m.end(), m[0] * 2)))
    first = re.search(r">([^<>]*[^<>\s][^<>]*)<", text)
    assert first is not None
    for name, head in (("entity bomb", _BOMB), ("outside entity", _OUTSIDE)):
        found.append((name, lambda h=head: h.encode() + _within(text, first.start(1), first.end(1), "&a8;")))
    found.append(("deep", lambda: b"<a>" * 200_000))
    found.append(("many objects", lambda: _many_objects(text)))
    return found + _encodings(content)


def _many_objects(text: str) -> bytes:
    match = re.search(r"<object>.*?</object>", text, re.DOTALL)
    assert match is not None
    return _within(text, match.start(), match.end(), match[0] * 20_000)


def _encodings(content: bytes) -> list[Change]:
    text = content.decode()
    others: dict[str, Callable[[], bytes]] = {
        "utf-16": lambda: text.encode("utf-16"),
        "utf-8-sig": lambda: text.encode("utf-8-sig"),
        "carriage returns": lambda: text.replace("\n", "\r").encode(),
        "no line ends": lambda: text.replace("\n", "").encode(),
        "empty": lambda: b"",
        "blank": lambda: b" \n\n",
        "NUL": lambda: bytes(4096),
        "latin-1": lambda: text.encode() + b"\xe9\xff",
    }
    return list(others.items())


def _cell(rows: Sequence[Sequence[str]], row: int, column: int, cell: str) -> bytes:
    changed = [list(cells) for cells in rows]
    changed[row][column] = cell
    return _table(changed)


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    return ("\n".join(",".join(cells) for cells in rows) + "\n").encode("utf-8", "surrogateescape")


def _within(text: str, start: int, end: int, middle: str) -> bytes:
    return (text[:start] + middle + text[end:]).encode("utf-8", "surrogateescape")
