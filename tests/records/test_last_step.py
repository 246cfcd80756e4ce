"""How far a training is, said by the end of a log that may be long and is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.records.event_log import EventLog
from auxseg.records.last_step import last_step
from tests.records.made_events import make_look, make_start, make_step, make_validation


def test_the_last_step_is_read_from_the_end_of_a_log_that_is_being_written(tmp_path: Path) -> None:
    assert last_step(tmp_path) is None
    log = EventLog(tmp_path / "events.jsonl")
    log.append(make_start(steps=30000))
    assert last_step(tmp_path) is None
    for step in range(1, 3001):
        log.append(make_step(step, losses={"segmentation": 0.123456789}))
    with log.path.open("a") as file:
        file.write('{"event": "step", "st')
    assert last_step(tmp_path) == (3000, 30000)


def test_what_follows_a_step_is_passed_over(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(make_start(steps=9))
    log.append(make_step(4))
    log.append(make_look(4))
    log.append(make_validation(4))
    assert last_step(tmp_path) == (4, 9)


@pytest.mark.parametrize("content", [b"", b"\xff\n", b'{"event": "start", "steps": 9}\n', b"[" * 9999])
def test_a_log_whose_beginning_is_not_whole_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    EventLog(path).append(make_step(4))
    assert last_step(tmp_path) is None
