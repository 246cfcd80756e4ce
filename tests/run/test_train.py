"""Training into a run directory: resuming, refusing, and several processes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
import torch
from torch import Tensor

from auxseg.errors import InputError, RunError
from auxseg.recipe import Recipe, load_recipe, with_changes
from auxseg.run import Run, load, train
from auxseg.training.checkpoint import load_last, save_last
from auxseg.training.seal import examine
from tests import forked
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS
from tests.stopping import StopAt
from tests.weights import load_weights

# Adam divides by the gradient's own size, which makes rounding errors as large as steps where gradients are near zero.
# Few steps, because rounding grows with each of them.
PLAIN = ("training.optimizer={kind: sgd, rate: 0.1}",)


def _recipe(*settings: str, preset: str = "tiny-mtl") -> Recipe:
    return load_recipe(preset, [*SETTINGS, *settings])


def _weights(run: Run) -> dict[str, Tensor]:
    return load_last(run.last_file, torch.device("cpu"))["learner"]["network"]


def _assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def _steps(run: Run) -> list[int]:
    return [event["step"] for event in read_events(run.events_file) if event["event"] == "step"]


def _wait_for_steps(run: Run, number: int, process: BaseProcess, errors: Path) -> None:
    while not run.events_file.exists() or len(_steps(run)) < number:
        assert process.is_alive(), errors.read_text()
        time.sleep(0.005)


def _arguments(store: Path, out: Path, *options: str) -> list[str]:
    base = ["train", "tiny-mtl", "--data", str(store), "--out", str(out)]
    return [*base, "--device", "cpu", "--set", *SETTINGS, *options]


def _command(store: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "auxseg", *_arguments(store, out, *options)]


def test_same_recipe_same_bits(store_path: Path, tmp_path: Path) -> None:
    runs = [train(_recipe("training.steps=7"), store_path, tmp_path / name) for name in "ab"]
    _assert_same(_weights(runs[0]), _weights(runs[1]))
    _assert_same(load_weights(runs[0].best_file)[0], load_weights(runs[1].best_file)[0])


def test_rate_follows_the_width_and_the_run_says_so(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says which command began it, so that it can be typed again."""
    monkeypatch.setattr(sys, "argv", ["auxseg", "train", "tiny", "--data", "my data.h5"])
    follows = "training.optimizer.base_width=1", "model.width=0.5", "training.steps=3"
    run = train(_recipe(*follows), store_path, tmp_path / "follows")
    assert shlex.split(run.start.command) == sys.argv
    rate = load_recipe("tiny-mtl").training.optimizer.rate
    assert run.recipe.training.optimizer.rate == 2 * rate
    assert run.recipe.training.optimizer.base_width is None
    stated = train(_recipe(*follows[1:], f"training.optimizer.rate={2 * rate}"), store_path, tmp_path / "stated")
    _assert_same(_weights(run), _weights(stated))
    train(_recipe(*follows[:2], "training.steps=5"), store_path, run.directory, resume=True)
    assert run.recipe.training.optimizer.rate == 2 * rate


def test_killed_run_has_a_checkpoint_of_its_last_epoch_and_resumes_to_the_same_weights(
    store_path: Path, tmp_path: Path
) -> None:
    settings = ["training.steps=25", "training.validate_every=100"]
    whole = train(_recipe(*settings), store_path, tmp_path / "whole")
    run = Run(tmp_path / "killed")
    process = forked.start(_arguments(store_path, run.directory, *settings), tmp_path / "errors")
    _wait_for_steps(run, 12, process, tmp_path / "errors")
    process.kill()
    process.join()
    assert 12 <= len(_steps(run)) < 25
    steps_per_epoch = run.start.steps_per_epoch
    step = load_last(run.last_file, torch.device("cpu"))["progress"]["step"]
    assert step > 0
    assert step % steps_per_epoch == 0
    assert len(_steps(run)) - step <= steps_per_epoch
    train(_recipe(*settings), store_path, run.directory, resume=True)
    _assert_same(_weights(whole), _weights(run))
    _assert_same(load_weights(whole.best_file)[0], load_weights(run.best_file)[0])
    assert _steps(run) == list(range(1, 26))


