"""What TensorBoard is given, and what is said where it is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, train
from auxseg.run.observing.tensorboard import NUM_PICTURES, TensorBoard
from auxseg.training.checkpoint import load_last
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS

TASKS = ("segmentation", "classification", "box")


def _train(store: Path, out: Path, steps: int, *, resume: bool = False, board: bool = True) -> Run:
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "model.norm=batch", f"training.steps={steps}"])
    if not board:
        return train(recipe, store, out, resume=resume)
    with TensorBoard(out, recipe, store) as observer:
        return train(recipe, store, out, resume=resume, observers=[observer])


def _written(run: Run) -> EventAccumulator:
    accumulator = EventAccumulator(str(run.directory / "tensorboard"))
    accumulator.Reload()
    return accumulator


def test_curves_weights_figures_and_pictures_of_every_task(store_path: Path, tmp_path: Path) -> None:
    run = _train(store_path, tmp_path / "run", 7)
    board, events = _written(run), list(read_events(run.events_file))
    for task in TASKS:
        losses = {event["step"]: event["losses"][task] for event in events if event["event"] == "step"}
        curve = {point.step: point.value for point in board.Scalars(f"{task}/loss_training")}
        assert curve == pytest.approx(losses)
        assert {point.step for point in board.Scalars(f"{task}/weight")} == set(losses)
        last = [event for event in events if event["event"] == "validation"][-1]
        assert board.Scalars(f"{task}/loss_validation")[-1].value == pytest.approx(last["losses"][task])
        for name, value in last["figures"][task].items():
            if value is not None:
                assert board.Scalars(f"{task}/{name}")[-1].value == pytest.approx(value)
        picture = board.Images(f"{task}/truth_and_prediction")[-1]
        assert picture.height >= NUM_PICTURES * 32
        assert picture.width >= 3 * 32


def test_looking_changes_nothing(store_path: Path, tmp_path: Path) -> None:
    runs = [_train(store_path, tmp_path / name, 6, board=name == "with") for name in ("with", "without")]
    one, other = (load_last(run.last_file, torch.device("cpu"))["learner"]["network"] for run in runs)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_resumed_run_goes_on_in_the_same_curves(store_path: Path, tmp_path: Path) -> None:
    _train(store_path, tmp_path / "run", 3)
    run = _train(store_path, tmp_path / "run", 6, resume=True)
    assert [point.step for point in _written(run).Scalars("box/weight")] == [1, 2, 3, 4, 5, 6]


def test_missing_package_is_named_with_the_line_that_installs_it(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(InputError, match=r"pip install 'auxseg\[tensorboard\]'"):
        TensorBoard(tmp_path / "run", load_recipe("tiny"), store_path)
