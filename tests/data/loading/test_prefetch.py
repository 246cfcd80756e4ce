"""Work ahead is done in order, never too far ahead, and ends when nobody wants it any more."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest
import torch

from auxseg.data.loading.prefetch import prefetch


def loader_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("auxseg-loader")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    assert loader_threads() == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_values_come_in_order(workers: int, count: int) -> None:
    def slow_when_even(index: int) -> int:
        time.sleep(0.003 * (index % 2 == 0))
        return index * index

    indices = range(5, 5 + count)
    assert list(prefetch(slow_when_even, indices, workers=workers)) == [index**2 for index in indices]


@pytest.mark.parametrize("workers", [1, 3])
def test_little_is_made_ahead(workers: int) -> None:
    made: list[int] = []
    values = prefetch(lambda index: made.append(index), range(100), workers=workers)
    assert made == []
    for taken in range(1, 10):
        next(values)
        time.sleep(0.01)
        # What was taken, and as many as wait or are being made.
        assert len(made) == taken + workers + 1
    values.close()
    assert len(made) <= 9 + workers + 1


def test_several_workers_work_at_once() -> None:
    together = threading.Barrier(3, timeout=5.0)
    assert list(prefetch(lambda index: together.wait() >= 0, range(6), workers=3)) == [True] * 6


def test_an_exception_comes_in_its_turn() -> None:
    def fail_at_three(index: int) -> int:
        if index == 3:
            raise OSError("sample 3 cannot be read")
        return index

    values = prefetch(fail_at_three, range(10), workers=2)
    assert [next(values) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="sample 3"):
        next(values)


def test_closing_stops_at_once() -> None:
    begun: list[int] = []

    def slow(index: int) -> int:
        begun.append(index)
        time.sleep(0.05)
        return index

    values = prefetch(slow, range(1000), workers=2)
    next(values)
    start = time.perf_counter()
    values.close()
    assert time.perf_counter() - start < 1.0
    assert loader_threads() == []
    assert len(begun) <= 5


def test_an_interrupt_of_the_one_who_waits_stops_the_threads() -> None:
    begun: list[int] = []

    def interrupted(index: int) -> None:
        begun.append(index)
        if index == 2:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.02)

    with pytest.raises(KeyboardInterrupt):
        list(prefetch(interrupted, range(1000), workers=1))
    assert len(begun) <= 5


def test_only_the_loaders_threads_are_limited_to_one_core() -> None:
    torch.set_num_threads(2)
    values = prefetch(lambda _: torch.get_num_threads(), range(4), workers=2)
    assert next(values) == 1
    assert torch.get_num_threads() == 2
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [2]
    assert list(values) == [1, 1, 1]