def test_interrupted_run_resumes_to_the_same_weights(store_path: Path, tmp_path: Path) -> None:
    whole = train(_recipe("training.steps=20"), store_path, tmp_path / "whole")
    run = Run(tmp_path / "interrupted")
    process = forked.start(_arguments(store_path, run.directory, "training.steps=20"), tmp_path / "errors")
    _wait_for_steps(run, 7, process, tmp_path / "errors")
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(60)
    errors = (tmp_path / "errors").read_text()
    assert process.exitcode == 130
    assert "Traceback" not in errors
    assert "--resume" in errors
    train(_recipe("training.steps=20"), store_path, run.directory, resume=True)
    _assert_same(_weights(whole), _weights(run))
    assert _steps(run) == list(range(1, 21))


@pytest.mark.parametrize("num_steps", [3, 12, 25])
def test_schedule_spans_the_whole_run(num_steps: int, store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe(f"training.steps={num_steps}"), store_path, tmp_path / "run")
    rates = [event["learning_rate"] for event in read_events(run.events_file) if event["event"] == "step"]
    schedule = run.recipe.training.schedule.build(num_steps)
    rate = run.recipe.training.optimizer.rate
    assert rates == [pytest.approx(rate * schedule.factor(step)) for step in range(num_steps)]
    assert rates[-1] == pytest.approx(rate * 0.0001)


