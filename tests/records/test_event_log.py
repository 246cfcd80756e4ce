"""events.jsonl as it is written: a line an event, read again as it was, and rewound without losing what is whole."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from auxseg.records.event_log import EventLog
from auxseg.records.events import KINDS, Evaluated, Event, Resume, Step, read_events
from tests.raw_events import read_events as raw_events
from tests.records.made_events import make_end, make_look, make_start, make_step, make_validation

EVENTS: list[Event] = [
    make_start(calibration={"fp32 NCHW": 0.2}, labelled={"segmentation": 28}, untrained=("box",)),
    make_step(1, losses={"segmentation": 0.5, "box": None}, weights={"segmentation": 1.0}, phase="first"),
    make_look(2, norms={"box": {"all": 1.0}}, cosines={"box": {"all": None}}, affinities={"box": 0.1}),
    make_step(2),
    make_validation(2, epoch=0.5, figures={"segmentation": {"iou_dataset": 0.5}}, best=False),
    make_end(2, peak_memory_bytes=7),
    Resume(time="2026-11-20T22:02:00+00:00", step=2, steps=9),
    Evaluated(time="2026-11-20T22:03:00+00:00", split="test", step=2, data="/data/pets.h5"),
]


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(tmp_path / "events.jsonl")


def written(log: EventLog) -> list[str]:
    return [event["event"] for event in raw_events(log.path)]


def test_every_kind_of_event_is_read_as_it_was_written(log: EventLog) -> None:
    assert {type(event) for event in EVENTS} == set(KINDS.values())
    assert [log.append(event) for event in EVENTS] == EVENTS
    log.sync()
    assert read_events(log.path.parent).whole == tuple(EVENTS)


def test_a_line_says_its_kind_first_and_leaves_out_a_phase_that_is_none(log: EventLog) -> None:
    log.append(make_step(1, phase="first"))
    log.append(make_step(2))
    first, second = raw_events(log.path)
    assert list(first) == [
        "event", "step", "losses", "weights", "learning_rate", "gradient_norm", "seconds", "data_seconds", "phase"
    ]  # fmt: skip
    assert list(second) == list(first)[:-1]


def test_what_is_not_finite_is_written_and_returned_as_nothing(log: EventLog) -> None:
    look = make_look(1, cosines={"box": {"all": math.nan}}, affinities={"box": -math.inf})
    returned = log.append(make_step(1, losses={"a": math.nan, "b": 0.5}, gradient_norm=math.inf)), log.append(look)
    assert returned[0] == make_step(1, losses={"a": None, "b": 0.5}, gradient_norm=None)
    assert returned[1] == make_look(1, cosines={"box": {"all": None}}, affinities={"box": None})
    assert read_events(log.path.parent).whole == returned
    assert "NaN" not in log.path.read_text()


def test_an_event_after_a_line_that_was_cut_off_begins_a_line_of_its_own(log: EventLog) -> None:
    log.append(make_step(1))
    log.path.write_bytes(log.path.read_bytes()[:-9])
    log.append(make_step(2))
    found = read_events(log.path.parent)
    assert ([event.step for event in found.of(Step)], found.lost) == ([2], (1,))


def test_rewinding_keeps_every_step_once(log: EventLog) -> None:
    log.append(make_start(steps=4))
    for step in (1, 2, 3):
        log.append(make_step(step))
        log.append(make_look(step))
    log.append(make_validation(3))
    log.append(make_end(3))
    log.append(Evaluated(split="test", step=3))
    before = log.path.read_bytes().splitlines()
    with log.path.open("a") as file:
        file.write('{"event": "step", "st')
    assert log.rewind(2) == ()
    assert written(log) == ["start", "step", "gradients", "step", "gradients", "evaluate"]
    assert log.path.read_bytes().splitlines() == [*before[:5], before[-1]], "what is kept has the bytes it had"
    log.append(make_step(3))
    assert [event.step for event in read_events(log.path.parent).of(Step)] == [1, 2, 3]


def test_rewinding_keeps_what_a_newer_version_wrote(log: EventLog) -> None:
    newer = {"event": "of a newer version", "step": 9, "what": [1, 2]}
    step = {**json.loads(json.dumps({"event": "step", **vars(make_step(1))})), "of a newer version": 3}
    log.path.write_text(json.dumps(newer) + "\n" + json.dumps(step) + "\n")
    assert log.rewind(1) == ()
    assert list(raw_events(log.path)) == [newer, step]


def test_rewinding_says_which_lines_among_those_it_keeps_are_lost(log: EventLog) -> None:
    for step in (1, 2, 3, 4):
        log.append(make_step(step))
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([lines[0], b"damaged\n", lines[1], lines[2][:-9] + b"\n", lines[3]]))
    assert log.rewind(2) == (2,)
    assert [event.step for event in read_events(log.path.parent).of(Step)] == [1, 2]


def test_rewinding_what_is_not_there_leaves_an_empty_log(log: EventLog) -> None:
    assert log.rewind(2) == ()
    assert log.path.read_bytes() == b""
