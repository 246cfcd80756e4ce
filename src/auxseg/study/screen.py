"""Ranking the candidates of a study before it is done: short trainings and affinity, on the validation split alone.

Every auxiliary is trained alone beside the target for a fraction of the study's steps (a whole training of that
length, its schedule included), as is the target alone, on the same seeds. `ranking` puts them in order; nothing is
left out of the study because of it, and the test split is not read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from auxseg.data.loader import EvaluationLoader
from auxseg.data.selection import training_rows
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.recipe import build_tasks
from auxseg.run.building import open_data, without_labels
from auxseg.study.agreement import SCREEN_FILE, agreement
from auxseg.study.budget import WATCH, Budget, make_budget
from auxseg.study.choices import with_choices
from auxseg.study.config import StudyConfig
from auxseg.study.directory import FORMAT, SCREENING, StudyDirectory
from auxseg.study.execute import ThisMachine
from auxseg.study.origin import origin
from auxseg.study.plan import Arm, Plan, PlannedRun, make_plan
from auxseg.study.ranking import Candidate, rank
from auxseg.study.results import seconds_in_training
from auxseg.study.study import refuse_other_threads
from auxseg.study.validation import refuse_without_validation
from auxseg.study.why import why
from auxseg.study.workers import Site
from auxseg.tasks import Task
from auxseg.training.events import read_events


@final
@dataclass(frozen=True)
class Screening:
    """The question whose candidates are to be ranked, on which data, for the study that is kept in ``study``."""

    config: StudyConfig
    data: Path
    study: StudyDirectory
    plugins: tuple[Path, ...] = ()

    @property
    def directory(self) -> StudyDirectory:
        """Where its own trainings lie, apart from those of the study."""
        return StudyDirectory(self.study.path / SCREENING)

    def plan(self) -> tuple[Budget, Plan]:
        """What it costs, and its trainings. Raises `InputError` for what cannot be asked for or would say nothing."""
        full = make_plan(self.config)
        recipe = full.runs[0].recipe
        num_samples = len(training_rows(open_data(self.data, recipe), recipe.data.train_on))
        lengths = [run.recipe.training.num_steps(num_samples) for run in full.runs if not full.is_control(run.arm)]
        budget = make_budget(len(self.config.names), len(full.label_fractions), lengths[0], sum(lengths))
        question = dataclasses.replace(
            self.config,
            auxiliaries=self.config.names,
            seeds=budget.seeds,
            design="each",
            arms=None,
            controls=(),
            weights={name: weight for name, weight in self.config.weights.items() if name in self.config.names},
            tune_weights=None,
            settings=(*self.config.settings, f"training.steps={budget.steps}", f"training.watch={WATCH}"),
        )
        return budget, make_plan(question)

    def run(
        self,
        *,
        workers: int = 1,
        threads: int | None = None,
        site: Site | None = None,
        watch: Callable[[Plan], None],
    ) -> dict[str, Any]:
        """Train all that is missing, rank, and write screen.json; arguments as for `auxseg.study.study.Study.run`.

        Raises `InputError` where there is nothing to rank by, or the directory belongs to other data or weights.
        """
        budget, plan = self.plan()
        recipe = plan.runs[-1].recipe
        store = open_data(self.data, recipe)
        target = self._check(plan, store)
        begun_with = origin(recipe.model.weights)
        self.study.check(store, begun_with)
        begun = self.directory.about_file.is_file()
        site = site or ThisMachine(workers)
        choices = {} if begun else site.choose(recipe, self.data, threads or site.share, self.plugins)
        with self.directory.held(store, begun_with, choices) as kept:
            refuse_other_threads(kept["threads"], threads, self.directory.path)
            plan = with_choices(plan, kept)
            with site.start(kept["threads"], self.plugins, lambda: watch(plan)) as at_work:
                at_work.train(self.directory, self.data, plan.runs)
            result = self._result(budget, plan, target)
            file = self.directory.path / SCREEN_FILE
            write_atomically(file, json.dumps(result, indent=1).encode())
            beside = [entry for entry in self.study.path.resolve().parent.iterdir() if entry.is_dir()]
            result["agreement"] = agreement(sorted(beside))
            write_atomically(file, json.dumps(result, indent=1).encode())
            return result

    def _check(self, plan: Plan, store: Store) -> Task:
        """The target. Raises `InputError` where the data lack what a task learns or have nothing to rank by."""
        tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
        first = plan.runs[0].recipe
        refuse_without_validation(first, store, "--screen")
        train = training_rows(store, first.data.train_on)
        for name in without_labels(tasks, EvaluationLoader(store, train, first.training.batch)):
            raise InputError(f"{self.data}: no training sample has a label for {name}")
        return tasks[first.target]

    def _result(self, budget: Budget, plan: Plan, target: Task) -> dict[str, Any]:
        finished = [run for run in plan.runs if self.directory.failure(run) is None]
        return {
            "format": FORMAT,
            "target": target.name,
            "figure": target.main_figure,
            "seeds": budget.seeds,
            "steps": budget.steps,
            "cost_in_steps": budget.cost,
            "steps_of_study": budget.steps_of_study,
            "config": dataclasses.asdict(self.config),
            "answers": [
                {
                    "label_fraction": fraction,
                    "candidates": [
                        {"rank": place, **dataclasses.asdict(each), "difference": each.difference}
                        for place, each in enumerate(rank(list(self._candidates(plan, fraction, target))), 1)
                    ],
                }
                for fraction in plan.label_fractions
            ],
            "seconds": sum(seconds_in_training(self.directory.run_directory(run)) for run in finished),
        }

    def _candidates(self, plan: Plan, fraction: float, target: Task) -> Iterator[Candidate]:
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
            events = [self.directory.run_directory(run) / "events.jsonl" for run in runs[arm]]
            seen = why(events, arm.auxiliaries).get(arm.name, {"affinity": None})
            reasons = [reason for run in (*runs[arm], *runs[baseline]) if (reason := self._failure(run)) is not None]
            yield Candidate(arm.name, per_seed, seen["affinity"], next(iter(reasons), None))

    def _failure(self, run: PlannedRun) -> str | None:
        reason = self.directory.failure(run)
        return None if reason is None else f"{run.arm.name}, seed {run.seed}: {reason}"

    def _validation(self, run: PlannedRun, target: Task) -> float | None:
        """The target's figure at the end of the training."""
        events = read_events(self.directory.run_directory(run) / "events.jsonl")
        looks = [event["figures"][target.name] for event in events if event["event"] == "validation"]
        return looks[-1][target.main_figure] if looks else None


def _runs(plan: Plan, arm: Arm, fraction: float) -> list[PlannedRun]:
    return [run for run in plan.runs if (run.arm, run.label_fraction) == (arm, fraction)]
