"""What a study and the ranking of its candidates have in common: who trains, from when on, and on which data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from auxseg.data.store.store import Store
from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.study.design.checks import refuse_other_threads
from auxseg.study.design.plan import Plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.directory.same_data import refuse_other_runs, refuse_other_store
from auxseg.study.execution.jobs import Site, Workers
from auxseg.study.execution.local import ThisMachine


@final
@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where is trained, and who hears of it.

    Attributes:
        watch: called now and then with what is trained.
        tell: called with what is begun, in words.
        site: where networks are trained.
        threads: of torch each run has (by default the machine's share per worker); what a directory was begun with is
            kept, because they are part of the bits.
    """

    watch: Callable[[Plan], None]
    tell: Callable[[str], None] = lambda what: None
    site: Site = field(default_factory=ThisMachine)
    threads: int | None = None


@final
@dataclass(frozen=True)
class Trainings:
    """Trainings on one store, kept in one directory."""

    execution: Execution
    directory: StudyDirectory
    data: Path
    store: Store
    plugins: tuple[Path, ...]

    @contextmanager
    def held(self, recipe: Recipe) -> Iterator[Choices]:
        """Hold the directory; gives the choices that hold for all its runs, made by ``recipe`` before the first.

        Raises `InputError` if it holds something else.
        """
        site, threads = self.execution.site, self.execution.threads
        choices = Choices()
        if not self.directory.is_begun:
            self.execution.tell("choosing precision and memory format by the speed of a few steps")
            choices = site.choose(recipe, self.data, threads or site.share, self.plugins)
        with self.directory.held(self.store, origin(recipe.model.weights), choices) as kept:
            refuse_other_threads(kept, threads, self.directory.path)  # another process may have begun it meanwhile
            yield kept

    @contextmanager
    def at_work(self, plan: Plan, kept: Choices) -> Iterator[AtWork]:
        """Workers for a plan, which are watched."""
        self.execution.tell(f"starting workers for {len(plan.runs)} trainings")
        watched = _Watched(plan)
        site, watch = self.execution.site, self.execution.watch
        with site.start(kept.threads or site.share, self.plugins, lambda: watch(watched.plan)) as workers:
            yield AtWork(self, workers, watched)

    def refuse_other_data(self, plan: Plan) -> None:
        """Raise `RunError` if the file, or a run of the plan, is of other data than the directory was begun with."""
        refuse_other_store(self.data, self.store.content_hash)
        refuse_other_runs(map(self.directory.run_directory, plan.runs), self.store.content_hash)


@final
@dataclass(frozen=True)
class AtWork:
    """Workers that have been started; made by `Trainings.at_work`."""

    trainings: Trainings
    workers: Workers
    watched: _Watched

    def train(self, plan: Plan, what: str = "training") -> None:
        """Train what is missing of a plan, which is ``what`` is told. Raises `RunError` if the data are changed."""
        trainings, self.watched.plan = self.trainings, plan
        trainings.refuse_other_data(plan)
        trainings.directory.keep_planned(plan.runs)
        trainings.execution.tell(what)
        self.workers.train(trainings.directory, trainings.data, plan.runs)
        trainings.refuse_other_data(plan)

    def evaluate(self, plan: Plan) -> None:
        """Measure a plan's runs on the test split."""
        self.trainings.execution.tell("evaluating on the test split")
        self.workers.evaluate(self.trainings.directory, self.trainings.data, plan)


@dataclass
class _Watched:
    """The plan that is trained now."""

    plan: Plan
