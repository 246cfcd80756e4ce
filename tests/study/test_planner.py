"""What a study would find out is foreseen from how figures vary and how long trainings take."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks
from auxseg.records.about import PlannedTraining, write_planned
from auxseg.statistics.simultaneous import USUAL, Design, prospect
from auxseg.study.at_hand import TABLE, Images, Known, num_measured
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.rules import with_rules
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.time_estimate import Effort
from auxseg.study.planner import designed, fit, foresee, outlook, within
from auxseg.study.study import Study
from tests.study.small import small_config

KNOWN = Known(USUAL, TABLE)
IMAGES = Images(100, 700)
HOUR = 3600.0


def planned(**values: Any) -> Plan:
    config = small_config(**{"method": "simultaneous", "weights": {}, "seeds": 5, **values})
    return dataclasses.replace(make_plan(with_rules(config, None, Path("x"))), mirrored=True)


def effort(plan: Plan, seconds: float = 60.0) -> Effort:
    """As long for every arm."""
    return Effort(len(plan.runs), 0, seconds * len(plan.runs), {arm.name: seconds for arm in plan.arms})


def test_it_is_foreseen_by_the_formula_of_designs() -> None:
    plan = planned(controls=("noise",))
    found = outlook(plan, effort(plan), IMAGES, KNOWN, workers=2)
    assert found.design == Design(3, 5, 100, mirrored=True)
    assert found.prospect == prospect(found.design, 0.01)
    assert found.seconds == 5 * 5 * 60 / 2
    assert found.margin == 0.01


def test_shares_of_the_masks_are_studies_of_their_own() -> None:
    plan = planned(label_fractions=(0.5, 1.0))
    assert outlook(plan, effort(plan), IMAGES, KNOWN, workers=1).seconds == 2 * 5 * 4 * 60


def test_looks_widen_what_is_foreseen() -> None:
    once, twice = (planned(looks=looks, seeds=6) for looks in (None, [3, 6]))
    widths = [outlook(plan, effort(plan), IMAGES, KNOWN, 1).prospect for plan in (once, twice)]
    assert widths[0] is not None
    assert widths[1] is not None
    assert widths[0].half_width < widths[1].half_width < 1.1 * widths[0].half_width


def test_mirrored_figures_of_an_earlier_study_are_not_narrowed_again() -> None:
    plan = planned()
    earlier = Known(USUAL, "the study before", mirrored=True)
    assert outlook(plan, effort(plan), IMAGES, earlier, 1).design.mirrored is False


def test_there_are_alternatives_cheaper_as_expensive_and_larger() -> None:
    plan = planned()
    found = outlook(plan, effort(plan), IMAGES, KNOWN, workers=1)
    cheaper, same, larger = found.alternatives
    assert (cheaper.kind, same.kind, larger.kind) == ("cheaper", "same", "larger")
    assert (cheaper.changes, cheaper.seconds) == ({"seeds": 3}, 3 * 4 * 60)
    assert same.changes == {"auxiliaries": "classification,box", "seeds": 7}
    assert same.seconds == pytest.approx(found.seconds, rel=0.1)
    assert found.prospect is not None
    assert larger.changes == {"seeds": found.prospect.seeds_needed}
    widths = [each.prospect.half_width for each in found.alternatives]
    assert widths[0] > found.prospect.half_width > max(widths[1:])
    assert widths[2] <= found.margin


def test_where_test_images_limit_folds_are_offered() -> None:
    plan, few = planned(seeds=20), Images(20, 700)
    found = outlook(plan, effort(plan), few, KNOWN, workers=1)
    assert found.prospect is not None
    assert found.prospect.images_limit
    folds = found.alternatives[-1]
    assert (folds.kind, folds.changes, folds.seconds) == ("folds", {"folds": 5}, 5 * found.seconds)
    assert "700 images are tested instead of 20" in folds.words
    crossed = planned(seeds=20, folds=5)
    asked = outlook(crossed, effort(crossed), few, KNOWN, workers=1)
    assert (asked.num_folds, asked.design.num_images, asked.seconds) == (5, 700, folds.seconds)
    assert asked.prospect is not None
    assert asked.prospect.half_width == pytest.approx(folds.prospect.half_width)
    assert "folds" not in [each.kind for each in asked.alternatives]
    assert (found.foldable, asked.foldable) == (True, False)


def test_folds_are_not_offered_where_weights_are_tuned() -> None:
    plan, few = planned(seeds=20, tune_weights=(0.1, 1.0)), Images(20, 700)
    found = outlook(plan, effort(plan), few, KNOWN, workers=1)
    assert found.prospect is not None
    assert found.prospect.images_limit
    assert "folds" not in [each.kind for each in found.alternatives]
    assert not found.foldable


@pytest.mark.parametrize(
    ("values", "words", "changes"),
    [
        ({"design": "all-but-one"}, "each auxiliary alone", {"design": "each"}),
        ({"vary": ("data.target_per_batch=8",)}, "without the settings of --vary", {"vary": ()}),
        ({"auxiliaries": ("box",), "controls": ("noise",)}, "without controls", {"controls": None}),
    ],
)
def test_for_the_same_time_something_is_left_out(values: dict[str, Any], words: str, changes: dict[str, Any]) -> None:
    plan = planned(**values)
    same = next(each for each in outlook(plan, effort(plan), IMAGES, KNOWN, 1).alternatives if each.kind == "same")
    assert words in same.words
    assert changes.items() <= same.changes.items()


def test_one_arm_has_nothing_to_leave_out() -> None:
    plan = planned(auxiliaries=("box",), seeds=3)
    kinds = [each.kind for each in outlook(plan, effort(plan), IMAGES, KNOWN, 1).alternatives]
    assert kinds == ["larger"]


def test_two_seeds_have_no_prospect() -> None:
    plan = planned(seeds=2)
    assert outlook(plan, effort(plan), IMAGES, KNOWN, 1).prospect is None


def test_a_budget_buys_seeds_until_the_margin_is_reached() -> None:
    plan = planned(controls=("noise",), margin=0.007)
    config, found = within(plan, effort(plan), HOUR, IMAGES, KNOWN, workers=1)
    assert config.seeds == found.design.num_seeds == 12  # five arms a minute each
    assert found.dropped == ()
    again = make_plan(config)
    assert [arm.name for arm in again.arms] == [arm.name for arm in plan.arms]
    assert (
        within(plan, effort(plan), 100 * HOUR, IMAGES, KNOWN, 1)[0].seeds == prospect(found.design, 0.007).seeds_needed
    )


def test_a_small_budget_leaves_controls_and_arms_out() -> None:
    plan = planned(controls=("noise",), weights={"edges": 0.5})
    config, found = within(plan, effort(plan), 9 * 60.0, IMAGES, KNOWN, workers=1)
    assert (found.arms, found.dropped) == (("classification", "box"), ("edges", "noise"))
    assert (config.seeds, config.controls, config.weights) == (3, (), {})
    with pytest.raises(InputError, match=r"a budget of 5 min is too small: .* take 6 min, the smallest that works"):
        within(plan, effort(plan), 5 * 60.0, IMAGES, KNOWN, workers=1)


def test_a_budget_keeps_settings_of_arms() -> None:
    own = {"name": "eight", "settings": ["data.target_per_batch=8"]}
    plan = planned(auxiliaries=(), design=None, arms=[["box"], own])
    config, _ = within(plan, effort(plan), HOUR, IMAGES, KNOWN, workers=1)
    assert [arm.name for arm in make_plan(config).arms] == ["target only", "box", "eight"]


def test_a_study_whose_trainings_are_done_is_not_designed() -> None:
    plan = planned()
    partly = Effort(20, 15, 60.0, {"box": 60.0})
    with pytest.raises(InputError, match="--budget designs a study before it is begun"):
        within(plan, partly, HOUR, IMAGES, KNOWN, 1)


def test_what_a_budget_designed_is_found_again(tmp_path: Path, store: Path) -> None:
    config = small_config(method="simultaneous", weights={}, seeds=5)
    write_planned(tmp_path, [PlannedTraining("a", "target only", 0, 1.0), PlannedTraining("b", "box", 0, 1.0)])
    found = designed(Study(config, store, StudyDirectory(tmp_path)), (4,))
    assert found.seeds == 4
    assert [arm.name for arm in make_plan(found).arms] == ["target only", "box"]


def test_it_is_all_read_from_the_data(store: Path, tmp_path: Path) -> None:
    config = small_config(method="simultaneous", weights={}, auxiliaries=("box",), seeds=3)
    study = Study(config, store, StudyDirectory(tmp_path / "study"))
    plan = study.plan()
    found = foresee(study, plan, effort(plan))
    opened = Store.open(store)
    target = build_tasks(plan.runs[0].recipe, opened.vocabulary)["segmentation"]
    assert (
        found.design.num_images
        == num_measured(target, opened, opened.rows("test"))
        == int(opened.has_mask[opened.rows("test")].sum())
    )
    assert found.known == KNOWN
    assert fit(study, plan, effort(plan), 400.0)[0].seeds == 3  # of two arms a minute each
