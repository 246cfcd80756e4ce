"""Pages are gathered: every page is in the navigation, every link leads to a page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.site import gather as module
from scripts.site.gather import gather

ROOT = Path(__file__).parents[3]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of few pages, none of them made from the code."""
    monkeypatch.setattr(module, "_made", lambda root: {"reference/made.md": "# Made\n"})
    for name in ("docs/own", "examples"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "README.md").write_text("[t](docs/own/a.md#b) ![p](docs/p.png) [n](docs/tutorial.ipynb) [h](https://a)")
    (tmp_path / "CONTRIBUTING.md").write_text("[back](README.md) [here](#a) [s](.settings.yaml)\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n")
    (tmp_path / "docs/own/a.md").write_text("# A\n\n[code](../../examples/x.py) [up](../../CONTRIBUTING.md#a)\n")
    (tmp_path / "docs/p.png").write_bytes(b"picture")
    (tmp_path / "docs/tutorial.ipynb").write_text("{}")
    (tmp_path / "examples/x.py").write_text("x = 1\n")
    (tmp_path / ".settings.yaml").write_text("a: 1\n")
    return tmp_path


def test_links_are_turned_to_pages_and_code_becomes_one(small: Path) -> None:
    pages = small / "build"
    gather(small, pages)
    found = {path.relative_to(pages).as_posix() for path in pages.rglob("*") if path.is_file()}
    made = {"reference/made.md", "code/examples/x.py.md", "code/settings.yaml.md", "p.png"}  # no page is hidden
    assert found == {"index.md", "contributing.md", "changelog.md", "own/a.md", *made}
    assert (pages / "index.md").read_text() == "[t](own/a.md#b) ![p](p.png) [n](notebook.md) [h](https://a)"
    assert "[code](../code/examples/x.py.md) [up](../contributing.md#a)" in (pages / "own/a.md").read_text()
    assert (pages / "contributing.md").read_text() == "[back](index.md) [here](#a) [s](code/settings.yaml.md)\n"
    assert (pages / "code/examples/x.py.md").read_text() == "# examples/x.py\n\n````python\nx = 1\n````\n"


def test_pages_of_an_earlier_build_are_gone(small: Path) -> None:
    (small / "build").mkdir()
    (small / "build" / "old.md").touch()
    gather(small, small / "build")
    assert not (small / "build" / "old.md").exists()


def test_a_link_to_no_file_is_refused_with_its_page(small: Path) -> None:
    (small / "CHANGELOG.md").write_text("[a](docs/none.md)\n")
    with pytest.raises(SystemExit, match=r"^CHANGELOG.md: the link to docs/none.md leads to no file$"):
        gather(small, small / "build")


def _pages(nav: Any) -> Iterator[str]:
    for value in nav.values() if isinstance(nav, dict) else nav:
        if isinstance(value, str):
            yield value
        else:
            yield from _pages(value)


def test_every_page_of_ours_is_in_the_navigation(tmp_path: Path) -> None:
    gather(ROOT, tmp_path / "pages")
    written = {path.relative_to(tmp_path / "pages").as_posix() for path in (tmp_path / "pages").rglob("*.md")}
    named = list(_pages(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))
    assert sorted(named) == sorted(name for name in written if not name.startswith("code/"))


def test_nothing_is_fetched_from_elsewhere() -> None:
    settings = (ROOT / "zensical.toml").read_text()
    assert tomllib.loads(settings)["project"]["theme"]["font"] is False
    assert re.findall(r"https?://", settings) == []
