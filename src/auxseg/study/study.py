"""A study from its question to its answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.records.study import StudyResult, write_question, write_study
from auxseg.records.values.writing import to_mapping
from auxseg.run.building import open_data
from auxseg.statistics.verdicts import Rules
from auxseg.study.answers.agreement import agree
from auxseg.study.answers.answer import answer
from auxseg.study.answers.validation import refuse_without_validation
from auxseg.study.design.checks import check_tasks, refuse_other_threads, refuse_without_test
from auxseg.study.design.config import StudyConfig
from auxseg.study.design.digests import digests
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.question import judged, question, with_judged
from auxseg.study.directory.decisions import complete, lengthened, with_choices
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.directory.same_data import refuse_other_runs, refuse_other_store
from auxseg.study.execution.jobs import Site, refuse_unmeasured
from auxseg.study.execution.local import ThisMachine
from auxseg.study.execution.time_estimate import Effort, effort, using_threads
from auxseg.study.tuning import tune, tuning_runs, with_tuned
from auxseg.tasks import Task


@final
@dataclass(frozen=True)
class Study:
    """What is asked, on which data, kept where."""

    config: StudyConfig
    data: Path
    directory: StudyDirectory
    plugins: tuple[Path, ...] = ()

    def run(
        self,
        *,
        workers: int = 1,
        threads: int | None = None,
        site: Site | None = None,
        watch: Callable[[Plan], None],
        tell: Callable[[str], None] = lambda what: None,
    ) -> StudyResult:
        """Train all that is missing, then measure everything on the test split, judge, and write study.json.

        ``threads`` of torch each run has (by default the machine's share per worker); what a study was begun with is
        kept, because they are part of the bits. ``site`` trains instead of this machine's ``workers``. ``watch`` is
        called now and then with what is trained, ``tell`` with what is begun, in words. Raises `InputError` if the
        directory belongs to another study, and for a second extension; `RunError` if the data are changed meanwhile.
        """
        tell("opening the data")
        store, target = self._checked(threads)
        plan = make_plan(self.config)
        site = site or ThisMachine(workers)
        choices = Choices()
        if not self.directory.is_begun:
            tell("choosing precision and memory format by the speed of a few steps")
            choices = site.choose(self._largest(plan), self.data, threads or site.share, self.plugins)
        with self.directory.held(store, origin(plan.runs[0].recipe.model.weights), choices) as kept:
            refuse_other_threads(kept, threads, self.directory.path)  # another process may have begun it meanwhile
            plan, kept = self._settled(kept, store)
            self.directory.keep_question(question(plan))
            self.directory.keep_choices(kept)
            asked, recipes, shown = judged(plan), digests(plan), plan  # whatever weights are chosen for it
            tell(f"starting workers for {len(plan.runs)} trainings")
            with site.start(kept.threads or site.share, self.plugins, lambda: watch(shown)) as at_work:

                def train(stage: Plan) -> None:
                    nonlocal shown
                    shown = stage
                    self._refuse_other_data(store, stage)
                    self.directory.keep_planned(stage.runs)
                    tell("training" if stage is plan else "training, to choose loss weights on validation")
                    at_work.train(self.directory, self.data, stage.runs)
                    self._refuse_other_data(store, stage)

                if self.config.tune_weights is not None:
                    plan = tune(plan, self.directory, train, higher_is_better=target.higher_is_better)
                train(plan)
                self.directory.keep_judged(asked)
                if self.config.seeds > 1:  # one seed gives no interval, and so no verdict
                    self.directory.keep_look(self.config.seeds)
                tell("evaluating on the test split")
                at_work.evaluate(self.directory, self.data, plan.runs)
            self._refuse_other_data(store, plan)
            tell("judging")
            refuse_unmeasured(self.directory, self.data, plan.runs)
            rules = Rules(margin=self.config.margin, looks=self.config.looks, higher_is_better=target.higher_is_better)
            found = answer(self.directory, plan, store, rules, self.directory.looked_at)
            return self._written(dataclasses.replace(found, recipes=recipes))

    def plan(self, *, threads: int | None = None) -> Plan:
        """All trainings as they stand before tuning, with what the directory holds already. Nothing is written.

        Raises `InputError` for all that `run` refuses.
        """
        store, _ = self._checked(threads)
        return self._settled(self.directory.choices, store)[0]

    def estimate(self, plan: Plan, *, workers: int = 1, threads: int | None = None) -> Effort:
        """How much of a plan is left to be trained, from a few steps of each arm. Nothing is left behind."""
        kept = self.directory.choices
        tuned = kept.tuned
        planned = [*tuning_runs(plan, tuned), *with_tuned(plan, tuned).runs]
        missing = [run for run in planned if not self.directory.is_done(run)]
        with using_threads(threads or kept.threads or max(torch.get_num_threads() // workers, 1)):
            return effort(planned, missing, self.data, workers)

    def _checked(self, threads: int | None) -> tuple[Store, Task]:
        """The data and the target, which can give an answer in this directory. Raises `InputError` if not."""
        plan = make_plan(self.config)
        first = plan.runs[0].recipe
        store = open_data(self.data, first)
        target = check_tasks(plan, store)
        refuse_without_test(target, store)
        if self.config.tune_weights is not None:
            refuse_without_validation(first, store, "tune_weights")
        self.directory.check(store, origin(first.model.weights))
        refuse_other_threads(self.directory.choices, threads, self.directory.path)
        return store, target

    def _refuse_other_data(self, store: Store, plan: Plan) -> None:
        """Raise `RunError` if the file, or a run of the plan, is of other data than the study was begun with."""
        refuse_other_store(self.data, store.content_hash)
        refuse_other_runs(map(self.directory.run_directory, plan.runs), store.content_hash)

    def _settled(self, kept: Choices, store: Store) -> tuple[Plan, Choices]:
        """The plan with what the directory keeps, and the choices, completed. Raises `InputError` if it does not fit.

        Arms that were judged come before the control same-compute is counted, which is as long as the dearest of all.
        """
        plan = with_choices(make_plan(self.config), kept)
        self.directory.compare(question(plan))
        plan = with_judged(plan, self.directory.judged, self.directory.path)
        self._refuse_other_look()
        choices = complete(kept, plan, store.vocabulary)
        return lengthened(plan, choices), choices

    def _written(self, result: StudyResult) -> StudyResult:
        """The result, with how far a screening that was done before agrees with it."""
        path = self.directory.path
        write_study(path, result)
        agreed = agree(path)
        if agreed is not None:
            result = dataclasses.replace(result, agreement=agreed)
            write_study(path, result)
        write_question(path, to_mapping(self.config))
        return result

    def _largest(self, plan: Plan) -> Recipe:
        return max((run.recipe for run in plan.runs), key=lambda recipe: len(recipe.tasks))

    def _refuse_other_look(self) -> None:
        """Raise `InputError` for an extension that was not paid for, and for fewer seeds than verdicts have seen."""
        before, looks = self.directory.looked_at, self.config.looks
        if before and self.config.seeds < before[-1]:
            raise InputError(
                f"{self.directory.path}: verdicts were given with {before[-1]} seeds, and fewer seeds would let you "
                f"choose among them; give --seeds {before[-1]} or more, or another --out"
            )
        if len({*before, self.config.seeds}) > looks:
            seeds = " and ".join(str(number) for number in before)
            allowed = "one extension was" if looks == 2 else "no extension was"
            raise InputError(
                f"{self.directory.path}: verdicts were given with {seeds} seeds; {allowed} planned, and looking again "
                "would make false verdicts more likely than stated; give another --out"
            )
