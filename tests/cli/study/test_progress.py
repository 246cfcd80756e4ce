"""A study says what it does from its first second on, how far its trainings are, and how long they will take."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from auxseg.cli.study import progress as study_progress
from auxseg.cli.study.progress import StudyProgress
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.training.events import EventLog
from tests.study.small import box_alone

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test moves."""
    now = [1000.0]
    monkeypatch.setattr(study_progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def plan() -> Plan:
    """Two arms on two seeds."""
    return make_plan(box_alone())


def take(directory: StudyDirectory, plan: Plan, number: int, steps: int, *, end: bool = False) -> None:
    """Let a run of the plan have taken so many of 40 steps."""
    folder = directory.run_directory(plan.runs[number])
    folder.mkdir(parents=True, exist_ok=True)
    log = EventLog(folder / "events.jsonl")
    if not log.path.exists():
        log.append("start", steps=40)
    for step in range(1, steps + 1):
        log.append("step", step=step, seconds=0.1)
    log.append("validation", step=steps, best=True, figures={"segmentation": {"iou_dataset": 0.5}})
    if end:
        log.append("end", step=steps)


def test_a_log_has_a_line_for_every_stage_and_every_finished_training(
    tmp_path: Path, plan: Plan, clock: list[float]
) -> None:
    written, directory = io.StringIO(), StudyDirectory(tmp_path)
    with StudyProgress(Console(file=written, width=160), directory) as progress:
        progress.tell("opening the data")
        progress.show(plan)
        clock[0] += 10
        take(directory, plan, 0, 40, end=True)
        take(directory, plan, 1, 20)
        progress.show(plan)
    first, second = written.getvalue().splitlines()
    assert re.fullmatch(STAMP + "opening the data", first)
    # One and a half of four trainings in 10 s.
    left = "1 of 4 runs are done, about 17 s left  target only, seed 0: validation 0.5000"
    assert re.fullmatch(STAMP + re.escape(left), second)


def test_a_terminal_shows_the_stage_and_the_steps_of_running_trainings(
    tmp_path: Path, plan: Plan, clock: list[float]
) -> None:
    written, directory = io.StringIO(), StudyDirectory(tmp_path)
    with StudyProgress(Console(file=written, force_terminal=True, width=80), directory) as progress:
        progress.tell("opening the data")
        progress._live.refresh()  # pyright: ignore[reportOptionalMemberAccess]
        assert "opening the data" in written.getvalue()
        progress.tell("training")
        take(directory, plan, 1, 10)
        progress.show(plan)
        clock[0] += 30
        take(directory, plan, 0, 20)
        progress.show(plan)
        progress._live.refresh()  # pyright: ignore[reportOptionalMemberAccess]
    shown = written.getvalue()
    assert "training" in shown
    assert "20/40" in shown
    assert "10/40" in shown
    assert "0 of 4 runs are done, about 3 min left" in shown  # half a training in 30 s, 3.25 left