def test_finished_run_goes_on_for_more_steps(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=5"), store_path, tmp_path / "run")
    before = _weights(run)
    train(_recipe("training.steps=9"), store_path, run.directory, resume=True)
    assert _steps(run) == list(range(1, 10))
    assert not all(torch.equal(before[name], after) for name, after in _weights(run).items())
    assert run.recipe.training.steps == 9


def test_resuming_with_another_recipe_is_refused(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=3"), store_path, tmp_path / "run")
    for settings, reason in [
        (["training.steps=3", "training.clip=1"], "training.clip=None"),
        (["training.steps=3", "seed=1"], "seed=0"),
        (["training.steps=2"], "planned for 3 steps"),
        (["training.steps=3", "tasks.box=off"], "tasks.box"),
    ]:
        with pytest.raises(InputError, match=reason):
            train(_recipe(*settings), store_path, run.directory, resume=True)


def test_what_changes_no_bit_may_differ_when_resuming(store_path: Path, tmp_path: Path) -> None:
    whole, run = train(_recipe("training.steps=9"), store_path, tmp_path / "whole"), Run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        # After the checkpoint of an epoch.
        train(_recipe("training.steps=9"), store_path, run.directory, observers=[StopAt(8)])
    others = ["data.workers=3", "training.watch=2", "model.checkpointing=true"]
    recipe = with_changes(_recipe("training.steps=9", *others), data={"block": 32})
    train(recipe, store_path, run.directory, resume=True)
    assert run.recipe.data.workers == 3
    assert any(event["event"] == "resume" for event in read_events(run.events_file))
    _assert_same(_weights(run), _weights(whole))
    blocks = _recipe("training.steps=1", "data.order=blocks", "data.block=32")
    train(blocks, store_path, tmp_path / "blocks")
    with pytest.raises(InputError, match=r"was started with data.block=32, and the recipe now says 64"):
        train(with_changes(blocks, data={"block": 64}), store_path, tmp_path / "blocks", resume=True)


def test_existing_directories(store_path: Path, tmp_path: Path) -> None:
    recipe = _recipe("training.steps=1")
    with pytest.raises(InputError, match="no run to resume"):
        train(recipe, store_path, tmp_path / "run", resume=True)
    run = train(recipe, store_path, tmp_path / "run")
    with pytest.raises(InputError, match="already exists"):
        train(recipe, store_path, run.directory)
    train(recipe, store_path, run.directory, overwrite=True)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear")
    with pytest.raises(InputError, match="will not delete"):
        train(recipe, store_path, tmp_path / "letters", overwrite=True)
    assert (tmp_path / "letters" / "letter.txt").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be a run directory"):
        train(recipe, store_path, tmp_path / "file")


def test_run_that_was_stopped_before_its_first_step_starts_when_resumed(store_path: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".recipe.yaml.1.partial").write_text("mod")
    run = train(_recipe("training.steps=2"), store_path, tmp_path / "run", resume=True)
    assert _steps(run) == [1, 2]
    assert not list(run.directory.glob(".*.partial"))
    for path in (run.last_file, run.best_file, run.events_file):
        path.unlink()
    train(_recipe("training.steps=2"), store_path, run.directory, resume=True)
    assert _steps(run) == [1, 2]


def test_refused_recipe_leaves_the_former_run_alone(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=2"), store_path, tmp_path / "run")
    before = run.best_file.read_bytes()
    with pytest.raises(InputError):
        train(load_recipe("mobilenet-unet", ["model.weights=nowhere"]), store_path, run.directory, overwrite=True)
    assert run.best_file.read_bytes() == before
    with pytest.raises(InputError):
        train(load_recipe("mobilenet-unet", ["model.weights=nowhere"]), store_path, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_damaged_checkpoint_is_refused_when_resuming(store_path: Path, tmp_path: Path) -> None:
    run = train(_recipe("training.steps=2"), store_path, tmp_path / "run")
    run.last_file.write_bytes(run.last_file.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"last\.pt: .*damaged"):
        train(_recipe("training.steps=3"), store_path, run.directory, resume=True)
    assert run.recipe.training.steps == 2


@pytest.mark.parametrize(("name", "value"), [("num_steps", 2**63), ("step", -1)])
def test_progress_that_is_none_is_refused_when_resuming(
    store_path: Path, tmp_path: Path, name: str, value: int
) -> None:
    run = train(_recipe("training.steps=2"), store_path, tmp_path / "run")
    seal, state = examine(run.last_file), load_last(run.last_file, torch.device("cpu"))
    assert seal is not None
    state["progress"][name] = value
    save_last(run.last_file, state, seal.step, seal.owner)
    with pytest.raises(InputError, match=r"last\.pt: does not fit .* \(its "):
        train(_recipe("training.steps=3"), store_path, run.directory, resume=True)


def test_early_stopped_run_goes_on_for_more_steps(store_path: Path, tmp_path: Path) -> None:
    stop = ["training.patience=1", "training.optimizer.rate=1.0e-12"]
    run = train(_recipe("training.steps=100", *stop), store_path, tmp_path / "run")
    stopped = len(_steps(run))
    train(_recipe("training.steps=200", *stop), store_path, run.directory, resume=True)
    assert stopped < len(_steps(run)) < 100


def test_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(
    store_path: Path, tmp_path: Path
) -> None:
    run = train(_recipe("training.steps=10"), store_path, tmp_path / "run")
    state = load_last(run.last_file, torch.device("cpu"))
    first = next(name for name in state["learner"]["network"] if "encoder" in name and name.endswith("weight"))
    state["learner"]["network"][first].fill_(float("nan"))
    torch.save(state, run.last_file)
    before = run.last_file.read_bytes()
    with pytest.raises(RunError, match=r"step 11: the loss of segmentation is nan; the batch held synthetic-"):
        train(_recipe("training.steps=12"), store_path, run.directory, resume=True)
    assert run.last_file.read_bytes() == before
    load(run)


def test_micro_batches_change_nothing(store_path: Path, tmp_path: Path) -> None:
    whole = train(_recipe("training.steps=4", *PLAIN), store_path, tmp_path / "whole")
    parts = train(_recipe("training.steps=4", "training.accumulate=3", *PLAIN), store_path, tmp_path / "parts")
    for name, value in _weights(whole).items():
        torch.testing.assert_close(_weights(parts)[name], value, rtol=1e-5, atol=1e-6)


def test_two_processes_end_with_the_weights_of_one(store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=4", "training.clip=1.0", *PLAIN]
    one = train(_recipe(*settings), store_path, tmp_path / "one")
    subprocess.run(
        _command(store_path, tmp_path / "two", *settings, "--devices", "2"),
        check=True,
        timeout=200,
        capture_output=True,
    )
    two = Run.open(tmp_path / "two")
    assert two.start.processes == 2
    for name, value in _weights(one).items():
        torch.testing.assert_close(_weights(two)[name], value, rtol=1e-5, atol=1e-6)
    losses = [[e["losses"] for e in read_events(run.events_file) if e["event"] == "validation"] for run in (one, two)]
    assert losses[0] == [pytest.approx(loss, rel=1e-4) for loss in losses[1]]


def _started(run: Run, store: Path, errors: Path) -> BaseProcess:
    """A training in two processes that has taken some steps."""
    process = forked.start(_arguments(store, run.directory, "training.steps=2000", "--devices", "2"), errors)
    _wait_for_steps(run, 3, process, errors)
    return process


def _children(process: BaseProcess) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.slow
def test_sigterm_stops_both_processes_after_the_same_step(store_path: Path, tmp_path: Path) -> None:
    run, errors = Run(tmp_path / "run"), tmp_path / "errors"
    process = _started(run, store_path, errors)
    process.terminate()
    process.join(120)
    assert process.exitcode == 143
    assert "Traceback" not in errors.read_text()
    assert errors.read_text().count("--resume") == 1
    assert load_last(run.last_file, torch.device("cpu"))["progress"]["step"] == _steps(run)[-1]


def test_a_process_that_is_killed_ends_the_training_with_one_sentence(store_path: Path, tmp_path: Path) -> None:
    run, errors = Run(tmp_path / "run"), tmp_path / "errors"
    process = _started(run, store_path, errors)
    (other,) = _children(process)
    os.kill(other, signal.SIGKILL)
    process.join(120)
    assert process.exitcode == 1
    assert "Traceback" not in errors.read_text()
    assert errors.read_text().count("auxseg: another process of this training was killed") == 1


def test_refusal_ends_both_processes(store_path: Path, tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    train(_recipe("training.steps=1"), store_path, tmp_path / "run")
    process = forked.start(_arguments(store_path, tmp_path / "run", "--devices", "2"), errors)
    process.join(100)
    assert process.exitcode == 2
    assert "already exists" in errors.read_text()
    assert "Traceback" not in errors.read_text()


def test_auxiliary_of_weight_zero_is_no_auxiliary(store_path: Path, tmp_path: Path) -> None:
    alone = train(_recipe("training.steps=6", preset="tiny"), store_path, tmp_path / "alone")
    silent = ["balancer.weights={classification: 0, box: 0}"]
    beside = train(_recipe("training.steps=6", *silent), store_path, tmp_path / "beside")
    shared = {name: value for name, value in _weights(beside).items() if name in _weights(alone)}
    _assert_same(_weights(alone), shared)


def test_without_validation_split_the_last_weights_are_kept(tmp_path: Path) -> None:
    from auxseg.data.preparing.prepare import prepare
    from tests.run.conftest import Uneven

    prepare(Uneven(20), tmp_path / "data.h5", size=32, split="80-0-20")
    run = train(_recipe("training.steps=3"), tmp_path / "data.h5", tmp_path / "run")
    assert load(run).step == 3


@pytest.mark.parametrize(
    "tolerance", [0.0, 1.0, pytest.param(0.3, marks=pytest.mark.slow), pytest.param(20.0, marks=pytest.mark.slow)]
)
def test_the_latest_model_near_the_best_is_kept(tolerance: float, store_path: Path, tmp_path: Path) -> None:
    settings = [f"training.tolerance={tolerance}", "training.steps=40", "training.optimizer.rate=0.03"]
    run = train(_recipe(*settings), store_path, tmp_path / "run")
    looks = [event for event in read_events(run.events_file) if event["event"] == "validation"]
    figures = [look["figures"]["segmentation"]["iou_dataset"] for look in looks]
    kept = [n for n, look in enumerate(looks) if look["best"]]
    assert load(run).step == looks[kept[-1]]["step"]
    assert all(n in kept for n, figure in enumerate(figures) if figure > max([0.0, *figures[:n]]))
    best = max(range(len(looks)), key=figures.__getitem__)
    if tolerance == 0:
        assert kept[-1] == best
    else:
        error = load_last(run.last_file, torch.device("cpu"))["progress"]["error"]
        assert 0 < error < 0.2
        assert kept[-1] == max(n for n, figure in enumerate(figures) if figure >= figures[best] - tolerance * error)


def test_early_stopping(store_path: Path, tmp_path: Path) -> None:
    settings = ["training.steps=100", "training.patience=1", "training.optimizer.rate=1.0e-12"]
    run = train(_recipe(*settings), store_path, tmp_path / "run")
    *_, end = read_events(run.events_file)
    assert end["reason"] == "early stopping"
    assert end["step"] < 100


def test_read_only_directory(store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as it is for anyone but the superuser
    with pytest.raises(InputError, match="cannot be a run directory"):
        train(_recipe("training.steps=1"), store_path, tmp_path / "run")
