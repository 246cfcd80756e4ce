"""A side that works in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.tools.apart import Step, apart


def note(path: Path) -> Step:
    """A step that adds a line with its process and how often it was called."""
    calls: list[int] = []

    def step() -> None:
        calls.append(len(calls))
        with path.open("a") as file:
            file.write(f"{os.getpid()} {len(calls)}\n")

    return step


def test_a_side_is_built_once_and_steps_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "steps"
    with apart(note, path) as step:
        assert not path.exists()
        step()
        step()
    processes, calls = zip(*(line.split() for line in path.read_text().splitlines()), strict=True)
    assert calls == ("1", "2")
    assert len(set(processes)) == 1
    assert processes[0] != str(os.getpid())
