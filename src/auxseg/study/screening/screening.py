"""Ranking the candidates of a study before it is done: short trainings and affinity, on the validation split alone.

Every auxiliary is trained alone beside the target for a fraction of the study's steps (a whole training of that
length, its schedule included), as is the target alone, on the same seeds, which no verdict uses. `ranking` puts them in
order; nothing is left out of the study because of it, and the test split is not read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import torch

from auxseg.data.loading.selection import training_rows
from auxseg.data.store.store import Store
from auxseg.recipe import with_changes
from auxseg.records.about import Question
from auxseg.records.events import Events, Gradients, Validated, read_events
from auxseg.records.screen import RankedCandidate, Ranking, ScreenResult, write_screen
from auxseg.records.values.writing import to_mapping
from auxseg.run.building import open_data
from auxseg.run.directory import describe_data
from auxseg.study.answers.agreement import agree
from auxseg.study.answers.gradient_evidence import why
from auxseg.study.answers.validation import refuse_without_validation
from auxseg.study.design.arm import Arm
from auxseg.study.design.checks import check_tasks, refuse_other_threads
from auxseg.study.design.digests import digests
from auxseg.study.design.plan import Plan, PlannedRun, largest, make_plan
from auxseg.study.design.question import judged, question, refuse_other_arms
from auxseg.study.directory.decisions import with_choices
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.time_estimate import Effort, effort, using_threads
from auxseg.study.execution.trainings import Execution, Trainings
from auxseg.study.screening.budget import WATCH, Budget, TrainingCost, make_budget
from auxseg.study.screening.ranking import Candidate, rank
from auxseg.study.study import Study
from auxseg.tasks import Task

FIRST_SEED: Final = 2000
"""Verdicts and tuning have the seeds below it."""


@final
@dataclass(frozen=True)
class Screening:
    """The ranking of a study's candidates; what is trained for it lies in a folder of the study's directory."""

    study: Study

    @property
    def directory(self) -> StudyDirectory:
        """Where its own trainings lie, apart from those of the study."""
        return self.study.directory.screening

    def plan(self, *, threads: int | None = None) -> tuple[Budget, Plan]:
        """What it costs, and its trainings. Nothing is written.

        Raises `InputError` for what cannot be asked for or would say nothing, or not in this directory.
        """
        _, _, budget, plan = self._checked(threads)
        return budget, plan

    def estimate(self, plan: Plan, *, workers: int = 1, threads: int | None = None) -> Effort:
        """How much of a plan is left to be trained, from a few steps of each arm. Nothing is left behind."""
        missing = [run for run in plan.runs if not self.directory.is_done(run)]
        kept = self.directory.choices.threads
        with using_threads(threads or kept or max(torch.get_num_threads() // workers, 1)):
            return effort(plan.runs, missing, self.study.data, workers)

    def run(self, execution: Execution) -> ScreenResult:
        """Train all that is missing, rank, and write screen.json.

        Raises `InputError` where there is nothing to rank by, or the directory belongs to another question, other data
        or weights; `RunError` if the data are changed meanwhile.
        """
        execution.tell("opening the data")
        store, target, budget, plan = self._checked(execution.threads)
        trainings = Trainings(execution, self.directory, self.study.data, store, self.study.plugins)
        with trainings.held(largest(plan.runs)) as kept:
            self.directory.keep_question(self._compared())
            plan = with_choices(plan, kept)
            with trainings.at_work(plan, kept) as at_work:
                at_work.train(plan)
            execution.tell("ranking")
            candidates = self._candidates()
            self.directory.keep_judged(judged(candidates))
            result = self._result(budget, plan, target, store, digests(candidates))
            write_screen(self.directory.path, result)
            return dataclasses.replace(result, agreement=agree(self.study.directory.path))

    def _checked(self, threads: int | None) -> tuple[Store, Task, Budget, Plan]:
        """Data, target, cost and trainings. Raises `InputError` if they can give no ranking in this directory."""
        full = self.study.made
        first = full.runs[0].recipe
        store = open_data(self.study.data, with_changes(first, data={"fold": None}))
        target = check_tasks(full, [store])
        refuse_without_validation(first, store, "--screen")
        for directory in (self.study.directory, self.directory):
            directory.check(store, origin(first.model.weights))
        self._compared()
        refuse_other_threads(self.directory.choices, threads, self.directory.path)
        budget = self._budget(full, store)
        settings = (f"training.steps={budget.steps}", f"training.watch={WATCH}", "training.fork_merge=null")
        return store, target, budget, self._candidates(*settings, seeds=budget.seeds)

    def _compared(self) -> Question:
        """The question of this ranking. Raises `InputError` if the study or an earlier ranking asked another."""
        study = self.study.directory
        full = with_choices(self.study.made, study.choices)
        begun = study.question
        if begun is not None:  # none touches a ranking
            full = dataclasses.replace(
                full, mirrored=bool(begun.mirrored), at=begun.at or "stored", figure=begun.figure or ""
            )
        study.compare(question(full))
        refuse_other_arms(full, study.judged, study.path)
        candidates = self._candidates()
        asked = question(candidates)
        # Nothing else touches a ranking.
        asked = Question(
            target=asked.target,
            first_seed=asked.first_seed,
            label_fractions=asked.label_fractions,
            base=asked.base,
        )
        self.directory.compare(asked)
        refuse_other_arms(candidates, self.directory.judged, self.directory.path)
        return asked

    def _candidates(self, *settings: str, seeds: int = 1) -> Plan:
        """The target alone and each candidate beside it, as the study would train them but for these settings.

        On seeds of their own, so that verdicts do not rest on what the ranking saw.
        """
        config = self.study.config
        asked = dataclasses.replace(
            config,
            auxiliaries=config.names,
            seeds=seeds,
            design="each",
            arms=None,
            vary=(),
            balancers=(),
            controls=(),
            weights={name: weight for name, weight in config.weights.items() if name in config.names},
            folds=None,
            tune_weights=None,
            settings=(*config.settings, *settings),
        )
        plan = make_plan(asked)
        runs = [
            dataclasses.replace(
                run,
                seed=FIRST_SEED + run.seed,
                recipe=dataclasses.replace(run.recipe, seed=FIRST_SEED + run.seed),
            )
            for run in plan.runs
        ]
        return with_choices(dataclasses.replace(plan, runs=tuple(runs)), self.directory.choices)

    def _budget(self, full: Plan, store: Store) -> Budget:
        recipe = full.runs[0].recipe
        training, num_samples = recipe.training, len(training_rows(store, recipe.data.train_on))
        each = TrainingCost(training.batch, training.steps_per_validation(num_samples), len(store.rows("val")))
        num_trainings = sum(not full.is_control(run.arm) for run in full.runs)
        num_steps = training.num_steps(num_samples)
        return make_budget(len(self.study.config.names), len(full.label_fractions), num_steps, num_trainings, each)

    def _result(self, budget: Budget, plan: Plan, target: Task, store: Store, recipes: dict[str, str]) -> ScreenResult:
        finished = [run for run in plan.runs if self.directory.failure(run) is None]
        return ScreenResult(
            target=target.name,
            figure=target.main_figure,
            seeds=budget.seeds,
            steps=budget.steps,
            cost_in_steps=budget.cost / budget.training.step,
            cost_of_study_in_steps=budget.cost_of_study / budget.training.step,
            config=to_mapping(self.study.config),
            answers=tuple(
                Ranking(
                    fraction,
                    tuple(
                        _ranked(place, each)
                        for place, each in enumerate(rank(list(self._ranked(plan, fraction, target))), 1)
                    ),
                )
                for fraction in plan.label_fractions
            ),
            seconds=sum(self._events(run).seconds_in_training for run in finished),
            data=describe_data(store),
            recipes=recipes,
        )

    def _ranked(self, plan: Plan, fraction: float, target: Task) -> Iterator[Candidate]:
        """What the trainings at one share of the masks showed, in the order of the question."""
        baseline, *others = plan.arms
        runs = {arm: _runs(plan, arm, fraction) for arm in plan.arms}
        before = {run.seed: self._validation(run, target) for run in runs[baseline]}
        sign = 1 if target.higher_is_better else -1
        for arm in others:
            after = {run.seed: self._validation(run, target) for run in runs[arm]}
            per_seed = {
                seed: sign * (value - alone)
                for seed, value in after.items()
                if value is not None and (alone := before[seed]) is not None
            }
            looks = [look for run in runs[arm] for look in self._events(run).of(Gradients)]
            seen = why(looks, arm.auxiliaries).get(arm.name)
            reasons = [reason for run in (*runs[arm], *runs[baseline]) if (reason := self._failure(run)) is not None]
            yield Candidate(arm.name, per_seed, seen and seen.affinity, next(iter(reasons), None))

    def _failure(self, run: PlannedRun) -> str | None:
        reason = self.directory.failure(run)
        return None if reason is None else f"{run.arm.name}, seed {run.seed}: {reason}"

    def _validation(self, run: PlannedRun, target: Task) -> float | None:
        """The target's figure at the end of the training."""
        validations = self._events(run).of(Validated)
        return validations[-1].figures[target.name][target.main_figure] if validations else None

    def _events(self, run: PlannedRun) -> Events:
        return read_events(self.directory.run_directory(run))


def _ranked(place: int, candidate: Candidate) -> RankedCandidate:
    per_seed = {str(seed): difference for seed, difference in candidate.per_seed.items()}
    return RankedCandidate(place, candidate.name, per_seed, candidate.affinity, candidate.reason, candidate.difference)


def _runs(plan: Plan, arm: Arm, fraction: float) -> list[PlannedRun]:
    return [run for run in plan.runs if (run.arm, run.label_fraction) == (arm, fraction)]
