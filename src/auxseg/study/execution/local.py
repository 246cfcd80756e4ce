"""Training and evaluating the networks of a study on this machine, in worker processes.

A worker has no terminal of its own, so that Ctrl-C reaches the study alone; that passes it on once, and a run then
stops after its step, with a checkpoint. A worker ends with the study, however that ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from types import FrameType, ModuleType
from typing import Final, final

import torch

from auxseg.errors import RunError
from auxseg.processes import leave_with_parent
from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.run import choose
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.decisions import chosen
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.devices import VISIBLE, devices_of
from auxseg.study.execution.jobs import Job, Workers, evaluations, trainings
from auxseg.study.execution.sockets import make_room_for_sockets
from auxseg.tasks import run_plugin

_POLL_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 30.0
"""How long a run may take for its step and its checkpoint once it is to stop."""


@final
@dataclass(frozen=True)
class ThisMachine:
    """Worker processes of this machine, so many at the same time."""

    number: int = 1

    @property
    def share(self) -> int:
        """The machine's threads, shared between the workers."""
        return max(torch.get_num_threads() // self.number, 1)

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> Choices:
        """Measured in this process, with the threads and plugins that it has."""
        return chosen(choose(recipe, data), threads)

    def start(
        self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]
    ) -> AbstractContextManager[LocalWorkers]:
        """The processes."""
        return workers(self.number, threads, plugins, tick)


@final
@dataclass(frozen=True)
class LocalWorkers(Workers):
    """Processes that do a study's work; made by `workers`."""

    pool: ProcessPoolExecutor
    tick: Callable[[], None]

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Train what is not done yet."""
        self._do(Job.do, [(job,) for job in trainings(study, data, runs)])

    def evaluate(self, study: StudyDirectory, data: Path, plan: Plan) -> None:
        """Measure every finished run of a plan on the test split, once."""
        self._do(Job.do, [(job,) for job in evaluations(study, data, plan)])

    def _do(self, work: Callable[..., object], jobs: Sequence[tuple[object, ...]]) -> None:
        self.tick()
        try:
            with _no_script():
                pending: set[Future[None]] = {self.pool.submit(_job, work, *job) for job in jobs}
            while pending:
                done, pending = wait(pending, _POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    future.result()
                self.tick()
        except BrokenProcessPool:
            raise RunError(
                "a worker process was killed, possibly out of memory; run the same command again to continue"
            ) from None


@contextmanager
def workers(number: int, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> Iterator[LocalWorkers]:
    """So many processes, each with so many of torch's threads; ``tick`` is called now and then while they work."""
    # Forked from a process that has imported everything, which takes seconds, and has used none of torch's threads,
    # which would not survive it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    others = multiprocessing.active_children()
    make_room_for_sockets()
    with _no_interruption():
        forkserver.ensure_running()
    begin = (threads, tuple(plugins), _handed_out(devices_of(number), context))
    with ProcessPoolExecutor(number, context, initializer=_begin, initargs=begin) as pool:
        try:
            yield LocalWorkers(pool, tick)
        except BaseException:
            _end(pool, others)
            raise


@contextmanager
def _no_script() -> Iterator[None]:
    """Processes that are started meanwhile do not execute the script that asks, which would ask again in each."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _handed_out(devices: Sequence[str] | None, context: ForkServerContext) -> SimpleQueue[str] | None:
    """The devices in a queue, from which every worker takes one."""
    if devices is None:
        return None
    queue: SimpleQueue[str] = context.SimpleQueue()
    for device in devices:
        queue.put(device)
    return queue


@contextmanager
def _no_interruption() -> Iterator[None]:
    """Processes that are started meanwhile do not hear of Ctrl-C, until a worker is ready for it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pool: ProcessPoolExecutor, others: Sequence[BaseProcess]) -> None:
    """Let runs stop after their step, and end what has not stopped in time, or at a second Ctrl-C."""
    pool.shutdown(wait=False, cancel_futures=True)
    children = [process for process in multiprocessing.active_children() if process.pid is not None]
    processes = [process for process in children if process not in others]
    try:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):  # it ended at this moment
                os.kill(process.pid or 0, signal.SIGINT)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            process.join(max(deadline - time.monotonic(), 0))
    finally:
        for process in processes:
            process.terminate()


def _begin(threads: int, plugins: Sequence[Path], devices: SimpleQueue[str] | None) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, _interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    leave_with_parent()
    if devices is not None:
        os.environ[VISIBLE] = devices.get()
    torch.set_num_threads(threads)
    for plugin in plugins:
        run_plugin(plugin)


@dataclass
class _State:
    """Of a worker. One that was told to stop leaves the jobs that had been handed to it already."""

    is_busy: bool = False
    is_stopping: bool = False


_state: Final = _State()


def _interrupt(number: int, frame: FrameType | None) -> None:
    _state.is_stopping = True
    if _state.is_busy:
        raise KeyboardInterrupt


def _job(work: Callable[..., object], *arguments: object) -> None:
    if _state.is_stopping:
        raise KeyboardInterrupt
    _state.is_busy = True
    try:
        work(*arguments)
    except KeyboardInterrupt:
        _state.is_stopping = True
        raise
    finally:
        _state.is_busy = False
