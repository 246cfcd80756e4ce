"""What a page would fetch from another host as soon as it is opened. Links that a reader follows are not meant."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

_FETCHING = {"src", "srcset", "data", "poster"}
"""Attributes that fetch on any tag; ``href`` does on ``link``."""

_THEME_FETCHES = {"mermaid", "glightbox", "pyodide"}
"""Classes for which the theme's own script fetches another one."""

_WITHOUT_FETCHING = {"canonical", "alternate", "license", "next", "prev"}
"""Relations of ``link`` that only say something."""


def fetched(folder: Path) -> list[str]:
    """``FILE: ADDRESS`` for everything that pages and style sheets under a folder fetch from elsewhere."""
    found = []
    for path in sorted(folder.rglob("*.html")):
        reader = _Reader()
        reader.feed(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(folder)}: {address}" for address in reader.found]
    for path in sorted(folder.rglob("*.css")):
        addresses = re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", path.read_text("utf-8"))
        found += [f"{path.relative_to(folder)}: {address}" for address in addresses]
    return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names = set(_FETCHING)
        if tag == "link" and not set(given.get("rel", "").split()) <= _WITHOUT_FETCHING:
            names.add("href")
        self.found += [given[name] for name in sorted(names & set(given)) if _is_elsewhere(given[name])]
        self.found += [f"a script for {name}" for name in sorted(_THEME_FETCHES & set(given.get("class", "").split()))]


def _is_elsewhere(address: str) -> bool:
    return re.match(r"\s*(?:https?:)?//", address) is not None
