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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import ray
from ray import exceptions

from auxseg.data.store.store import Store
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.records.names import RUNS_FOLDER
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.archive import LARGEST, clear, pack, receive
from auxseg.study.execution.jobs import Job, Workers, evaluations, trainings
from auxseg.study.execution.ray_node import Outcome, Part, Terms, work

_POLL_SECONDS: Final = 0.5
_GRACE_SECONDS: Final = 30.0
"""How long a run may take for its step and its checkpoint once it is to stop."""
_SEEN_SECONDS: Final = 90.0
"""How long a shared directory may take to show here what a node has written there."""
_MOST_LOSSES: Final = 5
"""So often a run is given to another worker before the study ends."""
ROOM_SECONDS: Final = 120.0
"""How long a cluster that starts nodes when they are wanted may take for one that is large enough."""
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
    sent: dict[Part, ray.ObjectRef[bytes | None]] = field(default_factory=dict)
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
    _stores: dict[Path, ray.ObjectRef[bytes | None]] = field(default_factory=dict)
    """What was sent of data; one copy serves all nodes."""

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Train what is not done yet."""
        there = StudyDirectory(study.path.absolute())
        self._do_all(there.path, lambda: trainings(there, data.absolute(), runs))

    def evaluate(self, study: StudyDirectory, data: Path, plan: Plan) -> None:
        """Measure every finished run of a plan on the test split, once."""
        there = StudyDirectory(study.path.absolute())
        self._do_all(there.path, lambda: evaluations(there, data.absolute(), plan))

    def _do_all(self, folder: Path, left: Callable[[], list[Job]]) -> None:
        self.tick()
        jobs = left()
        if not jobs:
            return
        clear(folder / RUNS_FOLDER)
        with _token_in(folder) as token:
            self.do(jobs, token)
        deadline = time.monotonic() + _SEEN_SECONDS
        while unseen := left():
            if time.monotonic() > deadline:
                raise RunError(
                    f"{unseen[0].directory}: a node of the cluster wrote it, but it did not appear here within "
                    f"{_SEEN_SECONDS:.0f} s; share the directory again and run the same command"
                )
            time.sleep(_POLL_SECONDS)
            self.tick()

    def do(self, jobs: Sequence[Job], token: Path) -> list[object]:
        """Have all jobs done, in any order; returns what they gave. What comes back is held one run at a time.

        What is sent is bounded too: there are never more jobs on their way than there is room for, and one more, by
        which a cluster that starts nodes when they are wanted can tell that they are.
        """
        # What a job is to have is said here and not by `options`, after which Ray would let the process that holds a
        # GPU do another job. Ray's own retries would not end where memory is short, and could not be counted.
        task = ray.remote(num_cpus=self.threads, num_gpus=self.gpus, max_retries=0)(work)
        waiting, running = deque(_Attempt(job) for job in jobs), dict[ray.ObjectRef[Outcome], _Attempt]()
        values: list[object] = []
        last_room = time.monotonic()
        try:
            terms = self._terms(jobs[0], token)
            while waiting or running:
                slots = room(self.threads, self.gpus)
                last_room = self._refuse_no_room(slots, last_room)
                while waiting and len(running) < (self.limit or slots + 1):
                    attempt = waiting.popleft()
                    job, sent = attempt.job, attempt.sent
                    reference = task.remote(job, terms, job.directory.is_dir(), sent.get("data"), sent.get("run"))
                    running[reference] = attempt
                done, _ = ray.wait(list(running), timeout=_POLL_SECONDS, fetch_local=False)
                for reference in done:
                    outcome = self._outcome(reference, running[reference])
                    attempt = running.pop(reference)
                    if outcome is None:
                        waiting.appendleft(attempt)
                    else:
                        values.append(outcome.value)
                self.tick()
        except BaseException as error:
            with suppress(Exception):  # the first error is the one to tell
                _stop(running)
            if isinstance(error, exceptions.RayError):
                raise RunError(f"Ray failed: {_first_line(error)}; run the same command again to continue") from error
            raise
        return values

    def _refuse_no_room(self, slots: int, last_room: float) -> float:
        """The time at which a run fitted a node, if one does now or did a while ago."""
        now = time.monotonic()
        if slots:
            return now
        if now - last_room > ROOM_SECONDS:
            raise RunError(
                f"for {ROOM_SECONDS:.0f} s the cluster has had no node large enough for a run "
                f"({self.threads} CPUs, {self.gpus:g} GPUs); add such a node and run the same command again"
            )
        return last_room

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
                    f"({type(error).__name__}), possibly out of memory; run the same command again to continue"
                ) from None
            return None
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, exceptions.RayError) or "failed to import on the worker" in str(error.cause):
                raise RunError(
                    f"{job.directory}: a node could not begin: {_first_line(error.cause)}; every node needs the same "
                    "auxseg with the extra ray: pip install 'auxseg[ray]'"
                ) from error
            raise error.cause from None
        if outcome.missing:
            for part in outcome.missing:
                attempt.sent[part] = ray.put(pack(job.directory)) if part == "run" else self._store(job.data)
            return None
        _place(outcome, job)
        return outcome

    def _store(self, path: Path) -> ray.ObjectRef[bytes | None]:
        if path not in self._stores:
            size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else (path,)))
            if size > LARGEST:
                raise RunError(
                    f"{path}: a node of the cluster has no such store, and {size / 2**20:.0f} MiB are too much to send "
                    f"(at most {LARGEST / 2**20:.0f} MiB); put it at the same path on every node"
                )
            self._stores[path] = ray.put(pack(path) if path.is_dir() else path.read_bytes())
        return self._stores[path]

    def _terms(self, job: Job, token: Path) -> Terms:
        return Terms(
            content_hash=job.content_hash or Store.open(job.data).content_hash,
            origin=origin(job.recipe["model"]["weights"]),
            threads=self.threads,
            has_gpu=self.gpus > 0,
            plugins=tuple(plugin.absolute() for plugin in self.plugins),
            folder=Path.cwd(),
            token=token,
        )


def room(threads: int, gpus: float) -> int:
    """How many runs the nodes of the cluster can train at the same time."""
    wanted = {kind: number for kind, number in (("CPU", threads), ("GPU", gpus)) if number}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return sum(min(int(node.get(kind, 0) / number) for kind, number in wanted.items()) for node in nodes)


def _place(outcome: Outcome, job: Job) -> None:
    """Put what a node sent where it would have written it."""
    if outcome.archive is not None:
        receive(outcome.archive, job.directory)
    if outcome.failure is not None:
        write_atomically(job.failure, outcome.failure.encode())


def _stop(running: dict[ray.ObjectRef[Outcome], _Attempt]) -> None:
    """Let runs stop after their step, and end what has not stopped in time, or at a second Ctrl-C.

    What had finished, or does so meanwhile, is kept.
    """
    if not running or not ray.is_initialized():
        return
    try:
        for reference in running:
            ray.cancel(reference, force=False)
        done, _ = ray.wait(list(running), num_returns=len(running), timeout=_GRACE_SECONDS, fetch_local=False)
        for reference in done:
            with suppress(Exception):  # a task that was stopped gives nothing; the first error is the one to tell
                _place(ray.get(reference), running[reference].job)
    finally:
        for reference in running:
            ray.cancel(reference, force=True)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


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
