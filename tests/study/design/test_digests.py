"""An earlier choice is kept for an arm as long as it is trained by the same recipe, and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from auxseg.records.about import Choices, SameCompute
from auxseg.study.design.config import check_study
from auxseg.study.design.digests import arm_digest, arm_recipe, digests
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.directory.decisions import lengthened

SETTINGS = ("training.steps=100",)


def _plan(*settings: str, **values: Any) -> Plan:
    question = {"base": "tiny", "auxiliaries": ["box", "edges"], "seeds": 1, "settings": [*SETTINGS, *settings]}
    return make_plan(check_study(question | values))


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    """The digests of the question as it is."""
    return digests(_plan())


def test_the_target_and_every_auxiliary_alone_have_one() -> None:
    found = digests(_plan(controls=["noise", "same-compute"]))
    assert list(found) == ["target only", "box", "edges", "noise"]
    assert len(set(found.values())) == 4
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in found.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": 3},
        {"label_fractions": [0.5, 1.0]},
        {"auxiliaries": ["edges", "box", "classification"]},
        {"margin": 0.01},
        {"controls": ["noise"]},
    ],
)
def test_a_larger_question_leaves_them_as_they_are(changes: dict[str, Any], before: dict[str, str]) -> None:
    after = digests(_plan(**changes))
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    "setting",
    ["data.workers=2", "training.watch=7", "model.checkpointing=true", "training.precision=bf16"],
)
def test_what_changes_no_result_or_is_measured_leaves_them_as_they_are(setting: str, before: dict[str, str]) -> None:
    assert digests(_plan(setting)) == before


@pytest.mark.parametrize(
    "setting", ["training.steps=101", "model.width=0.5", "training.optimizer.rate=0.1", "data.target_per_batch=2"]
)
def test_another_training_changes_them_all(setting: str, before: dict[str, str]) -> None:
    after = digests(_plan(setting))
    assert all(after[name] != digest for name, digest in before.items())


def test_another_task_of_the_same_name_changes_its_arm_alone(before: dict[str, str]) -> None:
    after = digests(_plan("tasks.edges={kind: edges, low: 20}"))
    assert {name for name in before if after[name] != before[name]} == {"edges"}
    heavier = digests(_plan(weights={"box": 0.7}))
    assert {name for name in before if heavier[name] != before[name]} == {"box"}


def test_the_order_of_auxiliaries_changes_nothing(before: dict[str, str]) -> None:
    plan, turned = _plan(), _plan(auxiliaries=["edges", "box"])
    assert digests(turned) == before
    both = [next(arm_digest(each, arm) for arm in each.arms if len(arm.auxiliaries) == 2) for each in (plan, turned)]
    assert both[0] == both[1]


def test_a_recipe_of_an_arm_is_without_what_its_trainings_differ_in() -> None:
    plan = _plan(seeds=2, label_fractions=[0.5, 1.0])
    values = arm_recipe(plan, plan.arms[1])
    assert "seed" not in values
    assert "label_fraction" not in values["data"]
    assert list(values["tasks"]) == ["segmentation", "box"]
    assert values["training"]["steps"] == 100


def test_the_target_trained_longer_is_known_by_the_target_alone() -> None:
    """However much longer: that is counted, and not part of the question."""
    plan = _plan(controls=["same-compute"])
    stretched = lengthened(plan, Choices(same_compute=SameCompute(arm="edges", factor=2.5)))
    longer = next(arm for arm in plan.arms if arm.is_longer)
    assert {run.recipe.training.steps for run in stretched.runs if run.arm == longer} == {250}
    for each in (plan, stretched):
        assert arm_recipe(each, longer) == arm_recipe(plan, plan.arms[0])
        assert arm_digest(each, longer) == arm_digest(plan, plan.arms[0])
