"""A job gives the same files wherever it is done, and nothing is done on what differs from the study's."""

from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from auxseg.data.preparing.convert import convert
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import RunError
from auxseg.study.design.plan import PlannedRun, make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution import ray_node as node
from auxseg.study.execution.archive import pack, receive
from auxseg.study.execution.jobs import Job, choice, evaluations, trainings
from auxseg.study.execution.ray_node import Outcome, Terms, work
from auxseg.training.calibrate import Choice
from auxseg.training.lock import training_in
from tests.study.small import small_config

ELSEWHERE = Path("/nowhere/animals.h5")


def planned(arm: str) -> PlannedRun:
    return next(run for run in make_plan(small_config()).runs if run.arm.name == arm and run.seed == 0)


def terms(study: Path, store: Path, **values: Any) -> Terms:
    given = {
        "content_hash": Store.open(store).content_hash,
        "origin": origin("none"),
        "threads": 1,
        "has_gpu": True,
        "plugins": (),
        "folder": Path.cwd(),
        "token": study / ".shared-token",
    }
    return Terms(**{**given, **values})


def training(study: Path, store: Path, arm: str = "box") -> Job:
    (job,) = trainings(StudyDirectory(study), store, [planned(arm)])
    return job


def moved(job: Job) -> Job:
    """The same on a node that has no such store."""
    return dataclasses.replace(job, data=ELSEWHERE)


def assert_same(directory: Path, finished: Path, *names: str) -> None:
    """The same weights, and of other files the same bytes."""
    before = finished / "runs" / directory.name
    weights, expected = (load_file(folder / "best.safetensors") for folder in (directory, before))
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in weights)
    for name in names:
        assert (directory / name).read_bytes() == (before / name).read_bytes()


def test_a_node_that_sees_the_directory_works_in_it(finished: Path, store: Path, tmp_path: Path) -> None:
    job = training(tmp_path, store)
    (tmp_path / ".shared-token").touch()
    assert work(job, terms(tmp_path, store), False, None, None) == Outcome()
    assert StudyDirectory(tmp_path).is_done(planned("box"))
    assert_same(job.directory, finished)


def test_one_that_does_not_sends_back_what_it_made(finished: Path, store: Path, tmp_path: Path) -> None:
    job = training(tmp_path, store)
    outcome = work(job, terms(tmp_path, store), False, None, None)
    assert not job.directory.exists()
    assert outcome.archive is not None
    receive(outcome.archive, job.directory)
    assert StudyDirectory(tmp_path).is_done(planned("box"))
    assert_same(job.directory, finished, "recipe.yaml")


def test_what_a_node_lacks_it_asks_for(finished: Path, store: Path, tmp_path: Path) -> None:
    job = moved(training(tmp_path, store))
    there = terms(tmp_path, store)
    assert work(job, there, False, None, None) == Outcome(missing=("data",))
    assert work(job, there, True, None, None) == Outcome(missing=("data", "run"))
    assert work(job, there, True, store.read_bytes(), None) == Outcome(missing=("run",))
    outcome = work(job, there, False, store.read_bytes(), None)
    assert outcome.archive is not None
    receive(outcome.archive, job.directory)
    assert_same(job.directory, finished)


def test_a_store_of_several_files_travels_too(finished: Path, store: Path, tmp_path: Path) -> None:
    many = convert(store, tmp_path / "run", shard_size=15).path
    job = dataclasses.replace(moved(training(tmp_path / "study", store)), data=Path("/nowhere/run"))
    outcome = work(job, terms(tmp_path, store), False, pack(many), None)
    assert outcome.archive is not None
    receive(outcome.archive, job.directory)
    assert_same(job.directory, finished)


def test_a_finished_run_is_measured_elsewhere(study: Path, finished: Path, store: Path) -> None:
    run = StudyDirectory(study).run_directory(planned("box"))
    for name in ("metrics.json", "per_image.csv"):
        (run / name).unlink()
    alone = dataclasses.replace(make_plan(small_config()), runs=(planned("box"),))
    (job,) = evaluations(StudyDirectory(study), store, alone)
    outcome = work(moved(job), terms(study, store), True, store.read_bytes(), pack(run))
    assert outcome.archive is not None
    receive(outcome.archive, run)
    assert_same(run, finished, "per_image.csv", "examples.json")
    assert evaluations(StudyDirectory(study), store, alone) == []


def test_a_run_that_diverges_is_a_result_there_too(store: Path, tmp_path: Path) -> None:
    outcome = work(training(tmp_path, store, "edges"), terms(tmp_path, store), False, None, None)
    assert outcome.failure is not None
    assert outcome.failure.startswith("step 1: the norm of the gradient is ")


def test_choices_are_measured_there(store: Path, tmp_path: Path) -> None:
    outcome = work(choice(planned("box").recipe, store), terms(tmp_path, store), False, None, None)
    assert outcome == Outcome(Choice("fp32", False, {}))


def test_other_data_are_refused(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    synthesize(other, num_samples=40, size=32, seed=1, processes=1)
    with pytest.raises(RunError, match=r"^node .*other\.h5 holds other data: content hash"):
        work(training(tmp_path, other), terms(tmp_path, store), False, None, None)


@pytest.mark.parametrize("package", ["auxseg", "torch"])
def test_other_versions_are_refused(package: str, store: Path, tmp_path: Path) -> None:
    here = origin("none")
    begun = dataclasses.replace(here, versions=dataclasses.replace(here.versions, **{package: "0.0.1"}))
    with pytest.raises(RunError, match=f"^node .* has {package} .* but the study was started with 0.0.1"):
        work(training(tmp_path, store), terms(tmp_path, store, origin=begun), False, None, None)


def test_other_weights_are_refused(store: Path, tmp_path: Path) -> None:
    begun = dataclasses.replace(origin("none"), weights="0" * 64)
    with pytest.raises(RunError, match=r"model\.weights differs from that of the study"):
        work(training(tmp_path, store), terms(tmp_path, store, origin=begun), False, None, None)


def test_a_run_without_a_gpu_sees_none(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    job = choice(planned("box").recipe, ELSEWHERE)
    work(job, terms(tmp_path, store), False, None, None)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    work(job, terms(tmp_path, store, has_gpu=False), False, None, None)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_plugins_are_executed_and_missed(store: Path, tmp_path: Path) -> None:
    plugin, job = tmp_path / "mark.py", choice(planned("box").recipe, ELSEWHERE)
    with pytest.raises(RunError, match=r"mark\.py: the plugin file does not exist"):
        work(job, terms(tmp_path, store, plugins=(plugin,)), False, None, None)
    plugin.write_text(f"from pathlib import Path\nPath({str(tmp_path / 'seen')!r}).touch()\n")
    work(job, terms(tmp_path, store, plugins=(plugin,)), False, None, None)
    assert (tmp_path / "seen").exists()


def test_a_run_is_left_to_its_former_worker_until_that_ends(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = training(tmp_path, store)
    job.directory.mkdir(parents=True)
    (tmp_path / ".shared-token").touch()
    held = training_in(job.directory)
    held.__enter__()
    monkeypatch.setattr(node, "_LOCK_SECONDS", 0.0)
    with pytest.raises(RunError, match="another process is working in this directory"):
        work(job, terms(tmp_path, store), True, None, None)
    monkeypatch.setattr(node, "_LOCK_SECONDS", 60.0)
    timer = threading.Timer(0.3, held.__exit__, (None, None, None))
    timer.start()
    work(job, terms(tmp_path, store), True, None, None)
    timer.join()
    assert StudyDirectory(tmp_path).is_done(planned("box"))
