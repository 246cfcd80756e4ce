"""Runs are trained once, go on after a stop, and give the same numbers however many workers there are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from auxseg.errors import InputError, RunError
from auxseg.files import write_atomically
from auxseg.records.event_log import EventLog
from auxseg.records.events import Resume
from auxseg.records.events import read_events as read_typed_events
from auxseg.run import train
from auxseg.statistics.verdicts import Judgement, Verdict, judge
from auxseg.study.design.config import StudyConfig
from auxseg.study.design.plan import PlannedRun, make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.local import workers
from auxseg.training.checkpoint import load_last
from auxseg.training.lock import training_in
from tests.raw_events import read_events
from tests.records.made_events import make_end, make_step, make_validation
from tests.stopping import StopAt
from tests.study.small import SETTINGS, box_alone, lengthened, question_file, run_study, small_config, without_costs


def planned(config: StudyConfig, arm: str, seed: int = 0) -> PlannedRun:
    return next(run for run in make_plan(config).runs if run.arm.name == arm and run.seed == seed)


def events(study: Path, run: PlannedRun) -> list[str]:
    return [event["event"] for event in read_events(StudyDirectory(study).run_directory(run) / "events.jsonl")]


def result(study: Path) -> dict[str, Any]:
    return json.loads((study / "study.json").read_text())


def figures_of(answer: dict[str, Any], arm: str) -> dict[str, float]:
    return next(found for found in answer["arms"] if found["name"] == arm)["figure_per_seed"]


def refuse_to_start(*arguments: object, **options: object) -> None:
    pytest.fail("nothing was left to be done")


def test_everything_is_trained_and_read_on_the_test_split_once(finished: Path) -> None:
    for arm in ("target only", "classification", "box"):
        for seed in (0, 1):
            kinds = events(finished, planned(small_config(), arm, seed))
            assert [kinds.count(kind) for kind in ("start", "step", "end", "evaluate")] == [1, 4, 1, 1]


def test_an_auxiliary_without_weight_changes_nothing_at_all(finished: Path) -> None:
    (answer,) = result(finished)["answers"]
    found = next(arm for arm in answer["arms"] if arm["name"] == "classification")
    assert found["figure_per_seed"] == answer["baseline"]["figure_per_seed"]
    assert found["per_seed"] == {"0": 0.0, "1": 0.0}
    assert found["interval"] == [0.0, 0.0]
    assert found["verdict"] == "no meaningful difference"


def test_one_with_a_weight_changes_something(finished: Path) -> None:
    (answer,) = result(finished)["answers"]
    assert figures_of(answer, "box") != answer["baseline"]["figure_per_seed"]


def test_a_run_that_diverges_is_kept_as_an_outcome(finished: Path) -> None:
    outcome = result(finished)
    assert [(run["arm"], run["seed"]) for run in outcome["diverged"]] == [("edges", 0), ("edges", 1)]
    assert all(run["reason"].startswith("step 1: the norm of the gradient is ") for run in outcome["diverged"])
    (edges,) = [arm for arm in outcome["answers"][0]["arms"] if arm["name"] == "edges"]
    assert edges["verdict"] == "not enough evidence"
    assert edges["missing_seeds"] == [0, 1]
    assert edges["difference"] is None


def test_what_diverged_of_the_target_alone_is_said_with_every_arm(
    study: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_hurt(*arguments: Any) -> dict[str, Judgement]:
        return {name: replace(one, verdict=Verdict.HURTS) for name, one in judge(*arguments).items()}

    monkeypatch.setattr("auxseg.study.answers.per_arm.judge", all_hurt)
    (before,) = run_study(small_config(), store, study)["answers"]
    assert "hurts" in {arm["verdict"] for arm in before["arms"]}
    run = planned(small_config(), "target only", 1)
    write_atomically(StudyDirectory(study).failure_file(run), b"too steep")
    (answer,) = run_study(small_config(), store, study)["answers"]
    assert answer["baseline"]["num_diverged"] == 1
    for arm in answer["arms"]:
        assert "without 1 run of the target alone that diverged (and so it cannot be said to hurt)" in arm["sentence"]
        assert arm["verdict"] == "not enough evidence"


def test_runs_that_measured_other_images_are_refused(study: Path, store: Path) -> None:
    table = StudyDirectory(study).run_directory(planned(small_config(), "box", 1)) / "per_image.csv"
    head, first, second, *rest = table.read_text().splitlines()
    table.write_text("\n".join([head, second, first, *rest]))
    with pytest.raises(InputError, match=r"per_image\.csv has other images than that of"):
        run_study(small_config(), store, study)


def test_what_is_finished_is_not_done_again(study: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = result(study)
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor.submit", refuse_to_start)
    assert json.loads(json.dumps(run_study(small_config(), store, study))) == before


OTHERWISE = ("data.workers=3", "training.watch=2", "model.checkpointing=true")
"""What changes no bit."""


@pytest.mark.parametrize("settings", [(), OTHERWISE])
def test_half_a_run_goes_on_to_the_same_numbers(settings: tuple[str, ...], study: Path, store: Path) -> None:
    before, run = result(study), planned(small_config(), "box", 1)
    directory = StudyDirectory(study).run_directory(run)
    shutil.rmtree(directory)
    with pytest.raises(KeyboardInterrupt):
        # After the checkpoint of the second step.
        train(run.recipe, store, directory, observers=[StopAt(3)])
    after = run_study(small_config(settings=(*SETTINGS, *settings)), store, study)
    kinds = events(study, run)
    assert [kinds.count(kind) for kind in ("start", "resume", "step", "end")] == [1, 1, 4, 1]
    for answers in (after["answers"], before["answers"]):
        for arm in answers[0]["arms"] if settings else ():
            del arm["why"]  # gradients were looked at in other steps
    assert without_costs(json.loads(json.dumps(after["answers"]))) == without_costs(before["answers"])


def test_time_in_training_counts_what_was_before_an_interruption(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(make_step(1, seconds=1.0))
    log.append(make_validation(1, seconds=0.5))
    log.append(Resume(step=1, steps=1))
    log.append(make_step(1, seconds=2.0))
    log.append(make_end(1, seconds=2.1))
    assert read_typed_events(tmp_path).seconds_in_training == pytest.approx(3.5)


def test_two_workers_from_scratch_give_the_same_digits(finished: Path, store: Path, tmp_path: Path) -> None:
    answer = run_study(box_alone(seeds=1), store, tmp_path / "again", workers=2)["answers"][0]
    before = result(finished)["answers"][0]
    assert answer["baseline"]["figure_per_seed"]["0"] == before["baseline"]["figure_per_seed"]["0"]
    assert figures_of(answer, "box") == {"0": figures_of(before, "box")["0"]}
    for arm in ("target only", "box"):
        name = planned(small_config(), arm).directory_name
        tables = [(study / "runs" / name / "per_image.csv").read_bytes() for study in (finished, tmp_path / "again")]
        assert tables[0] == tables[1]


def test_an_interruption_reaches_the_runs_and_leaves_checkpoints(store: Path, tmp_path: Path) -> None:
    config = box_alone(settings=(*small_config().settings, "training.steps=100000", "training.batch=1"))
    run, other = planned(config, "target only"), planned(config, "box")
    study = StudyDirectory(tmp_path)

    def interrupt_once_it_trains() -> None:
        if events(tmp_path, run).count("step") >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), workers(1, 1, (), interrupt_once_it_trains) as at_work:
        at_work.train(study, store, [run, other])
    last = [event for event in read_events(study.run_directory(run) / "events.jsonl") if event["event"] == "step"][-1]
    checkpoint = load_last(study.run_directory(run) / "last.pt", torch.device("cpu"))
    assert checkpoint["progress"]["step"] == last["step"] < 100000  # and not only that of the last epoch of 28 steps
    assert not study.is_done(run)
    assert not study.run_directory(other).exists()


@pytest.mark.slow
def test_a_study_that_is_killed_takes_its_workers_along_and_goes_on(store: Path, tmp_path: Path) -> None:
    config = box_alone(settings=lengthened(60))
    where = ["--data", str(store), "--out", str(tmp_path / "study"), "--workers", "2", "--threads", "1"]
    command = [sys.executable, "-m", "auxseg", "study", question_file(config, tmp_path / "question"), *where]
    study = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait_until(lambda: len(_held(tmp_path)) == 2)
    finally:
        study.kill()
        study.wait()
    _wait_until(lambda: not _held(tmp_path))
    found = run_study(config, store, tmp_path / "study", workers=2)["answers"]
    assert without_costs(found) == without_costs(run_study(config, store, tmp_path / "whole", workers=2)["answers"])
    kinds = [[event["event"] for event in read_events(path)] for path in tmp_path.glob("study/runs/*/events.jsonl")]
    assert [each.count("step") for each in kinds] == [60] * 4
    assert sum(each.count("resume") for each in kinds) == 2


def _held(study: Path) -> list[Path]:
    """The runs that have a checkpoint and that a process is training in."""
    held = []
    for run in [path.parent for path in study.glob("study/runs/*/last.pt")]:
        try:
            with training_in(run):
                pass
        except InputError:
            held.append(run)
    return held


def _wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_knows_the_plugins_and_is_missed_when_it_is_killed(tmp_path: Path) -> None:
    plugin = tmp_path / "mark.py"
    plugin.write_text(f"from pathlib import Path\nPath({str(tmp_path / 'seen')!r}).touch()\n")
    with workers(1, 1, (plugin,), lambda: None) as at_work:
        at_work._do(print, [()])
        assert (tmp_path / "seen").exists()
        with pytest.raises(RunError, match="a worker process was killed, possibly out of memory"):
            at_work._do(os._exit, [(1,)])


def test_a_worker_that_cannot_write_is_told_of_with_the_file_and_goes_on(store: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "little_room.py"
    plugin.write_text("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (10_000, -1))\n")
    run, study = planned(box_alone(), "target only"), StudyDirectory(tmp_path / "study")
    with pytest.raises(OSError, match="File too large") as failure, workers(1, 1, (plugin,), lambda: None) as at_work:
        at_work.train(study, store, [run])
    assert Path(failure.value.filename).parent == study.run_directory(run)
    assert not study.is_done(run)
    with workers(1, 1, (), lambda: None) as at_work:
        at_work.train(study, store, [run])
    assert study.is_done(run)
