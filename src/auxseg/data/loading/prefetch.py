"""Makes things ahead of time in background threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TypeVar

import torch

T = TypeVar("T")


def prefetch(make: Callable[[int], T], indices: range, *, workers: int) -> Generator[T, None, None]:
    """Yield ``make(index)`` for every index, in order, while ``workers`` threads make up to ``workers + 1`` ahead.

    An exception in ``make`` is raised where its value would have been yielded. Closing the iterator, or an exception
    in the one who iterates, drops what has not begun and waits for what has.
    """
    ahead = workers + 1
    with _single_core_threads(workers) as pool:
        pending: deque[Future[T]] = deque(pool.submit(make, index) for index in indices[:ahead])
        for index in indices[ahead:]:
            value = pending.popleft().result()
            pending.append(pool.submit(make, index))
            yield value
        while pending:
            yield pending.popleft().result()


@contextmanager
def _single_core_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads in which every torch operation runs on one core, so that they do not crowd out the training.

    `torch.set_num_threads` counts for the calling thread, and is also what threads will start with that have not used
    torch yet. Asking for the number first fixes it in the calling thread; setting it again at the end restores it for
    threads to come.
    """
    num_threads = torch.get_num_threads()
    started = Barrier(count)

    def limit() -> None:
        torch.get_num_threads()
        torch.set_num_threads(1)
        # Nobody is free for a second turn before all have had the first.
        started.wait()

    pool = ThreadPoolExecutor(count, thread_name_prefix="auxseg-loader")
    try:
        for limited in [pool.submit(limit) for _ in range(count)]:
            limited.result()
        torch.set_num_threads(num_threads)
        yield pool
    finally:
        # An interrupt while they start would leave some waiting for the others.
        started.abort()
        pool.shutdown(cancel_futures=True)
