"""A study from its question to its answer."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import torch
import yaml

from auxseg.data.loader import EvaluationLoader
from auxseg.data.selection import training_rows
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.files import write_atomically
from auxseg.recipe import Recipe, build_tasks
from auxseg.run.building import open_data, without_labels
from auxseg.study.calibration import Effort, effort, using_threads
from auxseg.study.choices import complete, with_choices
from auxseg.study.config import StudyConfig
from auxseg.study.directory import StudyDirectory
from auxseg.study.execute import ThisMachine
from auxseg.study.origin import origin
from auxseg.study.plan import Plan, make_plan
from auxseg.study.question import judged, question, with_judged
from auxseg.study.results import answer
from auxseg.study.tuning import tune, tuning_runs, with_tuned
from auxseg.study.validation import refuse_without_validation
from auxseg.study.verdicts import Rules
from auxseg.study.workers import Site
from auxseg.tasks import Task


@final
@dataclass(frozen=True)
class Study:
    """What is asked, on which data, kept where."""

    config: StudyConfig
    data: Path
    directory: StudyDirectory
    looks: Literal[1, 2] = 2
    plugins: tuple[Path, ...] = ()

    def run(
        self,
        *,
        workers: int = 1,
        threads: int | None = None,
        site: Site | None = None,
        watch: Callable[[Plan], None],
    ) -> dict[str, Any]:
        """Train all that is missing, then measure everything on the test split, judge, and write study.json.

        ``threads`` of torch each run has (by default the machine's share per worker); what a study was begun with is
        kept, because they are part of the bits. ``site`` trains instead of this machine's ``workers``. ``watch`` is
        called now and then with what is trained. Raises `InputError` if the directory belongs to another study, and for
        a second extension.
        """
        plan = make_plan(self.config)
        store = open_data(self.data, plan.runs[0].recipe)
        target = self._check(plan, store)
        begun = self.directory.about_file.is_file()
        site = site or ThisMachine(workers)
        choices = {} if begun else site.choose(self._largest(plan), self.data, threads or site.share, self.plugins)
        with self.directory.held(store, origin(plan.runs[0].recipe.model.weights), choices) as kept:
            refuse_other_threads(kept["threads"], threads, self.directory.path)
            kept = complete(kept, plan, store.vocabulary)
            plan = with_choices(plan, kept)
            self.directory.settle(question(plan, self.looks))
            self.directory.keep_choices(kept)
            plan = shown = with_judged(plan, self.directory.judged, self.directory.path)
            asked = judged(plan)  # whatever weights are chosen for it
            self._refuse_unpaid_look()
            with site.start(kept["threads"], self.plugins, lambda: watch(shown)) as at_work:

                def train(stage: Plan) -> None:
                    nonlocal shown
                    shown = stage
                    at_work.train(self.directory, self.data, stage.runs)

                if self.config.tune_weights is not None:
                    plan = tune(plan, self.directory, train, higher_is_better=target.higher_is_better)
                train(plan)
                self.directory.keep_judged(asked)
                at_work.evaluate(self.directory, self.data, plan.runs)
            rules = Rules(margin=self.config.margin, looks=self.looks, higher_is_better=target.higher_is_better)
            result = answer(self.directory, plan, store, rules, self._looked_at())
            write_atomically(self.directory.result_file, json.dumps(result, indent=1).encode())
            write_atomically(self.directory.path / "study.yaml", _as_yaml(self.config).encode())
            return result

    def plan(self) -> Plan:
        """All trainings as they stand before tuning, with what the directory holds already. Nothing is written.

        Raises `InputError` for what cannot be asked for, or not in this directory.
        """
        plan = make_plan(self.config)
        recipe = plan.runs[0].recipe
        store = open_data(self.data, recipe)
        self._check(plan, store)
        begun = self.directory.about_file.is_file()
        if begun:
            self.directory.check(store, origin(recipe.model.weights))
        plan = with_choices(plan, complete(self.directory.choices if begun else {}, plan, store.vocabulary))
        return with_judged(plan, self.directory.judged, self.directory.path) if begun else plan

    def estimate(self, plan: Plan, *, workers: int = 1, threads: int | None = None) -> Effort:
        """How much of a plan is left to be trained, from a few steps of each arm. Nothing is left behind."""
        kept = self.directory.choices if self.directory.about_file.is_file() else {}
        tuned = kept.get("tuned", ())
        planned = [*tuning_runs(plan, tuned), *with_tuned(plan, tuned).runs]
        missing = [run for run in planned if not self.directory.is_done(run)]
        with using_threads(threads or kept.get("threads") or max(torch.get_num_threads() // workers, 1)):
            return effort(planned, missing, self.data, workers)

    def _check(self, plan: Plan, store: Store) -> Task:
        """The target. Raises `InputError` where the data lack what a task learns or have nothing to test on."""
        tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
        first = plan.runs[0].recipe
        target = tasks[first.target]
        if not (target.mean_figure or target.ratio_figure):
            raise InputError(
                f"study: the target {target.name} is measured by {target.main_figure}, of which images have no shares; "
                "expected a task that gives masks, classes or boxes"
            )
        train = training_rows(store, first.data.train_on)
        for name in without_labels(tasks, EvaluationLoader(store, train, first.training.batch)):
            raise InputError(f"{self.data}: no training sample has a label for {name}")
        for name in without_labels({target.name: target}, EvaluationLoader(store, store.rows("test"), 16)):
            raise InputError(f"{self.data}: no test sample has a label for {name}, so no verdict could be given")
        if self.config.tune_weights is not None:
            refuse_without_validation(first, store, "tune_weights")
        return target

    def _largest(self, plan: Plan) -> Recipe:
        return max((run.recipe for run in plan.runs), key=lambda recipe: len(recipe.tasks))

    def _earlier(self) -> dict[str, Any] | None:
        """The last verdicts."""
        file = self.directory.result_file
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None

    def _looked_at(self) -> list[int]:
        """The numbers of seeds with which verdicts were given so far, this one included."""
        earlier = self._earlier()
        return sorted({*(earlier["looked_at"] if earlier else ()), self.config.seeds})

    def _refuse_unpaid_look(self) -> None:
        looked_at = self._looked_at()
        if len(looked_at) > self.looks:
            seeds = " and ".join(str(number) for number in looked_at if number != self.config.seeds)
            allowed = "one extension was" if self.looks == 2 else "no extension was"
            raise InputError(
                f"{self.directory.path}: verdicts were given with {seeds} seeds; {allowed} paid for in their levels, "
                "and looking again would make false verdicts likelier than stated"
            )


def refuse_other_threads(kept: int, given: int | None, directory: Path) -> None:
    """Raise `InputError` if other threads are asked for than the runs of a directory were begun with."""
    if given not in (None, kept):
        raise InputError(
            f"{directory}: was begun with {kept} thread(s) for each run, which are part of the bits, and --threads is "
            f"now {given}; leave it out or give another --out"
        )


def _as_yaml(config: StudyConfig) -> str:
    values: dict[str, Any] = dataclasses.asdict(config)
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return yaml.safe_dump(plain, sort_keys=False)
