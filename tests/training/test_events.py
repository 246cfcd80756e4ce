"""Lines of events.jsonl are read strictly: cut ones are left out, wrong ones named."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.training.events import EventLog, read_events


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "step", "step": 1, "weights": {"box": "bold"}}',
        '{"event": "step", "step": "1"}',
        '{"event": "step", "step": true}',
        '{"event": "step", "step": -1}',
        '{"event": "step"}',
        '{"event": "validation", "step": 1, "figures": {"box": 3}}',
        '{"event": "step", "step": 1, "losses": [0.5]}',
        '{"event": "start", "steps_per_epoch": 0}',
        '{"event": "start", "data": {"path": 3}}',
        '{"event": 4}',
        "[1]",
        "7",
    ],
)
def test_a_line_of_the_wrong_form_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f'{{"event": "start"}}\n{line}\n')
    with pytest.raises(InputError, match=r"events\.jsonl, line 2: .*damaged"):
        list(read_events(path))


@pytest.mark.parametrize(
    "line", ['{"event": "st', "\x00" * 20, '{"event": "step", "step": NaN}', "[" * 100_000, "\udcff"]
)
def test_a_line_that_is_no_json_is_left_out(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(f'{line}\n{{"event": "step", "step": 2}}\n'.encode(errors="surrogateescape"))
    assert list(read_events(path)) == [{"event": "step", "step": 2}]


def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.truncate(2**30)  # a hole
    with pytest.raises(InputError, match="line 1: has more than"):
        list(read_events(path))


def test_appending_returns_what_stands_in_the_file(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    written = log.append("step", step=1, losses={"a": float("nan"), "b": 0.5})
    log.sync()
    assert written == {"event": "step", "step": 1, "losses": {"a": None, "b": 0.5}}
    assert list(read_events(log.path)) == [written]
