from __future__ import annotations

import itertools

import pytest
import torch

from benchmarks.tools.timing import Timing, alternate


def test_sides_take_turns_and_every_second_round_goes_backwards() -> None:
    calls: list[str] = []
    sides = {name: lambda name=name: calls.append(name) for name in "abc"}
    timings = alternate(sides, rounds=3, warm_up=1)
    assert "".join(calls) == "cba" + "abc" + "cba" + "abc"
    assert {name: len(timing.seconds) for name, timing in timings.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_side_is_charged_its_own_time() -> None:
    ticks = itertools.count()
    spent = {"quick": 1, "slow": 5}
    sides = {name: lambda count=count: [next(ticks) for _ in range(count)] for name, count in spent.items()}
    timings = alternate(sides, rounds=2, clock=lambda: float(next(ticks)))
    assert timings["slow"].median - timings["quick"].median == 4


def test_ratio_compares_neighbouring_turns() -> None:
    # The machine became ten times slower half-way: the ratio does not notice.
    mine, its = Timing((2.0, 2.0, 20.0, 20.0)), Timing((1.0, 1.0, 10.0, 10.0))
    ratio = mine.over(its)
    assert (ratio.low, ratio.median, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    assert str(ratio) == "2.000 (2.000 to 2.000)"


def test_waits_for_the_gpu_before_and_after_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: events.append("wait"))

    def clock() -> float:
        events.append("clock")
        return 0.0

    alternate({"a": lambda: events.append("a")}, rounds=1, warm_up=0, clock=clock)
    assert events == ["wait", "clock", "a", "wait", "clock"]
