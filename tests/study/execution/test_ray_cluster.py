"""A study on a Ray cluster has the digits of one on this machine, whatever happens to the nodes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from auxseg.cli.main import main
from auxseg.errors import RunError
from auxseg.records.names import SCREEN_FILE
from auxseg.records.values.writing import to_json
from auxseg.study.design.config import StudyConfig
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.trainings import Execution
from auxseg.study.screening.screening import Screening
from auxseg.study.study import Study
from tests.raw_events import read_events
from tests.study.ray_nodes import Nodes, nodes
from tests.study.small import box_alone, lengthened, question_file, run_study, small_config, without_costs

LONGER = lengthened(100)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    """A head of one processor; tests let more nodes join."""
    with nodes(1) as started:
        yield started


@contextmanager
def begun(store: Path, out: Path, ray: str, config: StudyConfig, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A study in a process of its own, as a person starts it; no longer than the test."""
    question = question_file(config, out.with_name("question"))
    command = [sys.executable, "-m", "auxseg", "study", question, "--data", str(store), "--out", str(out), "--ray", ray]
    # Ray keeps a token of the local clusters it starts in the home directory.
    environment = {**os.environ, "HOME": str(out.parent)}
    study = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment,
    )
    try:
        yield study
    finally:
        if study.poll() is None:
            os.killpg(study.pid, signal.SIGKILL)
            study.communicate()


def finish(study: subprocess.Popen[str], code: int = 0) -> str:
    printed, said = study.communicate(timeout=240)
    assert study.returncode == code, said
    assert printed == ""  # the place of --json, whatever Ray has to say
    return said


