"""What a page would fetch from elsewhere is found; links to follow are not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.site.outside import fetched


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/css">', "//fonts.example/css"),
        ('<link href="http://a.example" rel="preconnect">', "http://a.example"),
        ('<img alt="" src="https://pictures.example/a.png">', "https://pictures.example/a.png"),
        ('<pre class="mermaid">graph LR</pre>', "a script for mermaid"),
        ('<video poster="https://a.example/p.png"></video>', "https://a.example/p.png"),
    ],
)
def test_what_is_fetched_is_named_with_its_page(page: str, address: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "page.html").write_text(f"<html>{page}</html>")
    assert fetched(tmp_path) == [f"in/page.html: {address}"]


def test_style_sheets_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('@import "https://a.example/b.css"; p { background: url(//b.example/c.png) }')
    assert fetched(tmp_path) == ["a.css: https://a.example/b.css", "a.css: //b.example/c.png"]


def test_links_and_files_of_the_site_itself_are_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://a.example">b</a><link rel="canonical" href="https://a.example"><script src="a/b.js"></script>'
        '<img src="data:image/png;base64,AA=="><link rel="stylesheet" href="../c.css">'
    )
    (tmp_path / "a.css").write_text("p { background: url(data:image/svg+xml;charset=utf-8,%3Csvg/%3E) }")
    assert fetched(tmp_path) == []
