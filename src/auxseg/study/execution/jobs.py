"""What is done for the runs of a study, wherever it is done: the jobs, and who takes them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

from auxseg.errors import DivergedError, InputError, RunError
from auxseg.files import write_atomically
from auxseg.recipe import Recipe, parse_recipe, to_values
from auxseg.records.about import Choices
from auxseg.records.metrics import At, TileFacts, read_metrics
from auxseg.records.names import METRICS_FILE, PER_IMAGE_FILE, failure_file
from auxseg.run import Run, choose, evaluate, train
from auxseg.run.prediction.tiles import own_tiles
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.same_data import on_the_same_data, refuse_other_store, trained_on
from auxseg.training.calibrate import Choice


@final
@dataclass(frozen=True)
class Job:
    """One thing to do for one run; travels as a pickle."""

    work: Callable[[Job], object]
    recipe: dict[str, Any]
    data: Path
    directory: Path
    failure: Path
    """Where it is written down why a training diverged."""
    mirrored: bool = False
    """Whether test images are measured mirrored too."""
    at: At = "stored"
    """At which size the target's masks are compared."""
    content_hash: str | None = None
    """Of the data that the study was begun with; ``None`` before it is begun, when data are what they are."""

    def do(self) -> object:
        """Do it in this process. Raises `RunError` if the data are not those of the study, or are changed meanwhile."""
        if self.content_hash is None:
            return self.work(self)
        is_new = not self.directory.is_dir()
        with on_the_same_data(self.data, self.content_hash, self._forget):
            value = self.work(self)
        if is_new and trained_on(self.directory) not in (None, self.content_hash):
            self._forget()
            raise RunError(
                f"{self.data} held other data when a run opened it, so that run was removed and nothing was judged; "
                "restore the study's data and run the same command again"
            )
        refuse_other_store(self.data, self.content_hash)
        return value

    def _forget(self) -> None:
        """Remove what this job made of data that cannot be trusted."""
        if self.work is _evaluate:
            (self.directory / METRICS_FILE).unlink(missing_ok=True)
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        self.failure.unlink(missing_ok=True)


@runtime_checkable
class Workers(Protocol):
    """Who does a study's work."""

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Train what is not done yet; a run that was stopped goes on where it stood.

        A run whose loss is not finite is kept as a result and does not end the study. Any other error ends it, and
        what is finished stays.
        """
        ...

    def evaluate(self, study: StudyDirectory, data: Path, plan: Plan) -> None:
        """Measure every finished run of a plan on the test split, once."""
        ...


@runtime_checkable
class Site(Protocol):
    """Where a study's networks are trained."""

    @property
    def share(self) -> int:
        """The threads of a run if nobody says how many."""
        ...

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> Choices:
        """What is decided once for all runs: the threads of each, and what `auxseg.run.choose` measures there."""
        ...

    def start(self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> AbstractContextManager[Workers]:
        """Workers that give each run so many of torch's threads; ``tick`` is called now and then while they work."""
        ...


def trainings(study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> list[Job]:
    """Of the runs that are not done."""
    return [_job(_train, study, data, planned) for planned in runs if not study.is_done(planned)]


def evaluations(study: StudyDirectory, data: Path, plan: Plan) -> list[Job]:
    """Of the runs that did not diverge and have not been measured on the test split."""
    runs = [planned for planned in plan.runs if study.failure(planned) is None]
    jobs = [_job(_evaluate, study, data, planned, mirrored=plan.mirrored, at=plan.at) for planned in runs]
    return [job for job in jobs if not _is_evaluated(job)]


def refuse_unmeasured(study: StudyDirectory, data: Path, plan: Plan) -> None:
    """Raise `RunError` for a run without figures of its own: of the test split of the study's data."""
    for job in evaluations(study, data, plan):
        raise RunError(
            f"{job.directory}: has no figures for the test split of the study's data; run the same command again to "
            "measure it"
        )


def choice(recipe: Recipe, data: Path) -> Job:
    """To measure what a recipe leaves open; it has no run, hence a directory that nothing has."""
    nowhere = Path(f"choice-{uuid.uuid4().hex}")
    return Job(_choose, to_values(recipe), data, nowhere, failure_file(nowhere))


def _job(
    work: Callable[[Job], object],
    study: StudyDirectory,
    data: Path,
    planned: PlannedRun,
    *,
    mirrored: bool = False,
    at: At = "stored",
) -> Job:
    directory, failure = study.run_directory(planned), study.failure_file(planned)
    return Job(work, to_values(planned.recipe), data, directory, failure, mirrored, at, study.content_hash)


def _train(job: Job) -> None:
    try:
        train(parse_recipe(job.recipe), job.data, job.directory, resume=job.directory.is_dir())
    except DivergedError as error:
        write_atomically(job.failure, str(error).encode())


def _evaluate(job: Job) -> None:
    if _is_evaluated(job):  # by a worker that was lost before it could say so
        return
    evaluate(Run(job.directory), "test", job.data, mirrored=job.mirrored, at=job.at)


def _choose(job: Job) -> Choice:
    return choose(parse_recipe(job.recipe), job.data)


def _is_evaluated(job: Job) -> bool:
    """Whether a run was measured on the test split of the study's data, and all of that was written."""
    try:
        metrics = read_metrics(job.directory)
    except InputError:  # damaged: it is written again
        return False
    if metrics is None or metrics.split != "test" or not (job.directory / PER_IMAGE_FILE).is_file():
        return False
    if metrics.mirrored != job.mirrored or metrics.tta != "none" or metrics.at != job.at:
        return False
    own = own_tiles(parse_recipe(job.recipe))
    if metrics.tiles != (None if own is None else TileFacts(own.size, own.overlap)):
        return False
    return job.content_hash in (None, metrics.data.content_hash)