def wait_for(is_true: Callable[[], bool], study: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not is_true():
        assert study.poll() is None, study.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def result(study: Path) -> dict[str, Any]:
    return json.loads((study / "study.json").read_text())


def kinds(run: Path) -> list[str]:
    return [event["event"] for event in read_events(run / "events.jsonl")]


def in_training(study: Path) -> list[Path]:
    """The runs that have a checkpoint and no end yet."""
    runs = [path.parent for path in study.glob("runs/*/last.pt")]
    return [run for run in runs if "step" in kinds(run) and "end" not in kinds(run)]


def _no_more(running: object) -> None:
    raise OSError("stopping failed too")


def refused(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["study", "--base", "tiny", "--auxiliaries", "box", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_without_ray_the_extra_is_named(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "auxseg.study.execution.ray_cluster", raising=False)
    said = refused("--data", str(store), "--out", str(tmp_path / "study"), "--ray", "local", capsys=capsys)
    assert said == "auxseg: --ray needs ray, which is not installed; pip install 'auxseg[ray]' installs it\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--ray", "ray://head:10001"], "--ray ray://head:10001: expected local, auto or HOST:PORT"),
        (["--ray", "here"], "--ray here: expected local, auto or HOST:PORT"),
        (["--ray", "127.0.0.1:1"], "--ray 127.0.0.1:1: no Ray cluster that includes this machine answered"),
        (["--ray", "127.0.0.1:99999"], "--ray 127.0.0.1:99999: no Ray cluster that includes this machine"),
        (["--gpus-per-run", "1"], "--gpus-per-run 1: expected 0 to 1, together with --ray"),
        (["--ray", "local", "--gpus-per-run", "2"], "--gpus-per-run 2: expected 0 to 1, together with --ray"),
    ],
)
def test_what_is_no_cluster_is_refused_at_once(
    options: list[str], expected: str, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    assert expected in refused("--data", str(store), "--out", str(tmp_path / "study"), *options, capsys=capsys)
    assert time.monotonic() - started < 30
    assert list(tmp_path.iterdir()) == []


def test_what_a_node_wrote_has_to_be_seen_here(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auxseg.study.execution import ray_workers
    from auxseg.study.execution.ray_workers import RayWorkers

    monkeypatch.setattr(ray_workers, "_SEEN_SECONDS", 0.0)
    monkeypatch.setattr(RayWorkers, "do", lambda self, jobs, token: [])
    at_work = RayWorkers(1, 0, None, (), lambda: None)
    with pytest.raises(RunError, match="wrote it, but it did not appear here"):
        at_work.train(StudyDirectory(tmp_path), store, make_plan(box_alone()).runs)
    assert list(tmp_path.iterdir()) == []  # the token is gone


@pytest.mark.slow
def test_one_that_does_not_answer_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from auxseg.errors import InputError
    from auxseg.study.execution import ray_cluster as cluster

    monkeypatch.setattr(cluster, "_REACH_SECONDS", 5.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with (
            pytest.raises(InputError, match="answered within 5 s"),
            cluster.connected(f"127.0.0.1:{silent.getsockname()[1]}"),
        ):
            pytest.fail("there is no cluster")
    assert time.monotonic() - started < 30


@pytest.mark.slow
def test_a_cluster_of_this_machine_gives_the_same_digits(finished: Path, store: Path, tmp_path: Path) -> None:
    with begun(store, tmp_path / "study", "local", small_config(), "--threads", "1") as study:
        finish(study)
    found, expected = result(tmp_path / "study"), result(finished)
    assert without_costs(found["answers"]) == without_costs(expected["answers"])
    assert found["diverged"] == expected["diverged"]
    assert len(found["diverged"]) == 2


@pytest.mark.slow
def test_a_ranking_on_a_cluster_is_that_of_this_machine(cluster: Nodes, store: Path, tmp_path: Path) -> None:
    config = box_alone(settings=lengthened(300))
    with begun(store, tmp_path / "study", cluster.address, config, "--threads", "1", "--screen") as study:
        finish(study)
    here = Study(config, store, StudyDirectory(tmp_path / "here"))
    expected = Screening(here).run(Execution(threads=1, watch=lambda plan: None))
    found = json.loads((tmp_path / "study" / "screen" / SCREEN_FILE).read_text())
    assert found["answers"] == to_json(expected.answers)
    assert found["answers"][0]["candidates"][0]["affinity"] is not None


@pytest.mark.slow
def test_a_node_that_dies_loses_nothing(cluster: Nodes, store: Path, tmp_path: Path) -> None:
    second = cluster.join()
    seen: list[Path] = []

    def is_on_second() -> bool:
        seen[:] = [run for run in in_training(tmp_path / "study") if cluster.holds(second, run / ".lock")]
        return bool(seen)

    with begun(store, tmp_path / "study", cluster.address, box_alone(settings=LONGER)) as study:
        wait_for(is_on_second, study)
        cluster.kill(second)
        finish(study)
    (stopped,) = seen
    runs = list((tmp_path / "study" / "runs").iterdir())
    assert [kinds(run).count("step") for run in runs] == [100] * 4
    assert [run for run in runs if "resume" in kinds(run)] == [stopped]
    expected = run_study(box_alone(settings=LONGER), store, tmp_path / "local")
    after = json.loads(json.dumps(expected["answers"]))
    assert without_costs(result(tmp_path / "study")["answers"]) == without_costs(after)


@pytest.mark.slow
def test_what_a_node_makes_that_sees_nothing_is_sent_back(finished: Path, store: Path, tmp_path: Path) -> None:
    hidden = f"mount -t tmpfs none {tmp_path} && mount -t tmpfs none {store.parent}"
    if subprocess.run(["unshare", "--mount", "sh", "-c", hidden], capture_output=True).returncode:
        pytest.skip("only the superuser can hide a directory from a node")
    with nodes(0) as cluster:
        cluster.join(inside=["unshare", "--mount", "sh", "-c", f'{hidden} && exec "$@"', "sh"])
        with begun(store, tmp_path / "study", cluster.address, small_config()) as study:
            finish(study)
    found, expected = result(tmp_path / "study"), result(finished)
    assert without_costs(found["answers"]) == without_costs(expected["answers"])
    assert found["diverged"] == expected["diverged"]
    runs = [path for path in (tmp_path / "study" / "runs").iterdir() if path.is_dir()]
    places = [next(read_events(run / "events.jsonl"))["data"]["path"] for run in runs]
    assert len(places) == 8
    assert not any(place.startswith(str(store.parent)) for place in places)
    assert not list((tmp_path / "study").rglob("*.partial"))


@pytest.mark.slow
def test_an_interruption_leaves_a_study_that_goes_on(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    with begun(store, out, "local", box_alone(settings=LONGER)) as study:
        wait_for(lambda: bool(in_training(out)), study)
        os.killpg(study.pid, signal.SIGINT)
        assert "interrupted; run the same command again to continue" in finish(study, 130)
    stopped = in_training(out)
    assert stopped
    for run in stopped:  # each left a checkpoint of its last step, and not only that of its last epoch
        checkpoint = torch.load(run / "last.pt", weights_only=True)
        assert (
            checkpoint["progress"]["step"] == [e["step"] for e in read_events(run / "events.jsonl") if "step" in e][-1]
        )
    with begun(store, out, "local", box_alone(settings=LONGER)) as study:
        finish(study)
    assert all(kinds(run).count("resume") == 1 for run in stopped)
    assert all(kinds(run).count("step") == 100 for run in (out / "runs").iterdir())
    assert not list(out.glob(".shared-*"))


@pytest.mark.slow
def test_errors_arrive_losses_are_counted_and_gpus_given_out(
    cluster: Nodes, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auxseg.errors import InputError
    from auxseg.study.execution import ray_cluster as module
    from auxseg.study.execution import ray_workers
    from auxseg.study.execution.jobs import Job, trainings

    def doing(work: Callable[[Job], Any]) -> Job:
        first = trainings(StudyDirectory(tmp_path), store, make_plan(box_alone()).runs)[0]
        return Job(work, first.recipe, first.data, first.directory, first.failure)

    monkeypatch.setattr(ray_workers, "_MOST_LOSSES", 1)
    monkeypatch.setattr(module, "ROOM_SECONDS", 0.0)
    cluster.join("--num-gpus=1")  # which Ray believes
    with module.connected(cluster.address) as there:
        with there.start(1, (), lambda: None) as at_work:
            assert set(at_work.do([doing(lambda job: 1), doing(lambda job: 2)], tmp_path / "token")) == {1, 2}
            with pytest.raises(RunError, match=r"^node .*: no room$"):
                at_work.do([doing(lambda job: (_ for _ in ()).throw(RunError("no room")))], tmp_path / "token")
            with monkeypatch.context() as patch:
                patch.setattr(ray_workers, "_stop", _no_more)
                with pytest.raises(ZeroDivisionError):
                    at_work.do([doing(lambda job: 1 // 0)], tmp_path / "token")
            with pytest.raises(RunError, match=r"its worker or node was lost 2 times \(WorkerCrashedError\)"):
                at_work.do([doing(lambda job: os._exit(1))], tmp_path / "token")
            assert at_work.do([doing(lambda job: os.environ["CUDA_VISIBLE_DEVICES"])], tmp_path / "token") == [""]
        with (
            pytest.raises(InputError, match=r"no node has the 64 CPUs and 0 GPUs .*\(at most 1 CPUs and 1 GPUs\)"),
            there.start(64, (), lambda: None) as at_work,
        ):
            at_work.do([doing(lambda job: 1)], tmp_path / "token")
    with module.connected(cluster.address, gpus=0.5) as there, there.start(1, (), lambda: None) as at_work:
        seen: list[Any] = [
            at_work.do([doing(lambda job: (os.environ["CUDA_VISIBLE_DEVICES"], os.getpid()))], tmp_path / "token")
            for _ in "ab"
        ]
        (first,), (second,) = seen
        assert first[0] == second[0] == "0"
        assert first[1] != second[1]  # a process that has begun to use one GPU could use no other
