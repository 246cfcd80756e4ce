"""A run directory is made, cleared or refused, and held; a refusal reaches every process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.run.beginning.opening import begun, opened
from auxseg.run.directory import FORMER, Run
from auxseg.training.lock import training_in
from auxseg.training.runtime import Runtime


class _Other:
    """The runtime of a process that is not the main one, which was told this."""

    is_main = False

    def __init__(self, refusal: InputError | None) -> None:
        self.refusal = refusal

    def gather(self, value: object) -> list[object]:
        assert value is None
        return [self.refusal, value]


def _open(path: Path, *, resume: bool = False, overwrite: bool = False, runtime: Any = None) -> list[str]:
    """What the directory holds while it is open."""
    with opened(Run(path), runtime or Runtime("cpu"), resume=resume, overwrite=overwrite):
        return sorted(each.name for each in path.iterdir() if each.name != ".lock")


def _refused(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as refused:
        _open(path, **options)
    return str(refused.value)


def _run(path: Path) -> Path:
    path.mkdir()
    for name in ("recipe.yaml", "events.jsonl", "best.safetensors"):
        (path / name).touch()
    return path


def test_a_directory_is_made_with_those_above_it(tmp_path: Path) -> None:
    assert _open(tmp_path / "a" / "b" / "run") == []


def test_a_directory_is_held_while_it_is_open_and_no_longer(tmp_path: Path) -> None:
    with opened(Run(tmp_path / "run"), Runtime("cpu"), resume=False, overwrite=False):
        assert "another process is working" in _refused(tmp_path / "run")
    with training_in(tmp_path / "run"):
        pass


def test_nothing_is_changed_in_a_directory_that_somebody_works_in(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    (run / ".recipe.yaml.7.partial").touch()
    with training_in(run):
        assert "another process is working" in _refused(run, overwrite=True)
    assert {each.name for each in run.iterdir()} >= {"recipe.yaml", "best.safetensors", ".recipe.yaml.7.partial"}


def test_what_a_killed_writer_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".last.pt.123.partial").touch()
    for resume in (False, True):
        assert _open(tmp_path / "run", resume=resume) == []


def test_a_run_is_resumed_as_it_is_and_overwritten_as_a_whole(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    (run / "figures").mkdir()
    assert _open(run, resume=True) == ["best.safetensors", "events.jsonl", "figures", "recipe.yaml"]
    assert _open(run, overwrite=True) == []


def test_a_run_is_neither_resumed_nor_overwritten_unless_told(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    expected = f"{run}: already exists; --resume continues the run, --overwrite starts again"
    assert _refused(run) == expected
    assert (run / "best.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"overwrite": True}, "holds files but no run, so --overwrite will not delete it"),
        ({"resume": True}, "holds files but no run to resume"),
        ({}, "already exists; --resume continues the run, --overwrite starts again"),
    ],
)
def test_files_of_somebody_are_left_alone(options: dict[str, bool], reason: str, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear")
    assert _refused(tmp_path, **options) == f"{tmp_path}: {reason}"
    assert (tmp_path / "letter.txt").read_text() == "Dear"


def test_there_is_nothing_to_resume_where_nothing_is(tmp_path: Path) -> None:
    assert _refused(tmp_path / "run", resume=True) == f"{tmp_path / 'run'}: there is no run to resume"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
def test_a_former_run_that_is_half_deleted_goes_wholly(options: dict[str, bool], tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    (run / FORMER).mkdir()
    (run / FORMER / "recipe.yaml").touch()
    assert _open(run, **options) == []


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _refused(tmp_path / "file") == f"{tmp_path / 'file'}: cannot be a run directory (File exists)"
    assert _refused(tmp_path / "file" / "run").endswith("cannot be a run directory (Not a directory)")


def test_a_directory_that_is_read_only_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # as for anyone but the superuser
    assert _refused(tmp_path / "run") == f"{tmp_path / 'run'}: cannot be a run directory (it is read-only)"


def test_other_processes_touch_nothing_and_hear_the_refusal(tmp_path: Path) -> None:
    run = _run(tmp_path / "run")
    assert len(_open(run, runtime=_Other(None))) == 3  # the main process has cleared it, or not
    assert _refused(run, runtime=_Other(InputError("in use"))) == "in use"
    assert not (run / ".lock").exists()


def _runs(tmp_path: Path, *names: str) -> dict[str, Run]:
    return {name: Run(tmp_path / name) for name in names}


def test_of_several_runs_those_that_were_begun_are_resumed(tmp_path: Path) -> None:
    _run(tmp_path / "a")
    assert begun(_runs(tmp_path, "a", "b"), resume=True, overwrite=False) == {"a": True, "b": False}
    assert begun(_runs(tmp_path, "b", "c"), resume=False, overwrite=False) == {"b": False, "c": False}
    assert begun(_runs(tmp_path, "a", "b"), resume=False, overwrite=True) == {"a": False, "b": False}
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_one_that_was_stopped_before_its_first_file_is_in_nobodys_way(resume: bool, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".lock").touch()
    (tmp_path / "a" / ".recipe.yaml.7.partial").touch()
    assert begun(_runs(tmp_path, "a", "b"), resume=resume, overwrite=False) == {"a": resume, "b": False}


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (_run, {}, "b: already exists; --resume continues the run, --overwrite starts again"),
        (Path.touch, {}, r"b: cannot be a run directory \(it is a file\)"),
        (lambda path: None, {"resume": True}, "^a, b: none of these runs was started, so there is none to resume$"),
    ],
)
def test_one_that_cannot_be_opened_refuses_them_all(
    make: Callable[[Path], object], options: dict[str, bool], message: str, tmp_path: Path
) -> None:
    make(tmp_path / "b")
    with pytest.raises(InputError, match=message):
        begun(_runs(tmp_path, "a", "b"), **{"resume": False, "overwrite": False, **options})
    assert not (tmp_path / "a").exists()
