"""A small study that is judged as a whole, from its question to its page."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks
from auxseg.records.study import read_study
from auxseg.report import study_page
from auxseg.statistics.simultaneous import Criteria, Statement, compare, conclude, tabulate
from auxseg.study.answers.figures import RunFigures
from auxseg.study.best_recipe import best_recipe
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.study import Study
from tests.report.html import Page
from tests.study.small import run_study, small_config

EIGHT = "data.target_per_batch=8"
QUESTION: dict[str, Any] = {
    "method": "simultaneous",
    "auxiliaries": ("box",),
    "weights": {},
    "vary": (EIGHT,),
    "controls": ("noise",),
    "label_fractions": (0.5,),
    "seeds": 3,
}


def asked(**values: Any) -> Any:
    return small_config(**{**QUESTION, **values})


@pytest.fixture(scope="module")
def whole(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of three seeds."""
    out = tmp_path_factory.mktemp("simultaneous") / "study"
    run_study(asked(), store, out)
    return out


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "study"))


def test_it_says_what_its_table_says(whole: Path, store: Path) -> None:
    """The same runs, read and judged without the study's own code."""
    found = read_study(whole)
    assert (found.rules.method, found.rules.margin, found.rules.mirrored) == ("simultaneous", 0.01, True)
    plan = make_plan(dataclasses.replace(asked()))
    target = build_tasks(plan.runs[0].recipe, Store.open(store).vocabulary)["segmentation"]
    figures = RunFigures(StudyDirectory(whole), target, target.main_figure)
    runs: dict[str, dict[int, Any]] = {}
    for run in plan.runs:
        (folder,) = whole.glob(f"runs/{run.arm.words}-masks0.5-seed{run.seed}-*")
        runs.setdefault(run.arm.name, {})[run.seed] = (
            figures.per_image((run,)) if folder.name == run.directory_name else 0
        )
    comparison = compare(tabulate(runs, "target only"), Criteria(), ["noise"])
    (answer,) = found.answers
    assert [arm.name for arm in answer.arms] == ["box", EIGHT, "noise"]
    for arm in answer.arms:
        interval = comparison.arms[arm.name]
        assert arm.difference == pytest.approx(interval.difference)
        assert arm.interval == pytest.approx((interval.low, interval.high))
        assert arm.verdict == conclude(interval, Criteria()).leading
        assert arm.sentence.startswith(f"{arm.name}: {arm.verdict}: {arm.bounds} (")
        assert (arm.p_value, arm.level) == (None, 0.05)
        assert arm.figure is not None
        assert answer.baseline.figure is not None
        assert arm.figure - answer.baseline.figure == pytest.approx(sum(arm.per_seed.values()) / 3, abs=2e-3)
    assert answer.spread is not None
    assert answer.choice is not None
    assert (answer.arms[0].expected is None, answer.arms[2].expected) == (False, None)


def test_every_arm_says_how_many_masks_it_saw(whole: Path) -> None:
    (answer,) = read_study(whole).answers
    seen = {arm.name: arm.masked_per_step for arm in answer.arms}
    assert seen[EIGHT] == 8
    assert seen["box"] == seen["noise"] == answer.baseline.masked_per_step == pytest.approx(7, abs=1)


def test_its_page_begins_with_what_is_known(study: Path) -> None:
    page = Page(study_page(study).read_text())
    (answer,) = read_study(study).answers
    assert page.faults == []
    first = page.text.partition("Every arm in full")[0]
    assert "What helps segmentation?" in first
    assert "hold together: of 100 such studies, 95 say nothing false." in first
    assert "Every image is measured as it is and mirrored." in first
    assert answer.choice is not None
    assert answer.choice.sentence in first
    assert f"Samples with a mask in a training step, on average: 8 in {EIGHT}" in first
    for statement in Statement:
        assert f"{statement} The interval" in page.text or statement is Statement.OPEN
    assert "Holm" not in page.text


def test_what_it_recommends_is_the_best(whole: Path, store: Path) -> None:
    found = read_study(whole)
    name, recipe = best_recipe(Study(asked(), store, StudyDirectory(whole)), found)
    (answer,) = found.answers
    assert answer.choice is not None
    assert name == (answer.choice.use or "target only")
    assert ("target_per_batch: 8" in recipe) == (name == EIGHT)


def test_the_same_question_is_answered_the_same(study: Path, store: Path) -> None:
    before = (study / "study.json").read_bytes()
    run_study(asked(method=None), store, study)  # the directory knows how it was begun
    assert json.loads((study / "study.json").read_bytes()) == json.loads(before)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": 4}, "looks were planned at 3 seeds before anything was trained"),
        ({"looks": [3, 6], "seeds": 3}, "looks were planned at 3 seeds before anything was trained"),
        ({"seeds": 2}, "verdicts were given with 3 seeds, and fewer seeds would let you choose among them"),
        ({"method": "per-arm"}, "was begun under method simultaneous, so method per-arm is another question"),
        ({"margin": 0.02}, "margin was 0.01 and is now 0.02"),
        ({"mirrored": False}, "mirrored was True and is now not given"),
    ],
)
def test_what_was_not_planned_is_refused(values: dict[str, Any], message: str, whole: Path, store: Path) -> None:
    with pytest.raises(InputError) as refused:
        Study(asked(**values), store, StudyDirectory(whole)).plan()
    assert message in str(refused.value)


