"""How far a training is, whatever the end of its log looks like at that moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from auxseg.study.execution.last_step import last_step
from auxseg.training.events import EventLog

START = json.dumps({"event": "start", "steps": 30})


def _written(directory: Path, *lines: str) -> tuple[int, int] | None:
    (directory / "events.jsonl").write_text("".join(lines))
    return last_step(directory)


def test_the_last_step_is_read_from_the_end_of_a_log_that_is_being_written(tmp_path: Path) -> None:
    assert last_step(tmp_path) is None
    log = EventLog(tmp_path / "events.jsonl")
    log.append("start", steps=30000)
    assert last_step(tmp_path) is None
    for step in range(1, 3001):
        log.append("step", step=step, losses={"segmentation": 0.123456789})
    with log.path.open("a") as file:
        file.write('{"event": "step", "st')
    assert last_step(tmp_path) == (3000, 30000)


def test_what_follows_the_last_step_is_passed_over(tmp_path: Path) -> None:
    lines = [
        START,
        '{"event": "step", "step": 6}',
        '{"event": "step", "step": 7}',
        '{"event": "validation", "step": 7}',
    ]
    assert _written(tmp_path, *(f"{line}\n" for line in lines)) == (7, 30)


@pytest.mark.parametrize(
    "tail",
    [
        '{"event": "step"',
        '{"event": "step"}',
        '{"event": "step", "step": null}',
        "[3]",
        "7",
        "null",
        "\x00\x00",
        '{"a": 1}',
    ],
)
def test_a_last_line_that_says_nothing_leaves_the_one_before(tmp_path: Path, tail: str) -> None:
    assert _written(tmp_path, f'{START}\n{{"event": "step", "step": 4}}\n{tail}') == (4, 30)


@pytest.mark.parametrize("first", ["", '{"event": "sta', "\n"])
def test_before_the_first_line_is_whole_nothing_is_known(tmp_path: Path, first: str) -> None:
    assert _written(tmp_path, first) is None


def test_a_start_that_does_not_say_how_many_steps_tells_nothing(tmp_path: Path) -> None:
    assert _written(tmp_path, '{"event": "start"}\n{"event": "step", "step": 4}\n') is None


def test_the_first_line_may_be_longer_than_what_is_read_of_the_end(tmp_path: Path) -> None:
    start = json.dumps({"event": "start", "steps": 30, "recipe": "x" * 100_000})
    assert _written(tmp_path, f"{start}\n") is None
    assert _written(tmp_path, f'{start}\n{{"event": "step", "step": 1}}\n') == (1, 30)


def test_there_may_be_a_directory_in_the_place_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    assert last_step(tmp_path) is None
