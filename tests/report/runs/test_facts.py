from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.report.runs import facts
from auxseg.report.runs.record import Record, read_record
from tests.report import made_runs as runs


@pytest.fixture
def record(tmp_path: Path) -> Record:
    runs.write_recipe(tmp_path, ("segmentation",))
    events = runs.training_events(("segmentation",), steps=34)
    for event in events:
        if event["event"] == "step":
            event |= {"seconds": 1.0 if event["step"] == 1 else 0.2, "data_seconds": 0.05}
    runs.write_events(tmp_path, [*events, runs.end_event(34)])
    return read_record(tmp_path)


def test_time_is_told_by_the_median_step_and_in_all(record: Record) -> None:
    told = dict(facts.time_and_memory(record))
    assert told == {
        "Steps": "34, 17 steps an epoch",
        "Time per step": "0.20 s (median)",
        "Waiting for data": "22.4 % of that, over all steps",  # 34 * 0.05 of 33 * 0.2 + 1
        "Training in all": "8.60 s, 1.00 s of it validation",
        "Peak memory": "1.30 GiB",
    }


def test_the_arithmetic_that_was_taken_is_marked(record: Record) -> None:
    assert [(name, chosen) for name, _, chosen in facts.calibration(record)] == [
        ("fp32 NCHW", False),
        ("fp32 channels_last", False),
        ("bf16 channels_last", True),
    ]


def test_shares_of_parameters_add_up(record: Record) -> None:
    parts = facts.parameters(record)
    assert sum(number for _, number, _ in parts) == facts.num_parameters(record) == 947008
    assert sum(share for _, _, share in parts) == pytest.approx(100)


def test_what_is_frozen_is_said_with_its_part(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path)
    start, *events = runs.training_events(("segmentation",), steps=34)
    counts = {"parameters": {"encoder": 7000, "sharing": 5, "head": 3}, "frozen": {"encoder": 6000, "sharing": 5}}
    runs.write_events(tmp_path, [start | counts, *events])
    record = read_record(tmp_path)
    assert [part for part, _, _ in facts.parameters(record)] == [
        "encoder, 6,000 of them frozen",
        "sharing, frozen",
        "head",
    ]
    assert (facts.num_parameters(record), facts.num_trained(record)) == (7008, 1003)


def test_an_empty_run_has_no_facts(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path)
    record = read_record(tmp_path)
    assert facts.data(record) == facts.time_and_memory(record) == facts.calibration(record) == []
    assert facts.provenance(record) == [("Seed", "0")]


def test_processes_are_told_when_there_are_several(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path)
    events = runs.training_events(steps=1)
    events[0]["processes"] = 2
    runs.write_events(tmp_path, events)
    assert "2 processes" in dict(facts.provenance(read_record(tmp_path)))["Machine"]


def test_the_mean_weights_of_branches_are_told(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path, ("segmentation", "box"))
    events = runs.training_events(("segmentation", "box"), steps=34)
    looks = [event for event in events if event["event"] == "validation"]
    assert len(looks) == 2
    for look, weight in zip(looks, (1.0, 0.5), strict=True):
        look["merged"] = {"segmentation": weight, "box": 1 - weight}
    runs.write_events(tmp_path, events)
    told = dict(facts.provenance(read_record(tmp_path)))
    assert told["Branches merged"] == "2 times, with mean weights segmentation 0.75, box 0.25"


@pytest.mark.parametrize(
    ("further", "told"),
    [
        ((), ""),
        (("same",), "same has no head of its own: another task's head learns."),
        (("same", "boxes"), "same and boxes have no heads of their own: another task's head learns."),
    ],
)
def test_tasks_without_a_head_are_named(tmp_path: Path, further: tuple[str, ...], told: str) -> None:
    runs.write_recipe(tmp_path, ("segmentation", *further))
    start, *events = runs.training_events(("segmentation",), steps=34)
    runs.write_events(tmp_path, [start | {"parameters": {"encoder": 7, "head segmentation": 3}}, *events])
    assert facts.without_head(read_record(tmp_path)) == told


def test_of_heads_that_are_not_known_nothing_is_told(record: Record, tmp_path: Path) -> None:
    runs.write_recipe(tmp_path, ("segmentation", "same"))
    assert facts.without_head(read_record(tmp_path)) == ""
