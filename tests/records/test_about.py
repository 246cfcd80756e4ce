"""about.json and planned.json: what is not known yet is left out, and what an earlier version wrote is read."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.about import (
    About,
    Choices,
    Judged,
    Origin,
    PlannedTraining,
    Question,
    SameCompute,
    Tuned,
    Versions,
    read_about,
    read_asked_target,
    read_planned,
    write_about,
    write_planned,
)

ORIGIN = Origin(versions=Versions("0.1.0", "2.15.0", "3.12.1"), device="cpu", weights=None)
BEGUN = About(content_hash="abc", origin=ORIGIN)


def test_a_study_that_is_begun_holds_only_what_is_known(tmp_path: Path) -> None:
    assert read_about(tmp_path) is None
    write_about(tmp_path, BEGUN)
    values = json.loads((tmp_path / "about.json").read_text())
    assert list(values) == ["format", "content_hash", "origin", "choices"]
    assert values["choices"] == {}
    assert values["origin"]["weights"] is None, "that there are none is known"
    assert read_about(tmp_path) == BEGUN


def test_all_that_a_study_decides_comes_back(tmp_path: Path) -> None:
    tuned = Tuned(auxiliaries=("box",), label_fraction=1.0, chosen=0.3, figures={"0.3": 0.5, "1": None}, seconds=2.0)
    about = dataclasses.replace(
        BEGUN,
        choices=Choices("bf16", True, 2, SameCompute(arm="box", recipe="x", factor=1.5), (tuned,)),
        question=Question(
            target="segmentation",
            margin=0.005,
            looks=2,
            label_fractions=(0.5, 1.0),
            base={"seed": 0, "training": {"steps": 4, "watch": None}},
            tune_weights=(0.1, 1e39),
            tuning_seeds=2,
        ),
        judged=(Judged(auxiliaries=("box",), is_longer=False, is_control=True, recipe={"seed": 0}),),
        looked_at=(3, 5),
    )
    write_about(tmp_path, about)
    assert read_about(tmp_path) == about
    assert read_asked_target(tmp_path) == "segmentation"


def test_what_an_earlier_version_did_not_write_is_not_made_up(tmp_path: Path) -> None:
    entry = {"auxiliaries": [], "label_fraction": 1.0, "chosen": 1, "figures": {}, "seconds": 1}
    origin = {"versions": {"auxseg": "0.0.1", "torch": "2"}, "weights": None}
    values = {"format": 1, "content_hash": "abc", "origin": origin, "choices": {"threads": 2, "tuned": [entry]}}
    (tmp_path / "about.json").write_text(json.dumps(values))
    about = read_about(tmp_path)
    assert about is not None
    assert (about.choices.precision, about.choices.tuned[0].recipe, about.question) == (None, "", None)
    write_about(tmp_path, about)
    assert json.loads((tmp_path / "about.json").read_text()) == values


@pytest.mark.parametrize("format_", [2, "1", None, [1]])
def test_another_format_is_refused_whatever_else_it_holds(tmp_path: Path, format_: object) -> None:
    (tmp_path / "about.json").write_text(json.dumps({"format": format_, "question": {"target": "mask"}}))
    with pytest.raises(InputError, match=r"about\.json: written by another version of auxseg \(format .*give another"):
        read_about(tmp_path)
    assert read_asked_target(tmp_path) == "mask", "a page can still say what it is about"


@pytest.mark.parametrize("question", [None, 3, [], {}, {"target": 3}])
def test_a_target_that_is_not_known_is_empty(tmp_path: Path, question: object) -> None:
    (tmp_path / "about.json").write_text(json.dumps({"question": question}))
    assert read_asked_target(tmp_path) == ""


def test_planned_trainings_come_back(tmp_path: Path) -> None:
    assert read_planned(tmp_path) == ()
    trainings = (
        PlannedTraining("box-seed0", "box", 0, 0.5),
        PlannedTraining("target-only-seed0", "target only", 0, 1.0),
    )
    write_planned(tmp_path, trainings)
    assert read_planned(tmp_path) == trainings
