"""The runs in a study's directory are found by the plan, and never outside of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.report.studies.study_runs import baseline_name, command_of, record_or_none, runs_of
from tests.report.made_studies import make_study
from tests.report.studies.made_runs_of_studies import COMMAND, add_runs


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study with two arms of two seeds."""
    directory = make_study(tmp_path / "study")
    add_runs(directory, seeds=2)
    return directory


def test_runs_are_found_by_arm_and_share(study: Path) -> None:
    assert runs_of(study, "box", 1.0) == {seed: study / "runs" / f"box-{seed}" for seed in (0, 1)}
    assert runs_of(study, "box", 0.5) == runs_of(study, "edges", 1.0) == {}


def test_the_target_alone_is_the_arm_that_is_not_judged(study: Path) -> None:
    assert baseline_name(study, ["box", "edges"]) == "target only"


def test_the_command_is_that_of_the_first_run(study: Path) -> None:
    words = command_of(study)
    assert words[:4] == ["auxseg", "study", "--base", "tiny"]
    assert "/my data/pets.h5" in words
    assert COMMAND.startswith("/usr/bin/auxseg")


def test_without_a_plan_there_is_nothing(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    assert runs_of(directory, "box", 1.0) == {}
    assert baseline_name(directory, []) == ""
    assert command_of(directory) == []
    (directory / "planned.json").write_text("{")
    assert runs_of(directory, "box", 1.0) == {}


def test_a_plan_cannot_lead_out_of_the_directory(study: Path) -> None:
    (study / "runs" / "box-0").rename(study.parent / "elsewhere")
    planned = [{"directory": "../../elsewhere", "arm": "box", "seed": 0, "label_fraction": 1.0}]
    (study / "planned.json").write_text(json.dumps(planned))
    assert runs_of(study, "box", 1.0) == {}


def test_a_damaged_run_has_no_record(study: Path) -> None:
    (study / "runs" / "box-0" / "metrics.json").write_text("{")
    assert record_or_none(study / "runs" / "box-0") is None
    assert record_or_none(study / "runs" / "box-1") is not None
