"""Outside text in Markdown: shown as it is, never as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

from auxseg.report import wording

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]#|~])")
_LONGEST: Final = 300


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows below a heading that is our own text."""
    lines = [heading, ["---"] * len(heading), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Outside text as Markdown that shows it."""
    return _MARKUP.sub(r"\\\1", html.escape(plain(text), quote=False))


def plain(text: str) -> str:
    """Outside text on one line, not too long, as UTF-8 holds it and without what steers a terminal."""
    return " ".join(wording.plain(text).split())[:_LONGEST].encode("utf-8", "replace").decode()
