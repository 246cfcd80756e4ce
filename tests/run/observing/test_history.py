"""history.csv holds a row for every epoch, whether or not it ends with a validation."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path
from typing import Any

import pytest

from auxseg.recipe import Recipe, load_recipe
from auxseg.run import Run, train
from auxseg.run.observing.history import History
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation
from tests.raw_events import read_events
from tests.records.made_events import make_step, make_validation
from tests.run.conftest import SETTINGS

RANDOM = "balancer={kind: random, distribution: bernoulli}"
UNVALIDATED = "data.train_on=train+val"


class Looking(Observer):
    """Notes how long history.csv is before every step, and may stop the run like Ctrl-C."""

    def __init__(self, run: Run, stop_after: int | None = None) -> None:
        self.run, self.stop_after = run, stop_after
        self.num_rows: list[int] = []

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        self.num_rows.append(len(_rows(self.run)) if (self.run.directory / "history.csv").exists() else 0)
        if step == self.stop_after:
            raise KeyboardInterrupt

    def on_validation(self, validation: Validation) -> None:
        """Go on."""

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Go on."""


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny-mtl", [*SETTINGS, RANDOM, *settings])


def _rows(run: Run) -> list[dict[str, str]]:
    with (run.directory / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _check_means(run: Run, rows: list[dict[str, str]]) -> None:
    steps: list[dict[str, Any]] = [event for event in read_events(run.events_file) if event["event"] == "step"]
    since = 0
    for row in rows:
        seen = steps[since : int(row["step"])]
        for task in ("segmentation", "classification", "box"):
            for column, key in (("training_loss", "losses"), ("weight", "weights")):
                mean = statistics.fmean(step[key][task] for step in seen if task in step[key])
                assert float(row[f"{task}.{column}"]) == pytest.approx(mean)
        since = int(row["step"])


def test_without_validation_every_epoch_has_a_row(store_path: Path, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    looking = Looking(run)
    train(_recipe(UNVALIDATED, "training.epochs=2.5"), store_path, run.directory, observers=[looking])
    epoch, rows = run.start.steps_per_epoch, _rows(run)
    assert [int(row["step"]) for row in rows] == [epoch, 2 * epoch, run.recipe.training.steps]
    assert [float(row["epoch"]) for row in rows[:2]] == [1, 2]
    assert not any(name.endswith((".loss", ".iou_dataset")) for name in rows[0])
    _check_means(run, rows)
    assert looking.num_rows[epoch] == 1, "the row of an epoch must not wait for the end of the run"


def test_epochs_between_validations_have_rows_too(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.validate_every=2", "training.steps=20"), store_path, tmp_path / "run")
    rows = _rows(run)
    assert [float(row["epoch"]) for row in rows] == [1, 2, 3, 4]
    for column in ("segmentation.loss", "segmentation.iou_dataset", "seconds"):
        assert [row[column] != "" for row in rows] == [False, True, False, True]
    assert list(rows[0])[:3] == ["step", "epoch", "segmentation.loss"]
    _check_means(run, rows)


def test_validations_within_an_epoch_keep_their_rows(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.validate_every=0.4", "training.steps=10"), store_path, tmp_path / "run")
    epoch = 5
    assert run.start.steps_per_epoch == epoch
    looked = [event["step"] for event in read_events(run.events_file) if event["event"] == "validation"]
    rows = _rows(run)
    assert looked == [2, 4, 6, 8, 10]
    assert [int(row["step"]) for row in rows] == [2, 4, epoch, 6, 8, 10]
    assert [int(row["step"]) for row in rows if row["seconds"]] == looked
    _check_means(run, rows)


@pytest.mark.parametrize("stop_after", [3, 8])
def test_a_resumed_run_has_the_rows_of_a_whole_one(stop_after: int, store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe(UNVALIDATED, "training.epochs=2.5")
    whole = train(recipe, store_path, tmp_path / "whole")
    parts = Run(tmp_path / "parts")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, store_path, parts.directory, observers=[Looking(parts, stop_after)])
    train(recipe, store_path, parts.directory, resume=True)
    assert (parts.directory / "history.csv").read_bytes() == (whole.directory / "history.csv").read_bytes()


def test_rows_are_appended_and_the_log_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    history = History(run, 2)
    monkeypatch.setattr("auxseg.run.observing.history.read_events", lambda run: pytest.fail("was read again"))
    writes: list[Path] = []
    monkeypatch.setattr(
        "auxseg.run.observing.history.write_atomically",
        lambda path, content: (writes.append(path), path.write_bytes(content)),
    )
    for step in range(1, 101):
        losses = {"a": step / 2, **({"b": None} if step > 50 else {})}
        history.add(make_step(step, losses=losses, weights={"a": 1.0}))
        if step % 4 == 0:
            history.add(make_validation(step, losses={"a": 0.5}, figures={"a": {"iou": 0.25}}, seconds=1.5))
    history.finish()
    rows = _rows(run)
    assert [int(row["step"]) for row in rows] == list(range(2, 101, 2))
    assert [row["a.iou"] for row in rows] == ["", "0.25"] * 25
    assert rows[-1]["a.training_loss"] == "49.75"
    assert len(writes) == 3  # the columns of the first row, of the first validation, and of the task that came late
