"""Runs whose target learns from its own average: going on to the same bits, in parts, in phases and in studies."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.store.store import Store
from auxseg.evaluation.measure import Asked, measure
from auxseg.recipe import Recipe, load_recipe
from auxseg.report import report
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.study.design.config import check_study
from auxseg.study.design.plan import make_plan
from tests import forked
from tests.raw_events import read_events
from tests.run.checkpoints import learner_state, tensors
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt
from tests.weights import load_weights

CONSISTENCY = "tasks.consistency={kind: consistency, threshold: 0.5, ramp: 0.5, cutmix: 1}"
PHASES = "training.phases=[{name: first, share: 0.4, tasks: [segmentation]}, {name: then}]"


def _recipe(*settings: str, num_steps: int = 10) -> Recipe:
    return load_recipe("tiny", [*SETTINGS, f"training.steps={num_steps}", CONSISTENCY, *settings])


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("training.average=0",),
        ("tasks.consistency.decay=0.5", "model.norm=batch"),
        ("training.accumulate=2", "training.average=0", PHASES),
        ("model.sharing.kind=mtan", "training.watch=2"),
    ],
)
def test_a_stopped_run_goes_on_to_the_same_bits(settings: tuple[str, ...], store_path: Path, tmp_path: Path) -> None:
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(_recipe(*settings), store_path, tmp_path / "stopped", observers=[StopAt(7)])
    stopped = train(_recipe(*settings), store_path, tmp_path / "stopped", resume=True)
    assert any(event["event"] == "resume" and event["step"] < 10 for event in read_events(stopped.events_file))
    one, other = tensors(learner_state(whole)), tensors(learner_state(stopped))
    assert len(one) == len(other)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))
    assert ("teacher" in learner_state(whole)) == (
        settings not in [(), ("model.sharing.kind=mtan", "training.watch=2")]
    )


def test_a_run_is_measured_reported_and_asked_about_masks_alone(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(), store_path, tmp_path / "run")
    figures = evaluate(run)["figures"]["consistency"]
    assert 0 <= figures["agreement"] <= 1
    assert 0 < figures["sure_share"] <= 1  # of two classes one has at least half
    model = load(run)
    prediction = predict(model, torch.randint(0, 255, (40, 60, 3), dtype=torch.uint8).numpy())
    assert list(prediction.masks) == ["segmentation"]
    assert not prediction.pictures
    assert "consistency has no head of its own: another task" in report([run.directory]).read_text()
    losses = [event["losses"]["consistency"] for event in read_events(run.events_file) if event["event"] == "step"]
    assert all(map(math.isfinite, losses))
    assert 0 < losses[0] < losses[-1]  # the ramp


def test_evaluation_does_not_depend_on_how_images_are_batched(store_path: Path, tmp_path: Path) -> None:
    figures = []
    for name, batch in (("six", 6), ("two", 2)):
        run = train(_recipe(f"training.batch={batch}", num_steps=1), store_path, tmp_path / name)
        model = load(run)
        model.network.load_state_dict(load_weights(tmp_path / "six" / "best.safetensors")[0])
        store = Store.open(store_path)
        loader = EvaluationLoader(store, store.rows("val"), batch)
        found = measure(Asked(model.network, model.device, model.autocast), model.tasks, loader)
        figures.append(model.tasks["consistency"].figures(found.tables["consistency"]))
    assert figures[0] == pytest.approx(figures[1], rel=1e-6)


def test_a_study_takes_it_as_an_arm() -> None:
    plan = make_plan(check_study({"seeds": 1, "base": "tiny", "auxiliaries": ["consistency"]}))
    assert [arm.name for arm in plan.arms] == ["target only", "consistency"]
    assert plan.runs[1].recipe.tasks["consistency"].kind == "consistency"


def test_two_processes_end_with_the_weights_of_one(store_path: Path, tmp_path: Path) -> None:
    """Without CutMix, whose neighbours are those of the process."""
    settings = [
        "training.steps=3",
        "training.average=0",
        "training.optimizer={kind: sgd, rate: 0.1}",
        "tasks.consistency={kind: consistency, threshold: 0.5, cutmix: 0}",
    ]
    one = train(load_recipe("tiny", [*SETTINGS, *settings]), store_path, tmp_path / "one")
    asked = ["train", "tiny", "--data", store_path, "--out", tmp_path / "two", "--device", "cpu"]
    forked.train_in_two([*asked, "--set", *SETTINGS, *settings], tmp_path)
    two = Run.open(tmp_path / "two")
    for key in ("network", "teacher"):
        pairs = zip(tensors(learner_state(one)[key]), tensors(learner_state(two)[key]), strict=True)
        for mine, theirs in pairs:
            torch.testing.assert_close(theirs, mine, rtol=1e-4, atol=1e-5)
