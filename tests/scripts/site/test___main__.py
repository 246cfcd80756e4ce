"""The build says in an exit code whether the site is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.site import __main__ as module


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with a page to build, whose links nobody turned."""

    def gather(root: Path, pages: Path) -> None:
        pages.mkdir(parents=True, exist_ok=True)
        (pages / "index.md").write_text((root / "page.md").read_text())

    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "gather", gather)
    settings = '[project]\nsite_name = "a"\ndocs_dir = "build/pages"\n[project.theme]\nfont = false\n'
    (tmp_path / "zensical.toml").write_text(settings)
    return tmp_path


def test_a_whole_site_is_built(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "page.md").write_text("# A\n\n[a](#a)\n")
    assert module.main() == 0
    assert (root / "site" / "index.html").is_file()
    assert capsys.readouterr().out.startswith("site/index.html and ")


@pytest.mark.parametrize("link", ["none.md", "#none"])
def test_a_link_or_an_anchor_that_leads_nowhere_fails(
    link: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "page.md").write_text(f"# A\n\n[a]({link})\n")
    assert module.main() == 1
    said = capsys.readouterr().err
    assert "index.md:3:" in said
    assert "does not exist" in said
    assert "\x1b" not in said  # a log has no colours


def test_what_would_be_fetched_fails(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "page.md").write_text("# A\n\n![a](https://pictures.example/a.png)\n")
    assert module.main() == 1
    assert "index.html: https://pictures.example/a.png" in capsys.readouterr().err
