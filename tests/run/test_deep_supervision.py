"""Runs whose decoder is deeply supervised: what is counted, measured and kept, and going on to the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.errors import InputError
from auxseg.models import build_network
from auxseg.recipe import Recipe, load_recipe
from auxseg.report import report
from auxseg.run import Run, evaluate, load, predict, train
from auxseg.study.design.config import check_study
from auxseg.study.design.plan import make_plan
from auxseg.tasks.task import Dense, Output, SideOutputs
from tests.raw_events import read_events
from tests.run.checkpoints import learner_state, tensors
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt

DEEP = ("model.encoder.channels=[4, 6, 8]", "tasks.deep={kind: deep-supervision, levels: 2}")
PHASES = "training.phases=[{name: first, share: 0.4, tasks: [segmentation]}, {name: then}]"
ALONE = "training.phases=[{name: first, share: 0.4, tasks: [deep], train: [head deep]}, {name: then}]"


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny", [*SETTINGS, "training.steps=8", *DEEP, *settings])


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("training.accumulate=2", PHASES),
        (ALONE, "training.optimizer={kind: adamw, weight_decay: 0.5}"),
        ("model.sharing.kind=mtan", "training.watch=2", "model.norm=batch"),
        ("tasks.edges.kind=edges", "model.sharing.kind=cross-stitch", "balancer={kind: uncertainty}"),
    ],
)
def test_a_stopped_run_goes_on_to_the_same_bits(settings: tuple[str, ...], store_path: Path, tmp_path: Path) -> None:
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(_recipe(*settings), store_path, tmp_path / "stopped", observers=[StopAt(6)])
    stopped = train(_recipe(*settings), store_path, tmp_path / "stopped", resume=True)
    assert any(event["event"] == "resume" and event["step"] < 8 for event in read_events(stopped.events_file))
    one, other = tensors(learner_state(whole)), tensors(learner_state(stopped))
    assert len(one) == len(other)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def test_a_run_is_measured_and_asked_about_masks_alone(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(), store_path, tmp_path / "run")
    start = next(event for event in read_events(run.events_file) if event["event"] == "start")
    assert start["parameters"]["head deep"] > 0
    assert start["labelled"]["deep"] == start["labelled"]["segmentation"]
    for mirrored in (False, True):
        figures = evaluate(run, mirrored=mirrored)["figures"]["deep"]
        assert 0 <= figures["iou_dataset"] <= 1
    prediction = predict(load(run), np.zeros((40, 60, 3), np.uint8))
    assert list(prediction.masks) == ["segmentation"]
    assert not prediction.pictures
    assert "has no head of its own" not in report([run.directory]).read_text()


def test_a_phase_without_the_target_leaves_the_targets_head_as_it_was(store_path: Path, tmp_path: Path) -> None:
    phases = "training.phases=[{name: first, share: 0.75, tasks: [deep]}, {name: then}]"
    recipe = _recipe(phases, "training.optimizer={kind: adamw, weight_decay: 0.5}")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, store_path, tmp_path / "run", observers=[StopAt(6)])
    outputs: dict[str, Output] = {"segmentation": Dense(2), "deep": SideOutputs(Dense(2), 2)}
    before = build_network(recipe.model, outputs, recipe.seed, "segmentation").state_dict()
    after = learner_state(Run(tmp_path / "run"))["network"]
    assert before.keys() == after.keys()
    is_kept = {name: torch.equal(before[name], value) for name, value in after.items()}
    assert all(kept for name, kept in is_kept.items() if "segmentation.head" in name)
    assert not any(kept for name, kept in is_kept.items() if name.startswith("side_heads"))


@pytest.mark.parametrize("sharing", ["{kind: hard, decoder: shared}", "{kind: mtan, attention: encoder-decoder}"])
def test_a_shared_decoder_is_refused_when_the_recipe_is_read(sharing: str) -> None:
    with pytest.raises(InputError, match=r"tasks\.deep reads the steps of the decoder of 'segmentation', but model"):
        _recipe(f"model.sharing={sharing}")


def test_a_study_takes_it_as_an_arm() -> None:
    plan = make_plan(check_study({"seeds": 1, "base": "tiny", "auxiliaries": ["deep-supervision"]}))
    assert [arm.name for arm in plan.arms] == ["target only", "deep-supervision"]
    assert plan.runs[1].recipe.tasks["deep-supervision"].kind == "deep-supervision"
