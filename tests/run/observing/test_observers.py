"""What a run writes of itself while it trains: a line for every step, look and validation, and the model it keeps."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from auxseg.data.sample import Vocabulary
from auxseg.recipe import load_recipe
from auxseg.records.values.size import Size
from auxseg.run.directory import Run
from auxseg.run.model_file import ModelFacts
from auxseg.run.observing.observers import Recorder, now
from auxseg.training.gradients.conflict import Look
from auxseg.training.learner import StepResult
from auxseg.training.loop import Validation
from tests.raw_events import read_events
from tests.weights import load_weights

LOOK = Look({"mask": {"all": 2.0}}, {"box": {"all": math.nan}}, {"box": 0.01}, 0.5)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    recipe = load_recipe("tiny", ["training.optimizer.rate=0.02"])
    facts = ModelFacts(recipe, Vocabulary(Size.of(32), ("background", "cat"), {}), 0, {"segmentation": 3}, "abc")
    return Recorder(Run(tmp_path), facts, steps_per_epoch=2)


def _events(recorder: Recorder) -> list[dict[str, Any]]:
    return list(read_events(recorder.run.events_file))


def _result(**values: Any) -> StepResult:
    return StepResult(
        **{"losses": {"mask": 0.5}, "weights": {"mask": 1.0}, "factor": 0.25, "gradient_norm": 3.0, **values}
    )


def test_a_step_is_a_line_with_the_rate_that_it_took(recorder: Recorder) -> None:
    recorder.on_step(1, _result(), 0.12345678, 0.0100000049)
    assert _events(recorder) == [
        {
            "event": "step",
            "step": 1,
            "losses": {"mask": 0.5},
            "weights": {"mask": 1.0},
            "learning_rate": pytest.approx(0.005),
            "gradient_norm": 3.0,
            "seconds": 0.123457,
            "data_seconds": 0.01,
        }
    ]


def test_what_the_gradients_showed_is_a_line_under_the_step_that_followed(recorder: Recorder) -> None:
    recorder.on_step(3, _result(look=LOOK, phase="first"), 0.1, 0.0)
    step, look = _events(recorder)
    assert step["phase"] == "first"
    assert look == {
        "event": "gradients",
        "step": 3,
        "norms": {"mask": {"all": 2.0}},
        "cosines": {"box": {"all": None}},
        "affinities": {"box": 0.01},
        "seconds": 0.5,
        "phase": "first",
    }


def test_a_validation_is_a_line_whatever_its_figures(recorder: Recorder) -> None:
    figures = {"mask": {"iou": 0.5, "f1": math.nan}}
    recorder.on_validation(Validation(4, 2 / 3, figures, {"mask": math.inf}, 1.5, True))
    assert _events(recorder) == [
        {
            "event": "validation",
            "step": 4,
            "epoch": 0.6667,
            "figures": {"mask": {"iou": 0.5, "f1": None}},
            "losses": {"mask": None},
            "seconds": 1.5,
            "best": True,
        }
    ]


def test_a_validation_names_the_classes_that_were_lost(recorder: Recorder) -> None:
    recorder.on_validation(Validation(4, 1.0, {}, {}, 1.5, True, lost={"pole": 0.004}))
    assert _events(recorder)[0]["lost"] == {"pole": 0.004}
    kept = recorder.run.events.kept
    assert kept is not None
    assert kept.lost == {"pole": 0.004}


def test_a_run_without_phases_names_none(recorder: Recorder) -> None:
    recorder.on_step(1, _result(look=LOOK), 0.1, 0.0)
    recorder.on_validation(Validation(1, 0.5, {}, {}, 1.0, False, "last"))
    assert ["phase" in event for event in _events(recorder)] == [False, False, True]


def test_the_table_follows_epochs_and_validations_and_ends_with_what_is_left(recorder: Recorder) -> None:
    def num_rows() -> int:
        table = recorder.run.directory / "history.csv"
        return len(table.read_text().splitlines()) - 1 if table.exists() else 0

    seen = []
    for step in range(1, 6):
        recorder.on_step(step, _result(), 0.1, 0.0)
        if step == 4:
            recorder.on_validation(Validation(4, 2.0, {"mask": {"iou": 0.5}}, {"mask": 0.5}, 1.0, True))
        seen.append(num_rows())
    recorder.conclude(5, "early stopping", 12.5, 1000)
    assert seen == [0, 0, 1, 2, 2]
    assert num_rows() == 3
    last = _events(recorder)[-1]
    assert datetime.datetime.fromisoformat(last.pop("time")).utcoffset() == datetime.timedelta(0)
    expected = {"event": "end", "step": 5, "reason": "early stopping", "seconds": 12.5, "peak_memory_bytes": 1000}
    assert last == expected


@pytest.mark.parametrize("value", [0.75, None])
def test_the_model_that_is_kept_says_of_which_step_and_figure_it_is(recorder: Recorder, value: float | None) -> None:
    learner: Any = type("Learner", (), {"network": nn.Linear(2, 3)})
    recorder.on_best(learner, 7, value)
    weights, metadata = load_weights(recorder.run.best_file)
    assert torch.equal(weights["weight"], learner.network.weight)
    assert metadata["validation_figure"] == ("" if value is None else "0.75")
    facts = ModelFacts.unpack(metadata, recorder.run.best_file)
    assert (facts.step, facts.labelled, facts.data) == (7, {"segmentation": 3}, "abc")
    assert recorder.facts.step == 0


def test_a_resumed_run_begins_its_table_with_what_the_log_holds(recorder: Recorder) -> None:
    for step in (1, 2):
        recorder.on_step(step, _result(), 0.1, 0.0)
    table = recorder.run.directory / "history.csv"
    assert not table.exists()
    again = Recorder(recorder.run, recorder.facts, steps_per_epoch=2)
    assert len(table.read_text().splitlines()) == 2
    again.conclude(2, "finished", 1.0, 1)
    assert len(table.read_text().splitlines()) == 2


def test_the_time_is_said_to_the_second_with_its_zone() -> None:
    assert len(now()) == len("2026-01-01T00:00:00+00:00")
    assert abs(datetime.datetime.fromisoformat(now()).timestamp() - datetime.datetime.now().timestamp()) < 5
