"""A side that works in a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.tools.apart import Step, apart, peak_of_step_apart


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


def hold(first: int, later: int) -> Step:
    """A step that fills so many MiB, the first another number than the others."""
    sizes = [later, first]
    return lambda: bytearray(sizes.pop() * 2**20) if len(sizes) > 1 else bytearray(sizes[0] * 2**20)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_the_peak_is_that_of_the_second_step() -> None:
    little, much = (peak_of_step_apart(hold, 300, later) / 2**20 for later in (0, 200))
    assert 195 < much - little < 215
