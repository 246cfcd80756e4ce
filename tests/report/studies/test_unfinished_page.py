"""The page of a study before its answer: what there is, and no verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from auxseg.cli.main import main
from auxseg.report import study_page
from tests.report import made_runs as runs
from tests.report.html import Page

ARMS = {"target-only-seed0": ("target only", 0), "target-only-seed1": ("target only", 1), "box-seed0": ("box", 0)}
MORE = {"box-seed1": ("box", 1), "edges-seed0": ("edges", 0)}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two finished runs, one that runs, one that was stopped, one that diverged and one that is missing."""
    path = tmp_path / "study"
    path.mkdir()
    about = {"format": 1, "content_hash": "x", "choices": {}, "question": {"target": "segmentation"}}
    (path / "about.json").write_text(json.dumps(about))
    planned = [
        {"directory": name, "arm": arm, "seed": seed, "label_fraction": 1.0}
        for name, (arm, seed) in {**ARMS, **MORE, "edges-seed1": ("edges", 1)}.items()
    ]
    (path / "planned.json").write_text(json.dumps(planned))
    for name in ("target-only-seed0", "box-seed0", "target-only-seed1", "box-seed1"):
        runs.write_recipe(path / "runs" / name, ("segmentation",))
        done = name.endswith("seed0")
        events = runs.training_events(("segmentation",), 510 if done else 34)
        runs.write_events(path / "runs" / name, [*events, *([runs.end_event()] if done else [])])
    for file in (path / "runs" / "box-seed1").iterdir():
        os.utime(file, (1e9, 1e9))
    (path / "runs" / "edges-seed0.failed").write_text("step 3: the loss of edges is nan; the batch held a, b")
    return path


def test_says_which_runs_finished_run_stopped_diverged_or_are_missing(study: Path) -> None:
    page = Page(study_page(study).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Not finished: 2 finished, 1 running, 1 stopped, 1 diverged, 1 missing" in page.headings
    assert "box-seed1 box 1 100% stopped 34 of 510" in page.text
    assert "2001-09-09 01:46:40 UTC" in page.text
    assert "target-only-seed1 target only 1 100% running 34 of 510" in page.text
    assert "edges-seed0 edges 0 100% diverged: step 3: the loss of edges is nan" in page.text
    assert "edges-seed1 edges 1 100% missing" in page.text
    assert "target only 100% 1 of 2" in page.text
    assert "auxseg train mobilenet" not in page.text
    assert "Run this command to continue the study." in page.text
    assert "IoU (all pixels) of segmentation on the validation split" in page.text
    for verdict in ("helps", "hurts", "not enough evidence", "no meaningful difference"):
        assert verdict not in page.text


def test_a_damaged_run_is_named_with_what_is_wrong_and_hides_no_other(study: Path) -> None:
    (study / "runs" / "box-seed0" / "recipe.yaml").write_text("tasks: [")
    page = Page(study_page(study).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Not finished: 1 finished, 1 running, 1 stopped, 1 diverged, 1 damaged, 1 missing" in page.headings
    assert f"box-seed0 box 0 100% damaged: {study / 'runs' / 'box-seed0' / 'recipe.yaml'}" in page.text


def test_a_study_of_an_earlier_version_lists_what_was_begun(study: Path) -> None:
    (study / "planned.json").unlink()
    text = Page(study_page(study).read_text(encoding="utf-8")).text
    assert "did not record its plan" in text
    assert "Not finished: 2 finished, 1 running, 1 stopped" in text


def test_the_command_takes_it_and_keeps_its_test_split_closed(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(study)]) == 0
    assert (study / "report.html").is_file()
    capsys.readouterr()
    assert main(["evaluate", str(study)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "this study is not finished" in said
    assert "--split val" in said


def test_a_folder_whose_runs_keep_no_model_says_which(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(study / "runs"), "--split", "val"]) == 2
    said = "".join(capsys.readouterr().err.split())
    assert "noneofits4runscanbemeasured" in said
    assert "hasnomodelyet" in said
    assert main(["report", str(study / "runs")]) == 0
    assert "4 runs side by side" in (study / "runs" / "report.html").read_text(encoding="utf-8")
