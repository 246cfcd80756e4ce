"""Every training is laid out, arms differ in their tasks alone, and what cannot be asked is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.recipe import load_recipe, to_values
from auxseg.study.design.config import check_study, read_study
from auxseg.study.design.plan import DEFAULT_WEIGHT, Plan, describe, make_plan


def planned(**values: Any) -> Plan:
    return make_plan(
        check_study({"base": "tiny", "auxiliaries": ["classification", "box", "edges"], "seeds": 1} | values)
    )


def names(plan: Plan) -> list[str]:
    return [arm.name for arm in plan.arms]


def test_a_study_is_repeated_on_other_seeds() -> None:
    plan = planned(auxiliaries=["box"], seeds=3, first_seed=8, design="each")
    assert [(run.arm.name, run.seed, run.recipe.seed) for run in plan.runs] == [
        (arm, seed, seed) for seed in (8, 9, 10) for arm in ("target only", "box")
    ]
    with pytest.raises(InputError, match="first_seed is 999 and seeds 2; seeds from 1,000 on are for tuning"):
        planned(seeds=2, first_seed=999)


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        ("each", ["target only", "classification", "box", "edges"]),
        (
            "all-but-one",
            [
                "target only",
                "classification",
                "box",
                "edges",
                "classification + box + edges",
                "box + edges",
                "classification + edges",
                "classification + box",
            ],
        ),
        (
            "all-subsets",
            [
                "target only",
                "classification",
                "box",
                "edges",
                "classification + box",
                "classification + edges",
                "box + edges",
                "classification + box + edges",
            ],
        ),
    ],
)
def test_a_design_is_a_set_of_arms(design: str, expected: list[str]) -> None:
    assert names(planned(design=design)) == expected


def test_arms_may_be_listed_one_by_one() -> None:
    listed = check_study({"base": "tiny", "arms": [["edges", "box"], ["classification"]], "controls": ["noise"]})
    assert names(make_plan(listed)) == ["target only", "edges + box", "classification", "noise"]
    both, designed = (
        next(run for run in plan.runs if len(run.arm.auxiliaries) == 2)
        for plan in (make_plan(listed), planned(auxiliaries=["box", "edges"], seeds=1))
    )
    assert both.directory_name == designed.directory_name


def test_an_unknown_name_in_a_list_of_arms_is_said_with_its_key() -> None:
    with pytest.raises(InputError, match=r"study: arms: boxx: tasks.boxx.kind is 'boxx' .did you mean 'box'"):
        make_plan(check_study({"base": "tiny", "arms": [["boxx"]]}))


def test_same_compute_is_the_target_alone_and_a_control() -> None:
    plan = planned(auxiliaries=["box"], controls=["same-compute"], seeds=2)
    baseline, _, longer = plan.arms
    assert (longer.name, longer.auxiliaries, longer.is_longer) == ("same-compute", (), True)
    assert plan.is_control(longer)
    assert not plan.is_control(baseline)
    assert longer != baseline
    assert all(set(run.recipe.tasks) == {"segmentation"} for run in plan.runs if run.arm == longer)
    assert [run.seed for run in plan.runs if run.arm == longer] == [0, 1]
    assert len({run.directory_name for run in plan.runs}) == len(plan.runs)
    said = "target only, trained longer, for the compute of the most expensive arm"
    assert describe(plan)[-1] == f"same-compute ({said}): 2 seeds"


def test_a_base_without_a_target_only_is_refused() -> None:
    two_stage = "residual-two-stage has model.sharing.kind two-stage, in which the target reads .* no target only to"
    with pytest.raises(InputError, match=two_stage):
        planned(base="residual-two-stage", auxiliaries=["classification"])
    settings = ["training.phases=[{name: first, share: 0.5, tasks: [box]}, {name: last}]"]
    with pytest.raises(InputError, match="a phase 'first' that does not train segmentation, so target only would"):
        planned(base="tiny-mtl", auxiliaries=["box"], settings=settings)


def test_two_auxiliaries_need_no_arm_twice() -> None:
    assert names(planned(auxiliaries=["box", "edges"])) == ["target only", "box", "edges", "box + edges"]


def test_controls_are_alone_whatever_the_design() -> None:
    assert names(planned(controls=["noise"], design="all-but-one"))[-1] == "noise"
    assert not any("noise" in name and "+" in name for name in names(planned(controls=["noise"], design="all-subsets")))


def test_every_arm_has_every_seed_and_share_in_order() -> None:
    plan = planned(seeds=2, label_fractions=[0.1, 1.0], auxiliaries=["box"])
    laid_out = [(run.label_fraction, run.seed, run.arm.name) for run in plan.runs]
    arms = ("target only", "box")
    assert laid_out == [(share, seed, arm) for share in (0.1, 1.0) for seed in (0, 1) for arm in arms]
    assert all(run.recipe.seed == run.seed for run in plan.runs)
    assert all(run.recipe.data.label_fraction == run.label_fraction for run in plan.runs)


def test_the_base_says_the_share_of_the_masks_unless_the_study_does() -> None:
    settings = ["data.label_fraction=0.1"]
    assert planned().label_fractions == (1.0,)
    assert planned(settings=settings).label_fractions == (0.1,)
    assert {run.recipe.data.label_fraction for run in planned(settings=settings).runs} == {0.1}


def test_arms_of_a_seed_differ_in_tasks_and_weights_alone() -> None:
    plan = planned(base="tiny-mtl", settings=["balancer.gate.box=0.01", "model.encoder.channels=[8, 12]"])
    same = []
    for run in plan.runs:
        values = to_values(run.recipe)
        watch = values["training"].pop("watch")
        assert watch == (25 * (1 + len(run.arm.auxiliaries)) if run.arm.auxiliaries else None)
        assert set(values.pop("tasks")) == {"segmentation", *run.arm.auxiliaries}
        balancer = values.pop("balancer")
        assert set(balancer["weights"]) == {"segmentation", *run.arm.auxiliaries}
        assert balancer["gate"] == ({"box": 0.01} if "box" in run.arm.auxiliaries else {})
        same.append(values)
    assert all(values == same[0] for values in same)
    assert same[0]["model"]["encoder"]["channels"] == [8, 12]


def test_weights_are_the_studys_or_the_bases_or_the_usual_one() -> None:
    plan = planned(base="tiny-mtl", weights={"classification": 0.0})
    weights = {arm.name: plan.weights(arm) for arm in plan.arms}
    assert weights["classification"] == {"classification": 0.0}
    assert weights["box"] == {"box": vars(load_recipe("tiny-mtl").balancer)["weights"]["box"]}
    assert weights["edges"] == {"edges": DEFAULT_WEIGHT}
    assert weights["target only"] == {}


def test_a_phase_keeps_the_tasks_that_an_arm_has() -> None:
    phases = "training.phases=[{name: first, share: 0.5, tasks: [segmentation, classification, box]}, {name: last}]"
    plan = planned(base="tiny-mtl", settings=[phases], auxiliaries=["box"])
    assert [run.recipe.training.phases[0].tasks for run in plan.runs] == [("segmentation",), ("segmentation", "box")]


def test_a_balancer_without_weights_plans_and_refuses_weights() -> None:
    settings = ["balancer={kind: equal}"]
    assert names(planned(settings=settings, auxiliaries=["box"])) == ["target only", "box"]
    with pytest.raises(InputError, match="weights cannot be combined with the balancer equal"):
        planned(settings=settings, weights={"box": 0.5})


def test_a_base_holds_tasks_of_which_each_arm_uses_one() -> None:
    study = Path(__file__).parents[3] / "docs" / "studies" / "views.yaml"
    assert len(names(make_plan(read_study(study)))) > 4


def test_tasks_that_cannot_stand_side_by_side_are_refused_by_their_arm() -> None:
    base = Path(__file__).parents[3] / "docs" / "studies" / "views-base.yaml"
    with pytest.raises(InputError, match=r"study: denoising-shared \+ colorization-shared: .*view is shared"):
        planned(base=str(base), auxiliaries=["denoising-shared", "colorization-shared"])


def test_directories_tell_every_recipe_apart() -> None:
    runs = [*planned(seeds=2).runs, *planned(seeds=2, settings=["training.steps=5"]).runs]
    assert len({run.directory_name for run in runs}) == len(runs)
    few, more = planned(seeds=1).runs, planned(seeds=2).runs
    assert {run.directory_name for run in few} < {run.directory_name for run in more}


def test_directories_are_found_again_by_another_process() -> None:
    program = (
        "from auxseg.study.design.config import check_study; from auxseg.study.design.plan import make_plan; "
        "question = {'base': 'tiny', 'auxiliaries': ['classification', 'box', 'edges'], 'seeds': 1}; "
        "plan = make_plan(check_study(question)); "
        "print(*(run.directory_name for run in plan.runs), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}  # the order of sets is no part of a name
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.split() == [run.directory_name for run in planned().runs]


@pytest.mark.parametrize("setting", ["data.workers=2", "training.watch=7", "model.checkpointing=true"])
def test_what_changes_no_bit_leaves_directories_as_they_are(setting: str) -> None:
    runs, others = planned().runs, planned(settings=[setting]).runs
    assert [run.directory_name for run in others] == [run.directory_name for run in runs]


def test_blocks_have_directories_of_their_own() -> None:
    few, many = (planned(settings=["data.order=blocks", f"data.block={size}"]).runs for size in (32, 64))
    assert not {run.directory_name for run in few} & {run.directory_name for run in many}


def test_the_order_of_auxiliaries_makes_no_other_arm() -> None:
    one, other = (planned(auxiliaries=names, settings=[]) for names in (["box", "edges"], ["edges", "box"]))
    assert set(one.arms) == set(other.arms)
    assert {run.directory_name for run in one.runs} == {run.directory_name for run in other.runs}
    both = [run.recipe for plan in (one, other) for run in plan.runs if len(run.arm.auxiliaries) == 2]
    assert list(both[0].tasks) == list(both[1].tasks)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"auxiliaries": ["segmentation"]}, "segmentation is the target"),
        ({"auxiliaries": ["box", "box"]}, "the auxiliary box is named twice"),
        ({"controls": ["box"]}, "the auxiliary box is named twice"),
        ({"auxiliaries": ["boxx"]}, "tasks.boxx.kind is 'boxx' .did you mean 'box'"),
        ({"weights": {"depth": 1.0}}, "weights names 'depth', which is not an auxiliary"),
        ({"label_fractions": [0.5, 0.5]}, "label_fractions names a share twice"),
        ({"label_fractions": [0.0]}, "label_fractions"),
        ({"settings": ["seed=7"]}, "settings gives a seed, but a study chooses its own"),
        (
            {"settings": ["data.label_fraction=0.1"], "label_fractions": [0.1]},
            "settings gives data.label_fraction together with label_fractions",
        ),
        ({"settings": ["training.patience=3"]}, "tiny has training.patience 3, but arms must have the same number"),
        ({"margin": 0.0}, "margin is 0"),
        ({"seeds": 0}, "seeds is 0"),
        ({"auxiliaries": []}, "auxiliaries"),
        ({"design": "some"}, "design is 'some'; allowed: 'each', 'all-but-one', 'all-subsets' or 'together'"),
        ({"seed": 3}, "seed is not a setting .did you mean 'seeds'"),
        ({"base": "tinny"}, "did you mean 'tiny'"),
        ({"controls": ["same-steps"]}, "same-steps is the same as target only"),
        ({"auxiliaries": ["same-compute"]}, "same-compute is a control, not an auxiliary; name it in controls"),
        ({"weights": {"same-compute": 1.0}, "controls": ["same-compute"]}, "'same-compute', which is not an auxiliary"),
        (
            {"controls": ["same-compute"], "settings": ["training.phases=[{name: a, share: 0.5}, {name: b}]"]},
            "controls names same-compute, but tiny has training.phases, in which steps differ in cost",
        ),
        (
            {"tune_weights": [0.1, 1.0], "settings": ["balancer={kind: equal}"]},
            "tune_weights cannot be combined with the balancer equal, which takes no weights",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        planned(**values)


def test_a_plan_with_a_search_tells_its_candidates() -> None:
    assert list(describe(planned(auxiliaries=["box"], tune_weights=[0.1, 1.0]))) == [
        "target only: 1 seed",
        "box (weight out of 0.1, 1): 1 seed",
        "before that, on validation: 2 tries for each arm and for target only, 2 seeds each",
    ]


def test_a_plan_tells_the_shares_of_the_masks() -> None:
    assert list(describe(planned(auxiliaries=["box"], label_fractions=[0.05, 1.0])))[2:] == [
        "each of them with 5%, 100% of the masks"
    ]
    assert list(describe(planned(settings=["data.label_fraction=0.1"])))[-1] == "each of them with 10% of the masks"


def test_the_plan_is_told_arm_by_arm() -> None:
    assert list(describe(planned(auxiliaries=["box"]))) == [
        "target only: 1 seed",
        f"box (at weight {DEFAULT_WEIGHT:g}): 1 seed",
    ]
