"""Runs that are unlike say so beside their difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.report import report
from auxseg.report.runs.likeness import unlike
from auxseg.report.runs.record import Record, read_record
from tests.report import made_runs as runs
from tests.report.html import Page


def make(path: Path, *, steps: int = 510, start: dict[str, Any] | None = None, **settings: Any) -> Path:
    runs.write_recipe(path, **settings)
    events = runs.training_events(steps=steps)
    events[0] |= start or {}
    runs.write_events(path, [*events, runs.end_event(steps)])
    runs.write_evaluation(path)
    return path


def changed(path: Path, **data: Any) -> Path:
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["split"] = data.pop("split", metrics["split"])
    metrics["mirrored"] = data.pop("mirrored", False)
    metrics["tta"] = data.pop("tta", "none")
    metrics["at"] = data.pop("at", "stored")
    metrics["data"] |= data
    (path / "metrics.json").write_text(json.dumps(metrics))
    return path


@pytest.fixture
def first(tmp_path: Path) -> Record:
    return read_record(make(tmp_path / "first"))


def test_runs_that_differ_in_what_is_asked_alone_are_alike(first: Record, tmp_path: Path) -> None:
    other = make(tmp_path / "other", seed=7, balancer={"kind": "equal"})
    assert unlike(first, read_record(other)) == []
    runs.write_recipe(tmp_path / "not begun")
    assert unlike(first, read_record(tmp_path / "not begun")) == []


def test_steps_precision_data_size_and_split_are_named(first: Record, tmp_path: Path) -> None:
    longer = make(tmp_path / "a", steps=527, start={"precision": "fp32"})
    assert unlike(first, read_record(longer)) == ["steps 527 instead of 510", "precision fp32 instead of bf16"]
    data = runs.DATA | {"content_hash": "another"}
    other = changed(make(tmp_path / "b", start={"data": data}), content_hash="another")
    assert unlike(first, read_record(other)) == ["training data another instead of 9f2c41d07e55"]
    small = changed(make(tmp_path / "c", data={"size": 64, "label_fraction": 0.5}), size=64, split="val")
    assert unlike(read_record(make(tmp_path / "d", data={"size": 128, "label_fraction": 1.0})), read_record(small)) == [
        "stored size 64 instead of 128",
        "split val instead of test",
        "share of the masks 0.5 instead of 1.0",
    ]


def test_mirrored_scoring_of_one_run_alone_is_named(first: Record, tmp_path: Path) -> None:
    mirrored = changed(make(tmp_path / "a"), mirrored=True)
    assert unlike(first, read_record(mirrored)) == ["scoring mirrored instead of plain"]
    assert unlike(read_record(mirrored), read_record(changed(make(tmp_path / "b"), mirrored=True))) == []
    page = Page(report([mirrored]).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Measured on each image and its mirror image" in page.text
    assert "mirror image" not in Page(report([first.path]).read_text(encoding="utf-8")).text


def test_averages_over_flips_of_one_run_alone_are_named(first: Record, tmp_path: Path) -> None:
    averaged = changed(make(tmp_path / "a"), tta="flip")
    assert unlike(first, read_record(averaged)) == ["scoring plain, averaged over flips instead of plain"]
    assert "averaged over each image and its mirror image" in Page(report([averaged]).read_text(encoding="utf-8")).text
    assert "averaged over each" not in Page(report([first.path]).read_text(encoding="utf-8")).text


def test_the_original_size_of_one_run_alone_is_named(first: Record, tmp_path: Path) -> None:
    original = changed(make(tmp_path / "a"), at="original")
    assert unlike(first, read_record(original)) == ["scoring plain, at the original size instead of plain"]
    said = Page(report([original]).read_text(encoding="utf-8")).text
    assert "each image's original size (segmentation); all else at the stored size" in said
    assert "original size" not in Page(report([first.path]).read_text(encoding="utf-8")).text


def test_the_page_says_it_beside_the_difference(first: Record, tmp_path: Path) -> None:
    other = make(tmp_path / "other", steps=527)
    page = Page(report([first.path, other]).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "other 86.0 % +0.0 points not alike: steps 527 instead of 510" in page.text
