"""The time and memory of an arm are those that its runs noted."""

from __future__ import annotations

from auxseg.records.events import Events
from auxseg.study.answers.cost import cost
from tests.records.made_events import make_end, make_start, make_step


def _run(*seconds: float, peak: int | None = None, device: str = "cpu") -> Events:
    steps = [make_step(number, seconds=each) for number, each in enumerate(seconds, start=1)]
    ends = [make_end(len(steps), peak_memory_bytes=peak)] if peak is not None else []
    return Events((make_start(device=device), *steps, *ends))


def test_the_time_is_the_median_of_medians_and_the_memory_the_most_of_any_run() -> None:
    found = cost([_run(1.0, 2.0, 9.0, peak=5), _run(4.0, 4.0, 5.0, peak=7), _run(1.0, 1.0, 1.0, peak=6)])
    assert found is not None
    assert (found.seconds_per_step, found.peak_memory_bytes, found.on_gpu) == (2.0, 7, False)


def test_what_no_run_noted_is_unknown() -> None:
    assert cost([]) is None
    assert cost([_run()]) is None
    found = cost([_run(3.0, device="cuda:0")])
    assert found is not None
    assert (found.seconds_per_step, found.peak_memory_bytes, found.on_gpu) == (3.0, None, True)
