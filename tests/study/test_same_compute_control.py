"""The target trained longer is an arm like any other, marked as a control and described where it is named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from auxseg.records.study import write_question
from auxseg.records.values.writing import to_mapping
from auxseg.report import study_page
from auxseg.study.design.config import check_study, read_study
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.study import Study
from tests.raw_events import read_events
from tests.report.html import Page
from tests.study.small import SETTINGS, box_alone, run_study

pytestmark = pytest.mark.slow  # design/test_same_compute.py counts what these train

QUESTION = {
    "auxiliaries": ("edges",),
    "settings": (*(each for each in SETTINGS if each != "training.steps=4"), "training.steps=8"),
}
"""Edges take a decoder of their own, box next to nothing."""


@pytest.fixture(scope="module")
def longer(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("longer") / "study"
    run_study(box_alone(**QUESTION, controls=("same-compute",)), store, path)
    return path


def factor_of(study: Path) -> float:
    found = StudyDirectory(study).choices.same_compute
    assert found is not None
    return found.factor


def test_it_is_trained_for_the_compute_of_the_most_expensive_arm(longer: Path) -> None:
    factor = factor_of(longer)
    lengths = {
        directory.name.partition("-masks")[0]: sum(
            event["event"] == "step" for event in read_events(directory / "events.jsonl")
        )
        for directory in sorted((longer / "runs").iterdir())
        if directory.is_dir()
    }
    assert factor > 1
    assert lengths == {"target-only": 8, "edges": 8, "same-compute": round(8 * factor)}
    assert lengths["same-compute"] > 8


def test_it_is_compared_on_paired_seeds_and_marked(longer: Path) -> None:
    result = json.loads((longer / "study.json").read_text())
    (answer,) = result["answers"]
    edges, control = answer["arms"]
    factor = factor_of(longer)
    described = f"target only, trained {factor:g} times as long (same compute as edges)"
    assert (control["name"], control["is_control"], control["description"]) == ("same-compute", True, described)
    assert (edges["is_control"], edges["description"]) == (False, None)
    assert control["sentence"].startswith(f"{described}: ")
    assert f"after {round(8 * factor)} steps" in control["sentence"]
    assert "after 8 steps" in edges["sentence"]
    assert "adjusted for 2 comparisons" in control["sentence"]
    assert set(control["figure_per_seed"]) == {"0", "1"}
    assert result["steps"] == 8


def test_its_question_can_be_read_again(longer: Path, tmp_path: Path) -> None:
    asked = box_alone(**QUESTION, controls=("same-compute",))
    assert read_study(longer / "study.yaml") == dataclasses.replace(asked, margin=0.005, looks=2)
    listed = check_study({"base": "tiny", "arms": [["box"], ["box", "edges"]], "tune_weights": [0.1, 1.0]})
    write_question(tmp_path, to_mapping(listed))
    assert read_study(tmp_path / "study.yaml") == listed


def test_the_page_says_what_it_is(longer: Path, tmp_path: Path) -> None:
    text = Page(study_page(longer, tmp_path / "page.html").read_text()).text
    assert "times as long (same compute as edges) (control) " in text
    assert text.count("trained ") >= 2
    assert "same compute as edges" in text


def test_a_study_keeps_its_length_and_finds_its_runs_again(
    longer: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = json.loads((longer / "study.json").read_text())
    monkeypatch.setattr("auxseg.study.directory.decisions.same_compute", None)  # nothing is counted again
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor.submit", None)  # and nothing trained
    config = box_alone(**QUESTION, controls=("same-compute",))
    after = run_study(config, store, longer)
    assert json.loads(json.dumps(after["answers"])) == before["answers"]
    without = run_study(box_alone(**QUESTION), store, longer)
    assert [arm["name"] for arm in without["answers"][0]["arms"]] == ["edges", "same-compute"]
    assert without["answers"][0]["arms"][1]["is_control"]


def test_arms_that_were_judged_before_may_be_the_most_expensive(study: Path, store: Path) -> None:
    asked = box_alone(controls=("same-compute",))
    alone, beside = (
        Study(asked, store, StudyDirectory(path)).plan().same_compute for path in (study.parent / "new", study)
    )
    assert alone is not None
    assert beside is not None
    assert (alone.arm, beside.arm) == ("box", "edges")
    assert beside.factor > alone.factor


def test_it_comes_back_as_long_as_it_was(longer: Path, store: Path) -> None:
    before, again = (
        Study(box_alone(**QUESTION, controls=controls), store, StudyDirectory(longer)).plan()
        for controls in (("same-compute",), ())
    )
    assert {run.directory_name for run in again.runs} == {run.directory_name for run in before.runs}
