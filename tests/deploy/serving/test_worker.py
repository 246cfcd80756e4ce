"""The queue: its order, its bound, and what becomes of work that nobody waits for."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError

import numpy as np
import pytest

from auxseg.deploy.serving.worker import Full, Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(2)
    yield worker
    worker.close()


def _block(worker: Worker) -> threading.Event:
    """Keep the worker busy until the event is set."""
    begun, end = threading.Event(), threading.Event()
    worker.submit(lambda: (begun.set(), end.wait(30)))
    assert begun.wait(30)
    return end


def test_work_is_done_one_after_the_other(worker: Worker) -> None:
    end, done = _block(worker), []
    futures = [worker.submit(lambda number=number: done.append(number)) for number in range(2)]
    assert worker.num_waiting == 2
    end.set()
    for future in futures:
        future.result(30)
    assert done == [0, 1]


def test_more_than_there_are_places_is_refused(worker: Worker) -> None:
    end = _block(worker)
    waiting = [worker.submit(int) for _ in range(2)]
    with pytest.raises(Full):
        worker.submit(int)
    end.set()
    assert [future.result(30) for future in waiting] == [0, 0]
    assert worker.submit(int).result(30) == 0


def test_without_places_one_is_worked_on_and_none_waits() -> None:
    worker = Worker(0)
    end = _block(worker)
    with pytest.raises(Full):
        worker.submit(int)
    end.set()
    worker.close()


def test_what_is_withdrawn_frees_its_place_and_is_not_done(worker: Worker) -> None:
    end, done = _block(worker), []
    first, _ = worker.submit(lambda: done.append(1)), worker.submit(lambda: done.append(2))
    worker.withdraw(first)
    assert worker.num_waiting == 1
    last = worker.submit(lambda: done.append(3))
    end.set()
    last.result(30)
    assert done == [2, 3]
    worker.withdraw(last)  # too late, and harmless
    assert last.result() is None


def test_a_failure_is_the_askers_and_the_next_is_served(worker: Worker) -> None:
    failing = worker.submit(lambda: 1 // 0)
    assert isinstance(failing.exception(30), ZeroDivisionError)
    assert worker.submit(lambda: 3).result(30) == 3


def test_nothing_stays_in_memory_after_the_answer(worker: Worker) -> None:
    class Photograph:
        pixels = np.zeros(8)

    photograph = Photograph()
    seen = weakref.ref(photograph)
    worker.submit(lambda photograph=photograph: photograph.pixels.sum()).result(30)
    del photograph
    worker.submit(int).result(30)
    gc.collect()
    assert seen() is None


def test_closing_gives_up_what_waits(worker: Worker) -> None:
    end = _block(worker)
    waiting = worker.submit(int)
    worker.close()
    with pytest.raises(CancelledError):
        waiting.result(30)
    assert worker.submit(int).cancelled()
    assert not worker.join(0)
    end.set()
    assert worker.join(30)
