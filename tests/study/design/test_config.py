"""What a study asks is read strictly, and what contradicts itself is refused with its key."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from auxseg.errors import InputError
from auxseg.study.design.config import ArmConfig, check_study, read_study


def test_a_study_is_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(yaml.safe_dump({"base": "tiny", "auxiliaries": ["box"], "weights": {"box": 0.5}}))
    study = read_study(file)
    assert (study.base, study.auxiliaries, study.weights, study.seeds) == ("tiny", ("box",), {"box": 0.5}, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# nothing yet", "expected a study as a mapping of keys to values, found nothing"),
        ("- tiny", "expected a study as a mapping of keys to values, found list"),
        ("base: [", "not YAML"),
        (
            "base: tiny\nbase: unet\nauxiliaries: [box]",
            "the key 'base' is given twice in one mapping, in lines 1 and 2",
        ),
        ("base: tiny", "auxiliaries is missing"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=expected) as raised:
        read_study(file)
    assert str(file) in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.yaml: the study cannot be read"):
        read_study(tmp_path / "nowhere.yaml")


def test_the_design_is_all_but_one_unless_arms_are_listed() -> None:
    assert check_study({"base": "tiny", "auxiliaries": ["box"]}).design == "all-but-one"
    listed = check_study({"base": "tiny", "arms": [["box"], ["edges", "box"]]})
    assert listed.design is None
    assert listed.names == ("box", "edges")


@pytest.mark.parametrize("values", [{"auxiliaries": ["box"]}, {"arms": [["box"], ["box", "edges"]]}])
def test_what_was_checked_can_be_read_again(values: dict[str, Any]) -> None:
    study = check_study({"base": "tiny", "tune_weights": [0.1, 1.0], **values})
    assert check_study(dataclasses.asdict(study)) == study


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"arms": [["box"], []]}, "arms holds an empty set, which is the baseline of every study; leave it out"),
        ({"arms": [["box", "edges"], ["edges", "box"]]}, "the arm edges, box is given twice"),
        ({"arms": [["box", "box"]]}, "the arm box, box names box twice"),
        (
            {"arms": [["box"]], "design": "each"},
            "arms already lists the sets of auxiliaries, so it cannot be combined with design",
        ),
        ({"arms": [["box"]], "auxiliaries": ["box"]}, "so it cannot be combined with auxiliaries"),
        ({"arms": []}, "arms is "),
        ({"arms": ["box"]}, "arms.0 is 'box'"),
        ({"arms": [["box"]], "controls": ["box"]}, "the auxiliary box is named twice"),
        ({}, "auxiliaries is missing; name at least one, or list sets of them under arms"),
        ({"auxiliaries": ["box"], "tune_weights": [0.1, 0.1]}, "tune_weights names a weight twice"),
        ({"auxiliaries": ["box"], "tune_weights": [0.1]}, "tune_weights is "),
        ({"auxiliaries": ["box"], "tune_weights": [0.0, 1.0]}, "tune_weights.0 is 0"),
        (
            {"auxiliaries": ["box"], "tune_weights": [0.1, 1.0], "weights": {"box": 1.0}},
            "weights cannot be combined with tune_weights, which chooses them on validation; leave one out",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected) as raised:
        check_study({"base": "tiny", **values}, "question.yaml")
    assert str(raised.value).startswith("question.yaml: ")


def test_a_question_from_python_may_hold_arms_arrays_and_ranges() -> None:
    arm = ArmConfig(name="wide", settings=("model.width=2",))
    given = {"base": "tiny", "arms": (arm, {"box"}), "looks": range(5, 15, 5), "margin": np.float32(0.25)}
    study = check_study(given)
    assert study.arms == (arm, ("box",))
    assert (study.looks, study.seeds, study.margin) == ((5, 10), 10, 0.25)


def test_a_question_that_no_yaml_could_hold_names_the_key() -> None:
    with pytest.raises(InputError, match=r"^mine\.yaml: arms\.0\.name: expected a text, .* found a value of type"):
        check_study({"base": "tiny", "arms": [{"name": Path("a")}]}, "mine.yaml")
