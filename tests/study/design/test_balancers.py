"""Arms of the same auxiliaries that another balancer weighs."""

from __future__ import annotations

from typing import Any

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.study.design.config import check_study
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.same_compute import same_compute
from auxseg.study.planner import narrowed


def planned(**values: Any) -> Plan:
    asked = {"base": "tiny", "auxiliaries": ["box", "edges"], "balancers": ["fixed", "dwa"], "seeds": 1}
    return make_plan(check_study(asked | values))


def names(plan: Plan) -> list[str]:
    return [arm.name for arm in plan.arms]


def test_the_same_tasks_are_balanced_by_each() -> None:
    plan = planned(controls=["noise", "same-compute"], weights={"box": 0.5})
    assert names(plan) == ["target only", "box + edges, fixed", "box + edges, dwa", "noise", "same-compute"]
    fixed, dwa = (next(run.recipe for run in plan.runs if run.arm == arm) for arm in plan.arms[1:3])
    assert (fixed.balancer.kind, dwa.balancer.kind) == ("fixed", "dwa")
    assert list(fixed.tasks) == list(dwa.tasks)
    assert plan.weights(plan.arms[1]) == {"box": 0.5, "edges": 0.3}
    assert plan.weighting(plan.arms[1]) == "at weights box 0.5, edges 0.3"
    assert [plan.is_control(arm) for arm in plan.arms] == [False, False, False, True, True]
    assert plan.runs[1].directory_name.startswith("box-edges-fixed-masks1-seed0-")


def test_with_a_design_every_set_is() -> None:
    plan = planned(design="each", vary=["data.target_per_batch=8"])
    sets = ["box, fixed", "box, dwa", "edges, fixed", "edges, dwa"]
    assert names(plan) == ["target only", *sets, "data.target_per_batch=8"]


def test_the_auxiliaries_may_be_trained_together_alone() -> None:
    assert names(planned(balancers=[], design="together")) == ["target only", "box + edges"]


def test_a_budget_may_leave_out_some() -> None:
    assert names(make_plan(narrowed(planned(), ("box + edges, dwa",)))) == ["target only", "box + edges, dwa"]


@pytest.mark.parametrize(
    ("kept", "weights"), [("box + edges, equal", {}), ("box + edges, fixed", {"box": 0.5}), ("noise", {"noise": 2.0})]
)
def test_a_budget_keeps_the_weights_that_the_balancers_left_take(kept: str, weights: dict[str, float]) -> None:
    plan = planned(balancers=["fixed", "equal"], weights={"box": 0.5, "noise": 2.0}, controls=["noise"])
    config = narrowed(plan, (kept, "box + edges, equal"))
    assert config.weights == weights
    again = make_plan(config)
    assert set(names(again)) == {"target only", "box + edges, equal", kept}
    assert [run.recipe for run in again.runs] == [run.recipe for run in plan.runs if run.arm.name in names(again)]


def test_a_weight_is_refused_only_where_no_balancer_takes_it() -> None:
    arms = [["box"], {"auxiliaries": ["edges"], "settings": ["balancer.kind=equal"]}]
    assert planned(auxiliaries=[], balancers=[], arms=arms, weights={"box": 0.5}).config.weights == {"box": 0.5}
    with pytest.raises(InputError, match="weights cannot be combined with the balancer equal, which takes no weights"):
        planned(auxiliaries=[], balancers=[], arms=arms, weights={"edges": 0.5})


def test_their_computing_counts_for_the_target_trained_longer() -> None:
    found = same_compute(
        planned(controls=["same-compute"]), Vocabulary(Size.of(32), ("background", "animal"), {}, counts={})
    )
    assert found.arm == "box + edges, fixed"
    assert found.factor > 1


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"balancers": ["fixed", "dwaa"]}, "balancer.kind is 'dwaa' (did you mean 'dwa'?)"),
        ({"balancers": ["dwa", "dwa"]}, "study: balancers names dwa twice"),
        ({"auxiliaries": [], "vary": ["data.target_per_batch=8"]}, "balancers weigh auxiliaries against the target"),
        ({"auxiliaries": [], "arms": [["box"]]}, "balancers cannot be combined with arms"),
        ({"tune_weights": [0.1, 0.3]}, "tune_weights cannot be combined with balancers"),
        ({"balancers": ["equal"], "weights": {"box": 1}}, "cannot be combined with the balancer equal, which takes no"),
        ({"balancers": [], "vary": ["balancer.kind=dwa"]}, "this arm has the target alone; give it auxiliaries"),
    ],
)
def test_what_could_say_nothing_is_refused(values: dict[str, Any], refusal: str) -> None:
    with pytest.raises(InputError) as refused:
        planned(**values)
    assert refusal in str(refused.value)
