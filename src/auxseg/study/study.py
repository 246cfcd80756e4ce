"""A study from its question to its answer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import final

import torch

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.evaluation.at_original import refuse_at
from auxseg.recipe import build_tasks, with_changes
from auxseg.records.about import Choices
from auxseg.records.metrics import At
from auxseg.records.study import StudyResult, write_question, write_study
from auxseg.records.values.writing import to_mapping
from auxseg.run.building import open_data
from auxseg.run.load import refuse_without_originals
from auxseg.statistics.simultaneous import FEWEST_SEEDS
from auxseg.study.answers.agreement import agree
from auxseg.study.answers.answer import answer
from auxseg.study.answers.validation import refuse_without_validation
from auxseg.study.design.checks import check_tasks, in_folds, refuse_other_threads, refuse_without_test
from auxseg.study.design.config import PER_ARM, SIMULTANEOUS, StudyConfig
from auxseg.study.design.digests import digests
from auxseg.study.design.judged_figure import judged_figure
from auxseg.study.design.plan import Plan, largest, make_plan
from auxseg.study.design.question import judged, question, with_judged
from auxseg.study.design.rules import is_mirrored, with_rules
from auxseg.study.directory.decisions import complete, lengthened, with_choices
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.jobs import refuse_unmeasured
from auxseg.study.execution.time_estimate import Effort, effort, effort_of_timed, using_threads
from auxseg.study.execution.trainings import Execution, Trainings
from auxseg.study.tuning import tune, tuning_runs, with_tuned
from auxseg.tasks import Task


@final
@dataclass(frozen=True)
class Study:
    """What is asked, on which data, kept where.

    The question is completed by how the directory was begun (`auxseg.study.design.rules`). Raises `InputError` if it
    was begun with another method.
    """

    config: StudyConfig
    data: Path
    directory: StudyDirectory
    plugins: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        config = with_rules(self.config, self.directory.question, self.directory.path)
        object.__setattr__(self, "config", config)

    @cached_property
    def made(self) -> Plan:
        """All trainings as the question asks for them. Checking them takes seconds, so it is done once."""
        return make_plan(self.config)

    def run(self, execution: Execution) -> StudyResult:
        """Train all that is missing, then measure everything on the test split, judge, and write study.json.

        Raises `InputError` if the directory belongs to another study, and for a second extension; `RunError` if the
        data are changed meanwhile.
        """
        execution.tell("opening the data")
        store, target = self._checked(execution.threads)
        trainings = Trainings(execution, self.directory, self.data, store, self.plugins)
        with trainings.held(largest(self.made.runs)) as kept:
            plan, kept = self._settled(kept, store, target)
            self.directory.keep_question(question(plan))
            self.directory.keep_choices(kept)
            asked, recipes = judged(plan), digests(plan)  # whatever weights are chosen for it
            with trainings.at_work(plan, kept) as at_work:
                if self.config.tune_weights is not None:
                    train = partial(at_work.train, what="training, to choose loss weights on validation")
                    better, by = target.higher_is_better, target.main_figure
                    plan = tune(plan, self.directory, train, higher_is_better=better, figure=by)
                at_work.train(plan)
                self.directory.keep_judged(asked)
                if self.config.seeds >= self._fewest_seeds:  # fewer give no interval, and so no verdict
                    self.directory.keep_look(self.config.seeds)
                at_work.evaluate(plan)
            trainings.refuse_other_data(plan)
            execution.tell("judging")
            refuse_unmeasured(self.directory, self.data, plan)
            found = answer(self.directory, plan, store, self.directory.looked_at)
            return self._written(dataclasses.replace(found, recipes=recipes))

    def plan(self, *, threads: int | None = None) -> Plan:
        """All trainings as they stand before tuning, with what the directory holds already. Nothing is written.

        Raises `InputError` for all that `run` refuses.
        """
        store, target = self._checked(threads)
        return self._settled(self.directory.choices, store, target)[0]

    def estimate(
        self,
        plan: Plan,
        *,
        workers: int = 1,
        threads: int | None = None,
        start: float = 0.0,
        timed: Effort | None = None,
    ) -> Effort:
        """How much of a plan is left to be trained, from a few steps of each arm. Nothing is left behind.

        Workers start after so many seconds (``start``). Arms that are all in ``timed`` are not timed again.
        """
        kept = self.directory.choices
        tuned = kept.tuned
        tries, runs = [*tuning_runs(plan, tuned)], with_tuned(plan, tuned).runs
        missing, missing_tries = ([run for run in each if not self.directory.is_done(run)] for each in (runs, tries))
        if timed is not None and not tries and all(run.arm.name in timed.per_arm for run in missing):
            return effort_of_timed(runs, missing, timed.per_arm, workers, start)
        with using_threads(threads or kept.threads or max(torch.get_num_threads() // workers, 1)):
            return effort(
                [*tries, *runs],
                missing,
                self.data,
                workers,
                tries=missing_tries,
                passes=2 if plan.mirrored else 1,
                at=plan.at,
                start=start,
            )

    def _checked(self, threads: int | None) -> tuple[Store, Task]:
        """The data as a whole and the target, which can give an answer here. Raises `InputError` if not."""
        plan = self.made
        first = plan.runs[0].recipe
        store = open_data(self.data, with_changes(first, data={"fold": None}))
        stores = in_folds(plan, store)
        target = check_tasks(plan, stores)
        refuse_without_test(target, stores)
        if self._at == "original":
            refuse_at(self._at, target, "study")
            refuse_without_originals(store)
        if self.config.tune_weights is not None:
            refuse_without_validation(first, store, "tune_weights")
        self.directory.check(store, origin(first.model.weights))
        refuse_other_threads(self.directory.choices, threads, self.directory.path)
        return store, target

    def _settled(self, kept: Choices, store: Store, target: Task) -> tuple[Plan, Choices]:
        """The plan with what the directory keeps, and the choices, completed. Raises `InputError` if it does not fit.

        Arms that were judged come before the control same-compute is counted, which trains for as much computing as
        the most expensive of all.
        """
        plan = with_choices(self.made, kept)
        figure = judged_figure(self.config.figure, target)
        plan = dataclasses.replace(
            plan,
            mirrored=self._is_mirrored(plan, store),
            at=self._at,
            figure="" if figure == target.main_figure else figure,
        )
        self._refuse_other_look()
        self.directory.compare(question(plan))
        shown = bool(self.directory.looked_at)
        plan = with_judged(plan, self.directory.judged, self.directory.path, were_shown=shown)
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

    def _is_mirrored(self, plan: Plan, store: Store) -> bool:
        tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
        begun = self.directory.question
        if begun is not None and self.config.mirrored is None:
            return bool(begun.mirrored)
        return is_mirrored(self.config, plan.runs[0].recipe, list(tasks.values()))

    @property
    def _at(self) -> At:
        """At which size masks are compared: as is asked for, else as the directory was begun."""
        begun = self.directory.question
        return self.config.at or (begun.at if begun is not None else None) or "stored"

    @property
    def _fewest_seeds(self) -> int:
        return 2 if self.config.method == PER_ARM else FEWEST_SEEDS

    def _refuse_other_look(self) -> None:
        """Raise `InputError` for an extension that was not paid for, and for fewer seeds than verdicts have seen."""
        before = self.directory.looked_at
        if before and self.config.seeds < before[-1]:
            raise InputError(
                f"{self.directory.path}: verdicts were given with {before[-1]} seeds, and fewer seeds would let you "
                f"choose among them; give --seeds {before[-1]} or more, or another --out"
            )
        begun, looks = self.directory.question, self.config.looks
        together = self.config.method == SIMULTANEOUS
        if together and begun is not None and before and begun.looks_at != self.config.planned_looks:
            planned = ", ".join(map(str, begun.looks_at))
            raise InputError(
                f"{self.directory.path}: looks were planned at {planned} seeds before anything was trained, and others "
                "would make false statements more likely; give those, or another --out"
            )
        if not together and isinstance(looks, int) and len({*before, self.config.seeds}) > looks:
            seeds = " and ".join(str(number) for number in before)
            allowed = "one extension was" if looks == 2 else "no extension was"
            raise InputError(
                f"{self.directory.path}: verdicts were given with {seeds} seeds; {allowed} planned, and looking again "
                "would make false verdicts more likely than stated; give another --out"
            )
