"""The answer of a study in one sentence."""

from __future__ import annotations

import pytest

from auxseg.records.study import ArmResult
from auxseg.report.studies.headline import control_sentences, headline, in_order, ranked
from tests.report.studies.made_answers import answer, arm

HELPS = arm("box", verdict="helps", difference=0.0112, interval=(0.007, 0.015))
MORE = arm("depth", verdict="helps", difference=0.02, interval=(0.01, 0.03))
HURTS = arm("edges", verdict="hurts", difference=-0.014, interval=(-0.019, -0.009))
OPEN = arm("colours", difference=0.004, interval=(-0.004, 0.0161))
NOTHING = arm("noise", difference=None, interval=(None, None))
CONTROL = arm("random-labels", is_control=True, difference=0.0042, interval=(-0.01, 0.05))


def said(text: str) -> str:
    """With plain blanks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("arms", "expected"),
    [
        ([OPEN, HELPS, HURTS], "box helps target: +1.1 points (95 % CI +0.7 to +1.5)."),
        ([HELPS, MORE], "depth and box help target, the first one most: +2.0 points (95 % CI +1.0 to +3.0)."),
        ([OPEN, HURTS], "No auxiliary is shown to help target; none can gain more than 1.6 points."),
        ([OPEN], "No auxiliary is shown to help target; colours cannot gain more than 1.6 points."),
        ([OPEN, NOTHING], "No auxiliary is shown to help target; without an interval nothing is ruled out."),
        ([HURTS], "No auxiliary helps target: edges makes it worse."),
        ([CONTROL], "No auxiliary of target was tested."),
        ([], "No auxiliary of target was tested."),
    ],
)
def test_the_sentence_says_what_helps_or_what_is_ruled_out(arms: list[ArmResult], expected: str) -> None:
    assert said(headline(answer(*arms), "target")) == expected


def test_a_control_neither_helps_nor_raises_the_ceiling() -> None:
    assert "none can gain more than 1.6 points" in headline(answer(OPEN, HURTS, CONTROL), "target")
    helps = arm("random-labels", is_control=True, verdict="helps")
    assert headline(answer(OPEN, helps), "target").startswith("No auxiliary is shown to help")


def test_where_less_is_better_a_negative_difference_is_the_gain() -> None:
    better = arm("box", difference=-0.02, interval=(-0.03, 0.01))
    text = headline(answer(better, OPEN), "target", higher_is_better=False)
    assert text == "No auxiliary is shown to help target; none can gain more than 3.0 points."
    assert [each.name for each in ranked(answer(OPEN, better), higher_is_better=False)] == ["box", "colours"]


def test_many_names_are_cut_short() -> None:
    arms = [arm(f"a{number}", verdict="helps", difference=number / 100) for number in range(9)]
    assert headline(answer(*arms), "target").startswith("a8, a7, a6 and 6 more help target, the first one most: +8.0")


def test_arms_stand_by_gain_and_controls_last() -> None:
    names = [each.name for each in in_order(answer(CONTROL, HURTS, NOTHING, HELPS)).arms]
    assert names == ["box", "edges", "noise", "random-labels"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "random-labels can teach nothing, yet +0.4 points: gains of this size are noise."),
        (
            {"difference": -0.0042},
            "random-labels can teach nothing, yet −0.4 points: differences of this size are noise.",  # noqa: RUF001
        ),
        ({"difference": 0.0001}, "random-labels can teach nothing and changes nothing (+0.0 points), as it should."),
        (
            {"verdict": "helps"},
            "random-labels can teach nothing, yet it helps (+0.4 points): a gain of this size proves nothing.",
        ),
        (
            {"verdict": "hurts", "difference": -0.02},
            "random-labels can teach nothing and hurts (−2.0 points): any second task costs this much.",  # noqa: RUF001
        ),
        ({"difference": None}, "random-labels could not be measured."),
        (
            {"auxiliaries": (), "description": "target only, trained longer"},
            "target only, trained longer: +0.4 points. An auxiliary must gain more than this to be worth its "
            "computing time.",
        ),
    ],
)
def test_a_control_says_what_its_difference_means(values: dict, expected: str) -> None:
    given = {"is_control": True, "difference": 0.0042, **values}
    assert control_sentences(answer(OPEN, arm("random-labels", **given))) == [expected]
