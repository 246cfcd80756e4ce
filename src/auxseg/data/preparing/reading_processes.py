"""Reading samples and making records of them on several processes, in order and with bounded memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

from auxseg.data.preparing.record import Record, RecordSettings, make_record
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.errors import RunError
from auxseg.processes import leave_with_parent

_IN_FLIGHT: Final = 4
"""Samples per process that are asked for before the first answer is fetched."""


def read_records(
    source: Source, settings: RecordSettings, items: Sequence[Item], processes: int | None = 1
) -> Generator[Record | str]:
    """The record of every item, in order; of one that cannot be used, the reason.

    With ``processes`` above 1 (``None``: one per processor) the work is done by that many new processes. They are
    spawned, not forked, because a fork of a process that has threads may hang. Close the iterator to end them.
    """
    processes = min(processes or _num_processors(), len(items))
    if processes == 1:
        yield from (_read_record(source, settings, item) for item in items)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin_worker, (source, settings))
    try:
        with _interrupts_held():  # processes start as they are needed
            pending = deque(pool.submit(_work, item) for item in items[: processes * _IN_FLIGHT])
        for item in items[processes * _IN_FLIGHT :]:
            yield pending.popleft().result()
            with _interrupts_held():
                pending.append(pool.submit(_work, item))
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise RunError(
            "a reading process ended early: it ran out of memory, or a script starts several "
            'processes outside `if __name__ == "__main__":`'
        ) from error
    except BaseException:
        _kill(pool)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait, so that processes that start meanwhile never hear of it, not even while they import."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _kill(pool: ProcessPoolExecutor) -> None:
    """End the processes in the middle of what they read: nobody waits for it, and it may take for ever."""
    # Python 3.14 has `kill_workers` for this.
    processes = pool._processes or {}
    for process in list(processes.values()):
        process.kill()


def _num_processors() -> int:
    """Processors that this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_record(source: Source, settings: RecordSettings, item: Item) -> Record | str:
    try:
        return make_record(source.read(item), settings)
    except SampleError as error:
        return str(error)


_job: tuple[Source, RecordSettings]
"""What a worker process works on; set once, so that it does not travel with every item."""


def _begin_worker(source: Source, settings: RecordSettings) -> None:
    global _job
    _job = source, settings
    # Ctrl-C reaches every process of a terminal; the first process alone decides what happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_with_parent()


def _work(item: Item) -> Record | str:
    return _read_record(*_job, item)
