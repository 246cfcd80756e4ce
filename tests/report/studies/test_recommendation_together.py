"""What to do after a study whose arms were judged together."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Any

import pytest

from auxseg.records.study import Choice
from auxseg.report.studies.headline import standing
from auxseg.report.studies.recommendation import Recommendation, recommend
from tests.report.studies import made_answers as made
from tests.report.studies.made_answers import answer, arm
from tests.report.studies.made_runs_of_studies import add_runs

RULES = {"margin": 0.01, "alpha": 0.05, "looks": 1, "method": "simultaneous", "looks_at": [3]}


def together(name: str, verdict: str, **values: Any) -> Any:
    return arm(name, **{"verdict": verdict, "statements": (verdict,), "p_value": None, "advice": None, **values})


def advise(
    tmp_path: Path, *arms: Any, seeds_needed: int | None = None, use: str | None = None, **values: Any
) -> Recommendation:
    """What is recommended after a study of three seeds with these arms."""
    study = made.study(tmp_path / "study", **{"rules": RULES, **values})
    add_runs(tmp_path / "study", seeds=1)
    told = dataclasses.replace(answer(*arms), seeds_needed=seeds_needed, choice=Choice(use, "If you must choose now"))
    return recommend(study, told, tmp_path / "study")


def test_what_helps_is_to_be_used(tmp_path: Path) -> None:
    found = advise(tmp_path, together("box", "helps"), together("edges", "open"), use="box", seeds_needed=9)
    assert found.text == "Train with box."
    assert "box-0/recipe.yaml" in found.command


@pytest.mark.parametrize(
    ("use", "text", "recipe"),
    [
        (None, "Train segmentation alone: something is known of every arm.", "target-only-0"),
        ("box", "Train with box: something is known of every arm.", "box-0"),
    ],
)
def test_where_nothing_is_open_the_recommended_arm_is_to_be_used(
    tmp_path: Path, use: str | None, text: str, recipe: str
) -> None:
    found = advise(tmp_path, together("box", "not worth it"), together("edges", "does no harm"), use=use)
    assert found.text == text
    assert recipe in found.command


def test_seeds_that_decide_are_trained_in_a_new_directory(tmp_path: Path) -> None:
    found = advise(tmp_path, together("box", "open"), together("edges", "not worth it"), seeds_needed=9)
    assert found.text == (
        "Train 9 seeds in a new directory, because this study planned one look: then something can probably be said "
        "of box at a margin of 1 point."
    )
    words = shlex.split(found.command)
    assert words[words.index("--seeds") + 1] == "9"
    assert words[words.index("--out") + 1] == f"{(tmp_path / 'study').as_posix()}-more"
    assert found.time == "about 3 h 20 min"  # all 9 seeds of 5 arms, 267 s each


def test_a_look_that_is_planned_is_taken_in_the_same_directory(tmp_path: Path) -> None:
    rules = {**RULES, "looks": 2, "looks_at": [3, 6]}
    found = advise(tmp_path, together("box", "open"), seeds_needed=12, rules=rules)
    assert found.text == "Train 6 seeds: then something can probably be said of box at a margin of 1 point."
    words = shlex.split(found.command)
    assert words[words.index("--seeds") + 1] == "6"
    assert "-more" not in found.command


def test_what_takes_too_long_is_said_and_left(tmp_path: Path) -> None:
    found = advise(tmp_path, together("box", "open"), seeds_needed=40, use="box")
    assert found.text.startswith(
        "Train with box: to say something of box at a margin of 1 point would take 40 seeds and "
    )
    assert "box-0/recipe.yaml" in found.command


def test_an_arm_that_is_open_by_chance_takes_half_as_many_seeds_more(tmp_path: Path) -> None:
    assert advise(tmp_path, together("box", "open"), seeds_needed=3).text.startswith("Train 4 seeds in a new directory")


def test_what_fifty_seeds_would_not_decide_is_not_worth_pursuing(tmp_path: Path) -> None:
    found = advise(tmp_path, together("box", "open"), together("edges", "open"))
    assert found.text == "Train segmentation alone: at a margin of 1 point, box and edges: not worth pursuing."


def test_two_seeds_are_too_few(tmp_path: Path) -> None:
    found = advise(tmp_path, together("box", "no verdict", interval=(None, None)), seeds=2)
    assert found.text == "Train 5 seeds: with 2 seeds there is no interval, so nothing can be concluded."
    assert "--seeds 5" in found.command


def test_arms_stand_by_what_is_said_of_them() -> None:
    told = answer(
        together("a", "open"),
        together("b", "helps", difference=0.02),
        together("c", "open", difference=0.01),
        together("noise", "open", is_control=True),
    )
    assert standing(told) == [("helps", "b"), ("open", "c and a")]
    assert standing(answer(arm("box"))) == []  # judged one by one
