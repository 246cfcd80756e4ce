"""study.json of today and of earlier versions; what is damaged is refused with the file and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.records.arm_result import ArmResult
from auxseg.records.study import read_study, write_question, write_study
from auxseg.strict_yaml import read_mapping
from tests.report.made_studies import make_answer, make_study
from tests.report.runs.test_gradients import OVER_TIME, explained


def change(study: Path, **values: Any) -> None:
    path = study / "study.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def arms(study: Path) -> tuple[ArmResult, ...]:
    return read_study(study).answers[0].arms


def test_what_earlier_versions_did_not_write_has_a_default(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    found = read_study(study)
    assert (found.tuned, found.recipes, found.agreement) == ((), {}, None)
    box, *_, both = arms(study)
    assert (box.description, box.num_diverged, box.tasks, box.why, box.delta_m) == (None, 0, {}, {}, None)
    assert both.delta_m is not None
    assert both.delta_m.left_out == ()


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    first = read_study(make_study(tmp_path / "study", explained(0.003, over_time=OVER_TIME)))
    (tmp_path / "again").mkdir()
    write_study(tmp_path / "again", first)
    assert read_study(tmp_path / "again") == first
    assert "agreement" not in json.loads((tmp_path / "again" / "study.json").read_text())


def test_a_directory_without_an_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no finished study \(it holds no study.json\)"):
        read_study(tmp_path)


@pytest.mark.parametrize("format_", [2, "1", None])
def test_another_format_is_refused(tmp_path: Path, format_: object) -> None:
    study = make_study(tmp_path / "study")
    change(study, format=format_, answers=3)
    with pytest.raises(InputError, match=r"written by another version of auxseg \(format .*, expected 1\)"):
        read_study(study)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"seeds": 0}, "seeds"),
        ({"answers": []}, "answers"),
        ({"answers": [make_answer(0.0)]}, r"answers\.0\.label_fraction"),
        ({"rules": {"margin": 0.005, "alpha": 2, "looks": 2}}, r"rules\.alpha"),
        ({"tuned": [{"auxiliaries": [], "label_fraction": 1.0, "chosen": -1.0, "figures": {}}]}, r"tuned\.0\.chosen"),
    ],
)
def test_a_value_that_none_has_is_refused_by_its_key(tmp_path: Path, values: dict[str, Any], key: str) -> None:
    study = make_study(tmp_path / "study")
    change(study, **values)
    with pytest.raises(InputError, match=rf"study\.json: {key} is .*; run the study's command again to rewrite it"):
        read_study(study)


def test_a_course_whose_columns_differ_in_length_is_refused(tmp_path: Path) -> None:
    answer = explained(0.003, over_time={**OVER_TIME, "num_looks": [1]})
    with pytest.raises(InputError, match="over_time of the arm 'box' has columns of different lengths"):
        read_study(make_study(tmp_path / "study", answer))


def test_the_question_is_left_as_yaml_in_the_order_it_has(tmp_path: Path) -> None:
    asked = {"seeds": 3, "base": "tiny", "arms": [["box"]], "margin": 0.005, "weights": {}}
    write_question(tmp_path, asked)
    found = read_mapping(tmp_path / "study.yaml", "study")
    assert found == asked
    assert list(found) == list(asked)
