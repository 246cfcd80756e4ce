"""`auxseg report` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.cli.main import main
from tests.report.made_runs import make_full_run


def test_a_page_that_exists_is_replaced_only_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, page = make_full_run(tmp_path / "run"), tmp_path / "precious.html"
    page.write_text("precious")
    assert main(["report", str(run), "--out", str(page)]) == 2
    assert "precious.html already exists; --overwrite replaces it" in capsys.readouterr().err
    assert page.read_text() == "precious"
    assert main(["report", str(run), "--out", str(page), "--overwrite"]) == 0
    assert "iou_dataset" in page.read_text()


def test_the_page_in_the_run_is_always_the_latest(tmp_path: Path) -> None:
    run = str(make_full_run(tmp_path / "run"))
    assert main(["report", run]) == 0
    assert main(["report", run]) == 0
