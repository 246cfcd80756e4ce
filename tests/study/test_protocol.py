"""When the test split is read, and by which split the best arm is chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.recipe import load_recipe
from auxseg.records.names import STUDY_FILE
from auxseg.run import evaluate, train
from auxseg.study.best_recipe import best_on_validation
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.local import LocalWorkers
from auxseg.study.execution.trainings import Execution
from auxseg.study.study import Study
from tests.raw_events import read_events
from tests.study.small import box_alone, run_study, set_validation, small_config


def readings(study: Path) -> list[str]:
    """The splits that were read by any run of a study."""
    files = study.glob("runs/*/events.jsonl")
    return [event["split"] for file in files for event in read_events(file) if event["event"] == "evaluate"]


def test_the_test_split_is_read_when_every_planned_seed_is_trained(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, evaluated = box_alone(), []
    before = LocalWorkers.evaluate

    def checked(self: LocalWorkers, study: StudyDirectory, data: Path, plan: Plan) -> None:
        assert readings(study.path) == []
        assert all(study.is_done(run) for run in make_plan(config).runs)
        evaluated.extend(run.directory_name for run in plan.runs)
        before(self, study, data, plan)

    monkeypatch.setattr(LocalWorkers, "evaluate", checked)
    run_study(config, store, tmp_path / "study")
    assert sorted(evaluated) == sorted(run.directory_name for run in make_plan(config).runs)
    assert readings(tmp_path / "study") == ["test"] * 4


def test_a_study_that_was_stopped_has_read_nothing(store: Path, tmp_path: Path) -> None:
    config, study = box_alone(), StudyDirectory(tmp_path / "study")

    def stop_after_the_first_run(plan: Plan) -> None:
        if any(study.is_done(run) for run in plan.runs):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Study(config, store, study).run(Execution(threads=1, watch=stop_after_the_first_run))
    assert any(study.is_done(run) for run in make_plan(config).runs)
    assert readings(study.path) == []
    assert not list(study.path.glob("runs/*/metrics.json"))
    assert not (study.path / STUDY_FILE).exists()


@pytest.mark.usefixtures("sealed_test_split")
def test_training_reads_no_row_of_the_test_split(store: Path, tmp_path: Path) -> None:
    run = train(make_plan(box_alone()).runs[1].recipe, store, tmp_path / "run")
    with pytest.raises(AssertionError, match="a row of the test split was read"):
        evaluate(run)


@pytest.mark.parametrize(("best", "worst"), [("box", "target only"), ("target only", "box")])
def test_the_best_arm_is_chosen_by_validation_where_the_test_split_disagrees(
    study: Path, store: Path, tmp_path: Path, best: str, worst: str
) -> None:
    result = json.loads((study / "study.json").read_text())
    (answer,) = result["answers"]
    arms = {"target only": answer["baseline"], **{arm["name"]: arm for arm in answer["arms"]}}
    for name, validation, test in ((best, 0.9, 0.1), (worst, 0.2, 0.8), ("classification", 0.3, 0.7)):
        set_validation(study, name.replace(" ", "-"), validation)
        arms[name] |= {"figure": test, "figure_per_seed": {"0": test, "1": test}, "difference": test - 0.5}
        for file in study.glob(f"runs/{name.replace(' ', '-')}-masks*/metrics.json"):
            metrics = json.loads(file.read_text())
            metrics["figures"]["segmentation"]["iou_dataset"] = test
            file.write_text(json.dumps(metrics))
    name, recipe = best_on_validation(Study(small_config(), store, StudyDirectory(study)), higher_is_better=True)
    assert name == best
    (tmp_path / "best.yaml").write_text(recipe)
    assert set(load_recipe(tmp_path / "best.yaml").tasks) == {"segmentation", *({"box"} if best == "box" else ())}


def test_an_arm_that_was_judged_earlier_may_be_the_best(study: Path, store: Path, tmp_path: Path) -> None:
    for name, value in (("box", 0.9), ("target-only", 0.2), ("classification", 0.3)):
        set_validation(study, name, value)
    config = small_config(auxiliaries=("classification",), weights={"classification": 0.0})
    name, recipe = best_on_validation(Study(config, store, StudyDirectory(study)), higher_is_better=True)
    assert name == "box"
    (tmp_path / "best.yaml").write_text(recipe)
    assert set(load_recipe(tmp_path / "best.yaml").tasks) == {"segmentation", "box"}