def test_an_arm_that_is_added_is_judged_by_itself_and_changes_nothing_else(study: Path, store: Path) -> None:
    (before,) = read_study(study).answers
    run_study(asked(auxiliaries=("box", "classification")), store, study)
    (after,) = read_study(study).answers
    added = next(arm for arm in after.arms if arm.name == "classification")
    kept = {arm.name: arm for arm in after.arms if arm is not added}
    assert added.family == 1
    assert any(remark.startswith("classification: added after verdicts were given") for remark in after.remarks)
    for arm in before.arms:
        assert kept[arm.name] == dataclasses.replace(arm, expected=kept[arm.name].expected)
    page = Page(study_page(study).read_text())
    assert "and so judged as a family of its own." in page.text


def test_seeds_are_counted_from_the_first_one_asked_for(store: Path, tmp_path: Path) -> None:
    """From training to page, and where an arm is added that brings those judged before with it."""
    values = {**QUESTION, "controls": (), "vary": (), "first_seed": 3}
    out, seeds = tmp_path / "study", ["3", "4", "5"]
    run_study(small_config(**values), store, out)
    (answer,) = read_study(out).answers
    assert [*answer.baseline.figure_per_seed] == [*answer.arms[0].per_seed] == seeds
    assert answer.arms[0].missing_seeds == ()
    by_seed = Page(study_page(out).read_text()).text.partition("by seed")[2].partition("mean")[0]
    assert all(seed in by_seed.split() for seed in seeds)
    assert "\N{EN DASH}" not in by_seed.split()
    run_study(small_config(**{**values, "auxiliaries": ("classification",)}), store, out)
    (answer,) = read_study(out).answers
    assert {arm.name: [*arm.per_seed] for arm in answer.arms} == {"box": seeds, "classification": seeds}
    assert {path.name.split("seed")[1][0] for path in out.glob("runs/*")} == {*seeds}


def test_what_differences_vary_with_is_each_arms_own(whole: Path) -> None:
    (answer,) = read_study(whole).answers
    for arm in answer.arms:
        own = np.var([*arm.per_seed.values()], ddof=1)
        assert arm.variances.rest is not None
        assert arm.variances.seed == pytest.approx(max(own - arm.variances.rest / arm.num_images, 0))
    assert len({arm.variances.image for arm in answer.arms}) > 1


def test_two_seeds_give_figures_and_no_verdict_and_are_no_look(store: Path, tmp_path: Path) -> None:
    values = {**QUESTION, "controls": (), "vary": ()}
    out = tmp_path / "study"
    (answer,) = run_study(small_config(**{**values, "seeds": 2}), store, out)["answers"]
    (arm,) = answer["arms"]
    assert (arm["verdict"], arm["interval"]) == ("no verdict", [None, None])
    assert "box: no verdict: needs at least 3 seeds, has 2 (" in arm["sentence"]
    assert arm["difference"] is not None
    assert json.loads((out / "about.json").read_text()).get("looked_at") is None
    assert "Train 5 seeds" in Page(study_page(out).read_text()).text
    found = run_study(small_config(**{**values, "seeds": 3}), store, out)  # looks may be planned anew
    assert (found["rules"]["looks_at"], found["looked_at"]) == ([3], [3])


def test_looks_are_taken_as_planned(study: Path, store: Path) -> None:
    about = json.loads((study / "about.json").read_text())
    about["question"]["looks_at"] = [3, 4]
    (study / "about.json").write_text(json.dumps(about))
    last = run_study(asked(looks=[3, 4], seeds=4), store, study)
    assert (last["rules"]["looks_at"], last["looked_at"]) == ([3, 4], [3, 4])
    with pytest.raises(InputError, match="with 4 seeds, and fewer seeds would let you choose among them"):
        run_study(asked(looks=[3, 4], seeds=3), store, study)


def test_an_arm_of_which_a_run_diverged_is_not_recommended(study: Path, store: Path) -> None:
    (before,) = read_study(study).answers
    assert before.choice is not None
    best = before.choice.use or EIGHT
    run = next(each for each in Study(asked(), store, StudyDirectory(study)).plan().runs if each.arm.name == best)
    StudyDirectory(study).failure_file(run).write_text("too steep")
    run_study(asked(), store, study)
    (after,) = read_study(study).answers
    assert after.choice is not None
    assert after.choice.use != best
    arm = next(each for each in after.arms if each.name == best)
    assert (arm.num_diverged, arm.missing_seeds) == (1, (0,))
    assert "without 1 run that diverged" in arm.sentence
