"""What is done for the runs of a study, wherever it is done: the jobs, and who takes them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final, runtime_checkable

from auxseg.errors import DivergedError
from auxseg.files import write_atomically
from auxseg.recipe import Recipe, parse_recipe, to_values
from auxseg.records.metrics import read_metrics
from auxseg.run import Run, choose, evaluate, train
from auxseg.study.directory import StudyDirectory
from auxseg.study.plan import PlannedRun


@final
@dataclass(frozen=True)
class Job:
    """One thing to do for one run; travels as a pickle."""

    work: Callable[[Job], Any]
    recipe: dict[str, Any]
    data: Path
    directory: Path
    failure: Path
    """Where it is written down why a training diverged."""

    def do(self) -> Any:
        """Do it in this process."""
        return self.work(self)


@runtime_checkable
class Workers(Protocol):
    """Who does a study's work."""

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Train what is not done yet; a run that was stopped goes on where it stood.

        A run whose loss is not finite is kept as a result and does not end the study. Any other error ends it, and
        what is finished stays.
        """
        ...

    def evaluate(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        """Measure every finished run on the test split, once."""
        ...


@runtime_checkable
class Site(Protocol):
    """Where a study's networks are trained."""

    @property
    def share(self) -> int:
        """The threads of a run if nobody says how many."""
        ...

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> dict[str, Any]:
        """What is decided once for all runs: the threads of each, and what `auxseg.run.choose` measures there."""
        ...

    def start(self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> AbstractContextManager[Workers]:
        """Workers that give each run so many of torch's threads; ``tick`` is called now and then while they work."""
        ...


def trainings(study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> list[Job]:
    """Of the runs that are not done."""
    return [_job(_train, study, data, planned) for planned in runs if not study.is_done(planned)]


def evaluations(study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> list[Job]:
    """Of the runs that did not diverge and have not been measured on the test split."""
    jobs = [_job(_evaluate, study, data, planned) for planned in runs if study.failure(planned) is None]
    return [job for job in jobs if not _is_evaluated(job.directory)]


def choice(recipe: Recipe, data: Path) -> Job:
    """To measure what a recipe leaves open; it has no run, hence a directory that nothing has."""
    nowhere = Path(f"choice-{uuid.uuid4().hex}")
    return Job(_choose, to_values(recipe), data, nowhere, nowhere.with_suffix(".failed"))


def _job(work: Callable[[Job], Any], study: StudyDirectory, data: Path, planned: PlannedRun) -> Job:
    return Job(work, to_values(planned.recipe), data, study.run_directory(planned), study.failure_file(planned))


def _train(job: Job) -> None:
    try:
        train(parse_recipe(job.recipe), job.data, job.directory, resume=job.directory.is_dir())
    except DivergedError as error:
        write_atomically(job.failure, str(error).encode())


def _evaluate(job: Job) -> None:
    if _is_evaluated(job.directory):  # by a worker that was lost before it could say so
        return
    evaluate(Run(job.directory), "test", job.data)


def _choose(job: Job) -> dict[str, Any]:
    return choose(parse_recipe(job.recipe), job.data)


def _is_evaluated(directory: Path) -> bool:
    metrics = read_metrics(directory)
    return metrics is not None and metrics.split == "test" and (directory / "per_image.csv").is_file()
