"""Arms that differ from the target alone in settings of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from auxseg.errors import InputError
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import check_study
from auxseg.study.design.digests import arm_recipe
from auxseg.study.design.plan import Plan, describe, make_plan
from auxseg.study.design.question import judged, with_judged
from auxseg.study.design.unlike import unlike

BATCH = "data.target_per_batch=8"


def planned(**values: Any) -> Plan:
    return make_plan(check_study({"base": "tiny", "seeds": 2, "settings": ["training.batch=8"], **values}))


def recipe_of(plan: Plan, name: str) -> Any:
    return next(run.recipe for run in plan.runs if run.arm.name == name)


def test_every_value_is_an_arm_of_the_target_alone() -> None:
    plan = planned(vary=["data.target_per_batch=4,8", "tasks.segmentation.losses={cross_entropy: 1, dice: 0.5}"])
    assert [arm.name for arm in plan.arms] == [
        "target only",
        "data.target_per_batch=4",
        BATCH,
        "tasks.segmentation.losses={cross_entropy: 1, dice: 0.5}",
    ]
    assert [recipe_of(plan, arm.name).data.target_per_batch for arm in plan.arms] == [None, 4, 8, None]
    assert all(list(run.recipe.tasks) == ["segmentation"] for run in plan.runs)
    assert f"{BATCH}: 2 seeds" in describe(plan)
    names = {run.directory_name for run in plan.runs}
    assert len(names) == len(plan.runs)
    assert any(name.startswith("data.target-per-batch-8-masks1-seed0-") for name in names)


def test_an_arm_may_have_auxiliaries_and_settings_and_a_name() -> None:
    own = {"name": "boxes, eight masks", "auxiliaries": ["box"], "settings": [BATCH, "balancer.kind=equal"]}
    plan = planned(arms=[["box"], own, {"auxiliaries": ["box"], "settings": [BATCH]}])
    assert [arm.name for arm in plan.arms] == ["target only", "box", "boxes, eight masks", f"box + {BATCH}"]
    assert set(recipe_of(plan, "boxes, eight masks").tasks) == {"segmentation", "box"}
    assert plan.weighting(plan.arms[2]) == "weighted by equal"
    assert plan.weighting(plan.arms[1]) == "at weight 0.3"


def test_controls_and_auxiliaries_stand_beside_them() -> None:
    plan = planned(auxiliaries=["box"], design="each", vary=[BATCH], controls=["noise"])
    assert [(arm.name, plan.is_control(arm)) for arm in plan.arms[1:]] == [
        ("box", False),
        (BATCH, False),
        ("noise", True),
    ]


def test_an_arm_may_have_more_masks() -> None:
    plan = planned(vary=["data.label_fraction=0.5"], label_fractions=[0.1])
    assert plan.label_fractions == (0.1,)
    assert [recipe_of(plan, arm.name).data.label_fraction for arm in plan.arms] == [0.1, 0.5]
    again = with_judged(planned(auxiliaries=["box"], label_fractions=[0.1]), judged(plan), Path("studies/x"))
    assert recipe_of(again, "data.label_fraction=0.5").data.label_fraction == 0.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vary": ["data.target_per_batch"]}, "vary data.target_per_batch: expected key=value,value,..., such as"),
        (
            {"vary": ["training.batch=8"]},
            "training.batch=8 is the same as target only: its settings change nothing",
        ),
        ({"vary": ["training.watch=9"]}, "arm training.watch=9 is the same as target only"),
        (
            {"vary": ["training.fork_merge={candidates: 3}"]},
            "arm training.fork_merge={candidates: 3} is the same as target only: its settings change nothing",
        ),
        ({"vary": ["seed=1"]}, "arm seed=1: seed must be the same in all arms"),
        ({"vary": ["data.train_on=train+val"]}, "data.train_on must be the same in all arms"),
        (
            {"vary": ["tasks.box.kind=box"]},
            "tasks.box.kind is about box, which is not a task of this arm; which",
        ),
        ({"vary": ["training.patience=3"]}, "arm training.patience=3 has training.patience 3, but arms must have"),
        ({"vary": ["training.bach=3"]}, "training.bach"),
        ({"vary": ["model.width=-1"]}, "model.width"),
        (
            {"vary": ["data.label_fraction=0.5"], "label_fractions": [0.1, 1]},
            "data.label_fraction cannot be combined with several label_fractions",
        ),
        ({"vary": [BATCH], "tune_weights": [0.1, 1]}, "tune_weights cannot be combined with arms that have settings"),
        (
            {"vary": [BATCH], "controls": ["same-compute"]},
            "same-compute trains for as long as the most expensive auxiliary",
        ),
        ({"vary": [f"{BATCH},8"]}, f"the arm {BATCH} is given twice; leave one out"),
        (
            {"arms": [["box"], {"name": "box", "settings": [BATCH]}]},
            "two arms are named 'box'; give each a name of its own",
        ),
        ({"arms": [{"name": "target only", "settings": [BATCH]}]}, "two arms are named 'target only'"),
        ({"arms": [{"name": "same-compute", "settings": [BATCH]}]}, "two arms are named 'same-compute'"),
        ({"arms": [{"settings": [BATCH, "data.target_per_batch=4"]}]}, "data.target_per_batch is given twice"),
    ],
)
def test_what_cannot_be_compared_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        planned(**values)
    assert message in str(refused.value)


def test_what_cannot_be_paired_is_said() -> None:
    plan = planned(vary=["data.size=32", "model.width=2", "data.augment=strong", BATCH], auxiliaries=["box"])
    said = unlike(plan)
    assert [text.partition(":")[0] for text in said] == ["data.size=32", "model.width=2"]
    assert "not the same pixels" in said[0]
    assert "a seed pairs the order of the data and not the initial weights" in said[1]


@pytest.mark.parametrize(("settings", "is_said"), [((), True), (("data.augment=mild",), False)])
def test_augmentation_that_follows_the_weights_is_said(
    settings: tuple[str, ...], is_said: bool, tmp_path: Path
) -> None:
    save_file({}, tmp_path / "weights.safetensors")
    own = {"name": "pretrained", "settings": [f"model.weights={tmp_path / 'weights.safetensors'}", *settings]}
    said = unlike(planned(base="mobilenet-unet", settings=["training.steps=8"], arms=[own]))
    assert any("its augmentation differs too" in sentence for sentence in said) is is_said
    assert any("the initial weights" in sentence for sentence in said)


def test_such_an_arm_is_kept_and_found_again() -> None:
    plan = planned(vary=[BATCH])
    (entry,) = judged(plan)
    assert (entry.settings, entry.label, entry.auxiliaries) == ((BATCH,), "", ())
    again = with_judged(planned(auxiliaries=["box"]), [entry], Path("studies/x"))
    assert [arm.name for arm in again.arms] == ["target only", BATCH, "box"]
    assert recipe_of(again, BATCH) == recipe_of(plan, BATCH)


def test_arms_that_are_added_after_verdicts_are_a_family_of_their_own() -> None:
    first = planned(auxiliaries=["box"], controls=["noise"])
    kept = judged(first)
    more = planned(auxiliaries=["box", "edges"], design="each", controls=["noise"])
    assert with_judged(more, kept, Path("x")).families == {}
    second = with_judged(more, kept, Path("x"), were_shown=True)
    assert second.families == {Arm(("edges",)): 1}
    third = planned(auxiliaries=["classification"])
    again = with_judged(third, judged(second), Path("x"), were_shown=True)
    assert again.families == {Arm(("edges",)): 1, Arm(("classification",)): 2}
    assert arm_recipe(again, Arm(("edges",))) == arm_recipe(second, Arm(("edges",)))
