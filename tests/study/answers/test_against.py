"""Balancers of the same auxiliaries are compared with the first of them, too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.store.store import Store
from auxseg.recipe import build_tasks
from auxseg.records.study import read_study
from auxseg.report import study_page
from auxseg.statistics.simultaneous import Criteria, compare, conclude, tabulate
from auxseg.study.answers.figures import RunFigures
from auxseg.study.design.arm import Arm, balanced, is_balanced
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from tests.report.html import Page
from tests.study.small import run_study, small_config

BALANCERS = ("equal", "dwa", "pcgrad")


def asked(balancers: tuple[str, ...] = BALANCERS) -> Any:
    return small_config(
        method="simultaneous", auxiliaries=("box",), weights={}, design="together", balancers=balancers, seeds=3
    )


@pytest.fixture(scope="module")
def study(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("against") / "study"
    run_study(asked(), store, out)
    return out


def test_it_says_what_a_table_without_the_target_alone_says(study: Path, store: Path) -> None:
    plan = make_plan(asked())
    target = build_tasks(plan.runs[0].recipe, Store.open(store).vocabulary)["segmentation"]
    figures = RunFigures(StudyDirectory(study), target, target.main_figure)
    runs: dict[str, dict[int, Any]] = {}
    for run in plan.runs:
        if run.arm.auxiliaries:
            runs.setdefault(run.arm.name, {})[run.seed] = figures.per_image((run,))
    first, *others = runs
    comparison = compare(tabulate(runs, first), Criteria(), ())
    (answer,) = read_study(study).answers
    (group,) = answer.against
    assert first == group.reference == "box, equal"
    assert [arm.name for arm in group.arms] == others == ["box, dwa", "box, pcgrad"]
    for arm in group.arms:
        interval = comparison.arms[arm.name]
        assert arm.difference == pytest.approx(interval.difference)
        assert arm.interval == pytest.approx((interval.low, interval.high))
        assert arm.verdict == conclude(interval, Criteria()).leading
        assert arm.sentence.startswith(f"{arm.name}: {arm.verdict}: ")
    alone = {arm.name: arm.difference or 0 for arm in answer.arms}
    for arm in group.arms:
        assert arm.difference == pytest.approx(alone[arm.name] - alone[group.reference], abs=1e-6)


def test_who_has_seen_verdicts_cannot_choose_with_what_they_are_compared(
    study: Path, store: Path, tmp_path: Path
) -> None:
    shutil.copytree(study, tmp_path / "study")
    (before,) = read_study(study).answers
    run_study(asked(("pcgrad",)), store, tmp_path / "study")
    (again,) = read_study(tmp_path / "study").answers
    assert again.against == before.against
    assert [arm.name for arm in again.arms] == [arm.name for arm in before.arms]
    text = Page(study_page(tmp_path / "study").read_text()).text
    assert "Balancers beside box, equal" in text


def test_the_page_has_their_table(study: Path) -> None:
    page = Page(study_page(study).read_text())
    assert page.faults == []
    table = page.text.partition("Balancers beside box, equal")[2].partition("by seed")[0]
    assert "box, pcgrad" in table
    assert "judged together, apart from those above" in table


@pytest.mark.parametrize(
    ("arm", "is_one"),
    [
        (balanced(("box",), "dwa"), True),
        (Arm(("box",)), True),
        (Arm(("box",), settings=("balancer.weights.box=2", "training.steps=9")), False),
        (Arm(), False),
    ],
)
def test_arms_that_differ_in_more_are_no_balancers(arm: Arm, is_one: bool) -> None:
    assert is_balanced(arm) == is_one
