"""Gathers the pages: those of the repository with their links turned to the site, and those made from the code.

In the repository links lead to files, so that its browser can follow them. The site has only pages: `README.md` is its
``index.md``, and a file of code that is linked becomes a page that shows it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from scripts.site.api import api_pages
from scripts.site.commands import commands_page
from scripts.site.notebook import notebook_page
from scripts.site.settings import presets_page, settings_page

_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(?=[)\s#])")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".sh": "bash"}


def gather(root: Path, pages: Path) -> None:
    """Write all pages into the folder ``pages``, which is made anew. Raises `SystemExit` for a link to no file."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(root / "docs", pages, ignore=shutil.ignore_patterns("*.md", "*.ipynb"))
    shown: set[Path] = set()
    for source in _sources(root):
        _write(pages / _page_of(source), _turned(root, source, shown))
    for source in sorted(shown):
        _write(pages / _page_of(source), _code_page(root, source))
    for name, text in _made(root).items():
        _write(pages / name, text)


def _made(root: Path) -> dict[str, str]:
    """The pages that are made from the code."""
    api = {f"reference/api/{name}.md": text for name, text in api_pages().items()}
    return {
        "notebook.md": notebook_page(root / "docs" / "tutorial.ipynb"),
        "reference/commands.md": commands_page(),
        "reference/settings.md": settings_page(),
        "reference/presets.md": presets_page(),
        **api,
    }


def _sources(root: Path) -> Iterator[Path]:
    """The Markdown files that become pages, as paths in the repository."""
    yield from (Path(name) for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
    yield from (path.relative_to(root) for path in sorted((root / "docs").rglob("*.md")))


def _page_of(source: Path) -> Path:
    """Where on the site a file of the repository is."""
    within = source.relative_to("docs") if source.parts[0] == "docs" else source
    if source.suffix == ".md":
        return within.parent / ("index.md" if source.name == "README.md" else source.name.lower())
    if source.suffix == ".ipynb":
        return Path("notebook.md")
    return within if source.parts[0] == "docs" else Path("code", f"{str(source).lstrip('.')}.md")  # none is hidden


def _turned(root: Path, source: Path, shown: set[Path]) -> str:
    """The text of a page, its links leading to pages; code that is linked is added to ``shown``."""

    def turn(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match[1]))
        if not (root / target).is_file():
            raise SystemExit(f"{source}: the link to {match[1]} leads to no file")
        if _page_of(target).parts[0] == "code":
            shown.add(target)
        return os.path.relpath(_page_of(target), _page_of(source).parent)

    return _LINK.sub(turn, (root / source).read_text(encoding="utf-8"))


def _code_page(root: Path, source: Path) -> str:
    language = _LANGUAGES.get(source.suffix, "text")
    return f"# {source}\n\n````{language}\n{(root / source).read_text(encoding='utf-8').rstrip()}\n````\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
