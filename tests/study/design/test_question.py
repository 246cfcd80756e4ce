"""A directory keeps the question it was begun with, and every arm that it has judged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.question import judged, with_judged
from tests.study.small import SETTINGS, box_alone, run_study, small_config


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"first_seed": 3}, "first_seed was not given and is now 3"),
        ({"margin": 0.01}, "margin was 0.005 and is now 0.01"),
        ({"label_fractions": [0.5]}, r"label_fractions was \[1.0\] and is now \[0.5\]"),
        ({"settings": (*SETTINGS, "training.clip=1.0")}, "base.training.clip was not given and is now 1.0"),
        ({"settings": (*SETTINGS, "target=box", "tasks.box.kind=box")}, "target was segmentation and is now box"),
        ({"weights": {"classification": 0.5}}, "classification.balancer.weights.classification was 0.0 and is now 0.5"),
    ],
)
def test_another_question_is_refused_and_both_values_named(
    study: Path, store: Path, values: dict[str, Any], key: str
) -> None:
    before = (study / "study.json").read_bytes()
    changed = {"auxiliaries": ("classification",), "weights": {"classification": 0.0}, **values}
    with pytest.raises(InputError, match=f"a study of another question: .*{key}"):
        run_study(small_config(**changed), store, study)
    assert (study / "study.json").read_bytes() == before


def test_arms_that_were_judged_are_judged_again_with_the_new_ones(study: Path, store: Path) -> None:
    result = run_study(box_alone(), store, study)
    (answer,) = result["answers"]
    assert [arm["name"] for arm in answer["arms"]] == ["classification", "box", "edges"]
    kept = json.loads((study / "about.json").read_text())["judged"]
    assert [entry["auxiliaries"] for entry in kept] == [["classification"], ["box"], ["edges"]]
    assert "adjusted for 3 comparisons" in answer["arms"][0]["sentence"]


def test_controls_stay_controls(store: Path, tmp_path: Path) -> None:
    run_study(box_alone(controls=("noise",), seeds=1), store, tmp_path / "study")
    (answer,) = run_study(box_alone(seeds=1), store, tmp_path / "study")["answers"]
    assert [(arm["name"], arm["is_control"]) for arm in answer["arms"]] == [("box", False), ("noise", True)]


def test_an_arm_that_was_judged_comes_back_with_all_its_settings(tmp_path: Path) -> None:
    settings = (*SETTINGS, "data.workers=2", "model.checkpointing=true", "training.watch=7")
    plan = make_plan(box_alone(settings=settings, controls=("same-compute",)))
    kept = judged(plan)
    other = make_plan(small_config(auxiliaries=("classification",), weights={}, settings=settings))
    again = with_judged(other, kept, tmp_path)
    for run in plan.runs:
        assert next(each for each in again.runs if (each.arm, each.seed) == (run.arm, run.seed)) == run


@pytest.mark.parametrize("now", [("pcgrad", "equal", "dwa"), ("pcgrad",), ("uncertainty", "dwa", "pcgrad")])
def test_arms_stay_in_the_order_in_which_they_were_judged(now: tuple[str, ...], tmp_path: Path) -> None:
    def asked(balancers: tuple[str, ...]) -> Plan:
        return make_plan(box_alone(method="simultaneous", design="together", balancers=balancers, seeds=3))

    plan = asked(("equal", "dwa", "pcgrad"))
    again = with_judged(asked(now), judged(plan), tmp_path, were_shown=True)
    assert again.arms[: len(plan.arms)] == plan.arms
    new = again.arms[len(plan.arms) :]
    assert [arm.name for arm in new] == ["box, uncertainty"][: "uncertainty" in now]
    assert again.families == dict.fromkeys(new, 1)
    assert [(run.seed, run.arm) for run in again.runs] == [(seed, arm) for seed in range(3) for arm in again.arms]
    assert [run for run in again.runs if run.arm in plan.arms] == list(plan.runs)


@pytest.mark.parametrize("damage", [{"training": -1}, {"data": {}}, {"model": None}, {"data": "all"}])
def test_an_arm_that_was_kept_without_a_recipe_is_refused(damage: dict[str, Any], tmp_path: Path) -> None:
    plan = make_plan(box_alone())
    (entry,) = judged(plan)
    damaged = dataclasses.replace(entry, recipe={**entry.recipe, **damage})
    with pytest.raises(InputError, match=r"about\.json: judged holds an arm without a recipe; give another --out"):
        with_judged(plan, [damaged], tmp_path)
