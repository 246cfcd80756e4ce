"""One thing to do after a study, with a command that can be copied and an honest time."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from auxseg.records.arm_result import Advice
from auxseg.report.studies.recommendation import Recommendation, recommend
from tests.report.studies import made_answers as made
from tests.report.studies.made_answers import answer, arm
from tests.report.studies.made_runs_of_studies import add_runs

# make_study writes 5 arms of 3 seeds, which took 4,000 s.
PER_RUN = 4000 / 15


def advise(tmp_path: Path, *arms: Any, runs: bool = True, **values: Any) -> Recommendation:
    """What is recommended after a study with these arms."""
    study = made.study(tmp_path / "study", **values)
    if runs:
        add_runs(tmp_path / "study", seeds=1)
    return recommend(study, answer(*arms), tmp_path / "study")


def test_what_helps_is_to_be_used(tmp_path: Path) -> None:
    found = advise(tmp_path, arm("box", verdict="helps"), arm("edges"))
    assert found.text == "Train with box."
    recipe = tmp_path / "study" / "runs" / "box-0" / "recipe.yaml"
    words = ["auxseg", "train", str(recipe), "--data", "/my data/pets.h5", "--out", "runs/box"]
    assert shlex.split(found.command) == words
    assert found.time == f"about {PER_RUN // 60:.0f} min {PER_RUN % 60:02.0f} s"


def test_more_seeds_are_to_be_trained_where_they_would_decide_soon(tmp_path: Path) -> None:
    found = advise(tmp_path, arm("box"), arm("edges", advice=Advice(9, None)))
    assert found.text == "Train 6 more seeds: this will probably decide on edges."
    assert "--seeds 9" in found.command
    assert shlex.split(found.command)[:4] == ["auxseg", "study", "--base", "tiny"]
    hours, minutes = divmod(round(PER_RUN * 5 * 6 / 60), 60)
    assert found.time == f"about {hours} h {minutes:02d} min"


def test_where_a_verdict_is_dear_the_target_is_to_be_trained_alone(tmp_path: Path) -> None:
    found = advise(tmp_path, arm("box", advice=Advice(40, None)))
    assert found.text.startswith(
        "Train segmentation alone: deciding would take about 40 seeds in all, about 13 h 42 min"
    )
    assert "target-only-0/recipe.yaml" in found.command


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"advice": Advice(2000, None)}, "deciding on a difference of 0.5 points is out of reach"),
        ({"advice": Advice(9, 1600)}, "with these test images, more seeds alone are unlikely to decide"),
        ({"verdict": "hurts", "advice": None}, "no auxiliary gains as much as 0.5 points, the margin that matters"),
    ],
)
def test_the_reason_for_the_target_alone_is_said(tmp_path: Path, values: dict, expected: str) -> None:
    assert advise(tmp_path, arm("box", **values)).text == f"Train segmentation alone: {expected}."


@pytest.mark.parametrize("lost", [{"num_diverged": 2}, {"missing_seeds": (1, 2)}])
def test_after_divergence_the_reason_is_not_the_images(tmp_path: Path, lost: dict[str, Any]) -> None:
    found = advise(tmp_path, arm("box", advice=Advice(None, None), **lost))
    assert found.text == "Train segmentation alone: runs diverged or are missing, so nothing can be said of their arms."


def test_a_seed_whose_run_is_lost_does_not_count_among_those_that_decide(tmp_path: Path) -> None:
    """The advice is of pairs of runs, of which one more is needed for each that was lost."""
    whole, lost = {"0": 0.01, "1": 0.0, "2": -0.01}, {"0": 0.01, "1": 0.0}
    for number, (per_seed, seeds) in enumerate(((whole, 9), (lost, 10))):
        found = advise(tmp_path / f"{number}", arm("box", advice=Advice(9, None), per_seed=per_seed))
        assert f"--seeds {seeds}" in found.command


def test_a_study_that_was_looked_at_twice_is_not_to_be_extended(tmp_path: Path) -> None:
    found = advise(tmp_path, arm("box", advice=Advice(5, None)), looked_at=[3, 6])
    assert "this study cannot be extended" in found.text


def test_one_seed_is_too_few(tmp_path: Path) -> None:
    found = advise(tmp_path, arm("box", advice=Advice(None, None)), seeds=1)
    assert found.text.startswith("Train 5 seeds: one seed gives no interval")
    assert "--seeds 5" in found.command


def test_without_the_runs_there_is_no_command(tmp_path: Path) -> None:
    assert advise(tmp_path, arm("box", verdict="helps"), runs=False) == Recommendation("Train with box.", "", "")


def test_without_auxiliaries_the_target_is_to_be_trained(tmp_path: Path) -> None:
    assert advise(tmp_path).text == "Train segmentation alone: the study has no other arm."
