"""The figure a run is judged by, where it comes from, and on how many images it rests."""

from __future__ import annotations

import json
from pathlib import Path

from auxseg.report import report
from auxseg.report.runs.answer import answer
from auxseg.report.runs.record import read_record
from tests.report import made_runs as runs


def test_of_an_evaluated_run_it_is_the_figure_of_the_split_that_was_evaluated(tmp_path: Path) -> None:
    found = answer(read_record(runs.make_full_run(tmp_path / "run", quality=0.77)))
    assert found is not None
    assert (found.value, found.figure, found.task) == (0.77, "iou_dataset", "segmentation")
    assert (found.split, found.num_images, found.step) == ("test", 100, 493)
    assert found.interval is not None
    assert "divided by the area that either covers" in found.meaning


def test_what_is_not_as_usual_about_the_measurement_is_said(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    usual = answer(read_record(run))
    assert usual is not None
    assert usual.how == ""
    metrics = json.loads((run / "metrics.json").read_text())
    metrics |= {"at": "original", "tta": "flip", "mirrored": True, "tiles": {"size": 48, "overlap": 0.5}}
    (run / "metrics.json").write_text(json.dumps(metrics))
    found = answer(read_record(run))
    assert found is not None
    how = "at their original size, by tiles of 48 px, averaged over flips, each also mirrored"
    assert found.how.replace("\N{NO-BREAK SPACE}", " ") == how
    report([run])
    page = (run / "report.html").read_text()
    assert page.count(found.how) == 2


def test_images_without_a_label_do_not_count(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["figures"]["segmentation"]["num_images"] = 61.0
    (run / "metrics.json").write_text(json.dumps(metrics))
    found = answer(read_record(run))
    assert found is not None
    assert found.num_images == 61


def test_before_the_evaluation_it_is_that_of_the_kept_validation(tmp_path: Path) -> None:
    run = tmp_path / "run"
    runs.write_recipe(run)
    runs.write_events(run, runs.training_events(steps=40))
    record = read_record(run)
    found = answer(record)
    assert found is not None
    assert record.kept is not None
    assert (found.split, found.num_images, found.step, found.interval) == ("validation", 30, 34, None)
    assert found.value == record.kept.figures["segmentation"]["iou_dataset"]


def test_before_anything_was_measured_there_is_none(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path / "run")
    assert answer(read_record(tmp_path / "run")) is None
