"""Delta m of an arm against the smallest sets in which the study learns each task, worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from auxseg.data.store.store import Store
from auxseg.recipe import build_tasks
from auxseg.records.arm_result import DeltaM
from auxseg.study.answers.change_of_all_tasks import change_of_all_tasks, known
from auxseg.study.answers.figures import RunFigures
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from tests.study.small import small_config

PLAN = make_plan(small_config(auxiliaries=("classification", "box"), weights={}, design="all-but-one", seeds=1))
TOGETHER = Arm(("classification", "box"))


def change(study: Path, store: Path, arm: Arm, figures: dict[str, dict[str, float]]) -> DeltaM | None:
    """Of runs that reached these main figures, by arm and task."""
    for run in PLAN.runs:
        directory = StudyDirectory(study).run_directory(run)
        directory.mkdir(parents=True, exist_ok=True)
        metrics = {
            "split": "test",
            "num_images": 8,
            "checkpoint_step": 4,
            "target": "segmentation",
            "data": {"name": "", "content_hash": "", "size": 32, "resize": "", "border": "", "splits": {}},
            "figures": {task: {"iou_dataset": value} for task, value in figures[run.arm.name].items()},
            "seconds": 1.0,
        }
        (directory / "metrics.json").write_text(json.dumps(metrics))
    vocabulary = Store.open(store).vocabulary
    tasks = {name: task for run in PLAN.runs for name, task in build_tasks(run.recipe, vocabulary).items()}
    runs = {each: {run.seed: (run,) for run in PLAN.runs if run.arm == each} for each in PLAN.arms}
    return change_of_all_tasks(
        RunFigures(StudyDirectory(study), tasks["segmentation"], "iou_dataset"), tasks, arm, runs
    )


ALONE = {
    "target only": {"segmentation": 0.5},
    "classification": {"segmentation": 0.1, "classification": 0.8},
    "box": {"segmentation": 0.1, "box": 0.4},
}
BOTH = {"classification + box": {"segmentation": 0.6, "classification": 0.6, "box": 0.5}}


def test_it_is_the_mean_of_the_relative_changes(store: Path, tmp_path: Path) -> None:
    found = change(tmp_path, store, TOGETHER, ALONE | BOTH)
    assert found is not None
    # (0.6 - 0.5) / 0.5 = 20 %, (0.6 - 0.8) / 0.8 = -25 %, (0.5 - 0.4) / 0.4 = 25 %
    assert found.mean == pytest.approx((0.2 - 0.25 + 0.25) / 3)
    assert (found.tasks, found.left_out) == (("segmentation", "classification", "box"), ())
    assert found.interval == (None, None), "one seed has no interval"


def test_a_task_that_is_0_alone_is_named_as_left_out(store: Path, tmp_path: Path) -> None:
    found = change(tmp_path, store, TOGETHER, ALONE | BOTH | {"box": {"box": 0.0}})
    assert found is not None
    assert (found.tasks, found.left_out) == (("segmentation", "classification"), ("box",))
    assert found.mean == pytest.approx((0.2 - 0.25) / 2)


@pytest.mark.parametrize("arm", [Arm(("box",)), Arm()])
def test_a_single_auxiliary_has_nothing_to_be_compared_with(store: Path, tmp_path: Path, arm: Arm) -> None:
    assert change(tmp_path, store, arm, ALONE | BOTH) is None


def test_a_number_that_is_not_finite_is_not_known() -> None:
    assert [known(value) for value in (0.5, math.nan, math.inf)] == [0.5, None, None]
