"""One rule for damaged lines: what is whole is used, and what is lost is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.events import Events, Resume, Step, read_events
from tests.records.made_events import make_step
from tests.records.mutations import replaced
from tests.report import made_runs as runs


@pytest.fixture
def run(tmp_path: Path) -> Path:
    runs.write_events(tmp_path, [*runs.training_events(steps=3), {"event": "of a newer version", "step": "x"}])
    return tmp_path


def steps(run: Path) -> list[int]:
    return [event.step for event in read_events(run).of(Step)]


def test_every_line_that_is_whole_is_an_event(run: Path) -> None:
    found = read_events(run)
    assert (len(found.whole), found.lost, found.loss) == (4, (), "")
    assert steps(run) == [1, 2, 3]


def test_a_cut_line_stays_lost_after_the_next_event(run: Path) -> None:
    path = run / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)[:4]
    path.write_bytes(b"".join(lines)[:-30] + b"\n" + json.dumps({"event": "resume", "step": 2, "steps": 9}).encode())
    found = read_events(run)
    assert steps(run) == [1, 2]
    assert found.of(Resume) == (Resume(step=2, steps=9),)
    assert found.loss == "Line 4 of events.jsonl is damaged or was cut off, and is left out here."


@pytest.mark.parametrize(
    "line", [b"", b"nonsense", b"\xff\xfe", b"7", b"[]", b'{"event": 1}', b"\0" * 5000, b"[" * 9999]
)
def test_what_stands_between_two_events_touches_neither(run: Path, line: bytes) -> None:
    path = run / "events.jsonl"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))
    assert steps(run) == [1, 2, 3]
    assert read_events(run).lost == ((3,) if line else ())


def test_values_of_another_type_lose_their_line_alone(run: Path) -> None:
    path = run / "events.jsonl"
    lines = path.read_bytes().splitlines()
    for line in replaced(lines[1]):
        path.write_bytes(b"\n".join([lines[0], line, *lines[2:]]))
        assert steps(run)[-2:] == [2, 3]


def test_a_line_longer_than_any_event_is_lost_and_many_are_counted(run: Path) -> None:
    path = run / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(b'{"event": "step", "x": "' + b"x" * (3 * 2**20) + b'"}\n' + whole + b"cut\n" * 9)
    found = read_events(run)
    assert steps(run) == [1, 2, 3]
    assert found.lost == (1, *range(7, 16))
    assert found.loss.startswith("10 lines of events.jsonl are damaged or were cut off")
    assert found.loss.endswith(": 1, 7, 8, 9, 10, ….")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(InputError, match=r"events\.jsonl: expected a file"):
        read_events(tmp_path)


def test_steps_without_an_answer_are_added_up_over_phases() -> None:
    counted = [("a", 0), ("a", 2), ("b", 0), ("b", 1)]
    made = [make_step(place, phase=phase, fallbacks=number) for place, (phase, number) in enumerate(counted, 1)]
    assert Events(tuple(made)).num_fallbacks == 3
    assert Events().num_fallbacks == 0
