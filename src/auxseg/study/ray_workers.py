"""A study's work as tasks of Ray Core, one for each job.

A run whose worker or node is lost is given to another: it goes on from its checkpoint where the study's directory is
shared, and begins again where it is not. Ctrl-C cancels the tasks; those in a shared directory leave a checkpoint. The
tasks end with the study, however that ends, which Ray sees to.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

import ray
from ray import exceptions

from auxseg.data.store import Store
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.study.archive import LARGEST, pack, receive
from auxseg.study.directory import StudyDirectory
from auxseg.study.node import Outcome, Part, Terms, work
from auxseg.study.origin import origin
from auxseg.study.plan import PlannedRun
from auxseg.study.workers import Job, Workers, evaluations, trainings

_POLL_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 30.0
"""How long a run may take for its step and its checkpoint once it is to stop."""
_SEEN_SECONDS: Final = 90.0
"""How long a shared directory may take to show here what a node has written there."""
_MOST_LOSSES: Final = 5
"""So often a run is given to another worker before the study ends."""
_TOKEN: Final = ".shared-"

_LOST: Final = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.OutOfMemoryError,
    exceptions.ObjectLostError,
)


@dataclass
class _Attempt:
    """A job on its way, with what was sent along."""

    job: Job
    sent: dict[Part, ray.ObjectRef[Any]] = field(default_factory=dict)
    losses: int = 0


@final
@dataclass(frozen=True)
class RayWorkers(Workers):
    """Tasks that do a study's work."""

    threads: int
    """Of each run."""
    gpus: float
    """Of each run."""
    limit: int | None
    """The most runs at the same time; ``None`` for as many as there is room for."""
    plugins: Sequence[Path]
    tick: Callable[[], None]
    _stores: dict[Path, ray.ObjectRef[bytes]] = field(default_factory=dict)
    """What was sent of data; one copy serves all nodes."""

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Train what is not done yet."""
        there = StudyDirectory(study.path.absolute())
        self._do_all(there.path, lambda: trainings(there, data.absolute(), runs))

    def evaluate(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Measure every finished run on the test split, once."""
        there = StudyDirectory(study.path.absolute())
        self._do_all(there.path, lambda: evaluations(there, data.absolute(), runs))

    def _do_all(self, folder: Path, left: Callable[[], list[Job]]) -> None:
        self.tick()
        jobs = left()
        if not jobs:
            return
        with _token_in(folder) as token:
            self.do(jobs, token)
        deadline = time.monotonic() + _SEEN_SECONDS
        while unseen := left():
            if time.monotonic() > deadline:
                raise RunError(
                    f"{unseen[0].directory}: a node of the cluster has written it, but it is not to be seen here after "
                    f"{_SEEN_SECONDS:.0f} s; the same command goes on when the directory is shared again"
                )
            time.sleep(_POLL_SECONDS)
            self.tick()

    def do(self, jobs: Sequence[Job], token: Path) -> list[Any]:
        """Have all jobs done, in any order; returns what they gave. What comes back is held one run at a time."""
        terms = self._terms(jobs[0], token)
        waiting, running = deque(_Attempt(job) for job in jobs), dict[ray.ObjectRef[Outcome], _Attempt]()
        values: list[Any] = []
        try:
            while waiting or running:
                while waiting and len(running) < (self.limit or len(jobs)):
                    attempt = waiting.popleft()
                    running[self._submit(attempt, terms)] = attempt
                done, _ = ray.wait(list(running), timeout=_POLL_SECONDS, fetch_local=False)
                for reference in done:
                    attempt = running.pop(reference)
                    outcome = self._outcome(reference, attempt)
                    if outcome is None:
                        waiting.appendleft(attempt)
                    else:
                        values.append(outcome.value)
                self.tick()
        except BaseException:
            _cancel(list(running))
            raise
        return values

    def _submit(self, attempt: _Attempt, terms: Terms) -> ray.ObjectRef[Outcome]:
        # Ray's own retries would not end for want of memory, and could not be counted.
        task = ray.remote(work).options(num_cpus=self.threads, num_gpus=self.gpus, max_retries=0)
        job, sent = attempt.job, attempt.sent
        return task.remote(job, terms, job.directory.is_dir(), sent.get("data"), sent.get("run"))

    def _outcome(self, reference: ray.ObjectRef[Outcome], attempt: _Attempt) -> Outcome | None:
        """What a task gave, after it has been put in its place; ``None`` if the job is to be given out again."""
        job = attempt.job
        try:
            outcome = ray.get(reference)
        except _LOST as error:
            attempt.losses += 1
            if attempt.losses > _MOST_LOSSES:
                raise RunError(
                    f"{job.directory}: its worker or node was lost {attempt.losses} times "
                    f"({type(error).__name__}), for want of memory perhaps; the same command goes on"
                ) from None
            return None
        except exceptions.RayTaskError as error:
            raise error.cause from None
        if outcome.missing:
            for part in outcome.missing:
                attempt.sent[part] = ray.put(pack(job.directory)) if part == "run" else self._store(job.data)
            return None
        if outcome.archive is not None:
            receive(outcome.archive, job.directory)
        if outcome.failure is not None:
            write_atomically(job.failure, outcome.failure.encode())
        return outcome

    def _store(self, path: Path) -> ray.ObjectRef[bytes]:
        if path not in self._stores:
            size = path.stat().st_size
            if size > LARGEST:
                raise RunError(
                    f"{path}: a node of the cluster has no such file, and {size / 2**20:.0f} MiB are too much to send "
                    f"(at most {LARGEST / 2**20:.0f} MiB); put it at the same path on every node"
                )
            self._stores[path] = ray.put(path.read_bytes())
        return self._stores[path]

    def _terms(self, job: Job, token: Path) -> Terms:
        return Terms(
            content_hash=Store.open(job.data).content_hash,
            origin=origin(job.recipe["model"]["weights"]),
            threads=self.threads,
            has_gpu=self.gpus > 0,
            plugins=tuple(plugin.absolute() for plugin in self.plugins),
            folder=Path.cwd(),
            token=token,
        )


def _cancel(references: list[ray.ObjectRef[Outcome]]) -> None:
    """Let runs stop after their step, and end what has not stopped in time, or at a second Ctrl-C."""
    if not references:
        return
    try:
        for reference in references:
            ray.cancel(reference, force=False)
        ray.wait(references, num_returns=len(references), timeout=_GRACE_SECONDS, fetch_local=False)
    finally:
        for reference in references:
            ray.cancel(reference, force=True)


@contextmanager
def _token_in(folder: Path) -> Iterator[Path]:
    """A file that is seen wherever the study's directory is shared, and nowhere else."""
    for left_over in folder.glob(f"{_TOKEN}*"):
        left_over.unlink(missing_ok=True)
    token = folder / new_token()
    token.touch()
    try:
        yield token
    finally:
        token.unlink(missing_ok=True)


def new_token() -> Path:
    """A name that nothing else has."""
    return Path(f"{_TOKEN}{uuid.uuid4().hex}")
