"""A study from its question to its answer."""

from __future__ import annotations

import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import torch
import yaml

from auxseg.data.loader import EvaluationLoader
from auxseg.data.selection import training_rows
from auxseg.data.store import Store
from auxseg.errors import InputError, RunError
from auxseg.files import write_atomically
from auxseg.recipe import Recipe, build_tasks, dump_recipe, with_changes
from auxseg.run import Run, choose, train
from auxseg.run.building import open_data, without_labels
from auxseg.study.directory import StudyDirectory
from auxseg.study.execute import workers as start_workers
from auxseg.study.plan import Plan, PlannedRun, StudyConfig, make_plan
from auxseg.study.question import judged, question, with_judged
from auxseg.study.results import answer
from auxseg.study.verdicts import Rules
from auxseg.tasks import Task
from auxseg.training.events import read_events

CALIBRATION_STEPS = 6


@final
@dataclass(frozen=True)
class Study:
    """What is asked, on which data, kept where."""

    config: StudyConfig
    data: Path
    directory: StudyDirectory
    looks: Literal[1, 2] = 2
    plugins: tuple[Path, ...] = ()

    def run(self, *, workers: int = 1, threads: int | None = None, watch: Callable[[Plan], None]) -> dict[str, Any]:
        """Train all that is missing, then measure everything on the test split, judge, and write study.json.

        ``threads`` of torch each run has (by default the machine's share per worker); what a study was begun with is
        kept, because they are part of the bits. ``watch`` is called now and then with the plan. Raises `InputError` if
        the directory belongs to another study, and for a second extension.
        """
        plan = make_plan(self.config)
        store = open_data(self.data, plan.runs[0].recipe)
        target = self._check(plan, store)
        threads = threads or max(torch.get_num_threads() // workers, 1)
        begun = self.directory.about_file.is_file()
        choices = {} if begun else {**choose(self._largest(plan), self.data), "threads": threads}
        with self.directory.held(store, choices) as kept:
            plan = _with_choices(plan, kept)
            self.directory.settle(question(plan, self.looks))
            plan = with_judged(plan, self.directory.judged, self.directory.path)
            self._refuse_unpaid_look()
            with start_workers(workers, kept["threads"], self.plugins, lambda: watch(plan)) as at_work:
                at_work.train(self.directory, self.data, plan.runs)
                self.directory.keep_judged(judged(plan))
                at_work.evaluate(self.directory, self.data, plan.runs)
            rules = Rules(margin=self.config.margin, looks=self.looks, higher_is_better=target.higher_is_better)
            result = answer(self.directory, plan, store, rules) | {"looked_at": self._looked_at()}
            write_atomically(self.directory.result_file, json.dumps(result, indent=1).encode())
            write_atomically(self.directory.path / "study.yaml", _as_yaml(self.config).encode())
            return result

    def estimate_seconds(self, *, workers: int = 1, threads: int | None = None) -> float:
        """How long all trainings would take, from a few steps of each arm. Nothing is left behind."""
        plan = make_plan(self.config)
        self._check(plan, Store.open(self.data))
        before = torch.get_num_threads()
        torch.set_num_threads(threads or max(before // workers, 1))
        try:
            per_arm = {arm: self._seconds(next(run.recipe for run in plan.runs if run.arm == arm)) for arm in plan.arms}
        finally:
            torch.set_num_threads(before)
        return sum(per_arm[run.arm] for run in plan.runs) / workers

    def _seconds(self, recipe: Recipe) -> float:
        """Of one training: getting ready, the steps, and the looks at the validation split."""
        short = with_changes(recipe, training={"steps": CALIBRATION_STEPS, "epochs": None, "phases": ()})
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            run = train(short, self.data, Path(folder) / "run")
            seconds = time.perf_counter() - started
            events = list(read_events(run.events_file))
            steps_per_epoch = run.start["steps_per_epoch"]
        steps, looks = (
            [event["seconds"] for event in events if event["event"] == kind] for kind in ("step", "validation")
        )
        once = max(seconds - sum(steps) - sum(looks), 0)
        training = recipe.training
        num_steps = training.num_steps(len(training_rows(Store.open(self.data), recipe.data.train_on)))
        num_looks = num_steps / (training.validate_every * steps_per_epoch)
        return once + statistics.median(steps) * num_steps + (max(looks) * num_looks if looks else 0)

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


def _with_choices(plan: Plan, choices: dict[str, Any]) -> Plan:
    """What the recipes leave open is decided once for all of them."""

    def decided(run: PlannedRun) -> PlannedRun:
        keys = [key for key in ("precision", "channels_last") if getattr(run.recipe.training, key) == "auto"]
        return dataclasses.replace(run, recipe=with_changes(run.recipe, training={key: choices[key] for key in keys}))

    return dataclasses.replace(plan, runs=tuple(decided(run) for run in plan.runs))


def best_recipe(study: Study, result: dict[str, Any]) -> tuple[str, str]:
    """Name and YAML of the arm with the best mean validation figure at the largest share of masks.

    Controls stay out, and arms of which a run diverged: the mean over the others would flatter them.

    Chosen on validation, because the test split has just been used for the verdicts.
    """
    plan = make_plan(study.config)
    choices = json.loads(study.directory.about_file.read_text(encoding="utf-8"))["choices"]
    plan = _with_choices(plan, choices)
    fraction = max(plan.label_fractions)
    values: dict[str, list[float]] = {}
    incomplete = {run.arm for run in plan.runs if run.label_fraction == fraction and study.directory.failure(run)}
    sign = 1 if result["rules"]["higher_is_better"] else -1
    for planned in plan.runs:
        is_control = plan.is_control(planned.arm)
        if planned.label_fraction == fraction and not is_control and planned.arm not in incomplete:
            best = _validation(study.directory.run_directory(planned), planned.recipe.target)
            if best is not None:
                values.setdefault(planned.arm.name, []).append(sign * best)
    if not values:
        raise RunError(
            f"{study.directory.path}: the data have no validation split, so no arm can be chosen as the best"
        )
    name = max(values, key=lambda arm: sum(values[arm]) / len(values[arm]))
    recipe = next(run.recipe for run in plan.runs if run.arm.name == name and run.label_fraction == fraction)
    return name, dump_recipe(recipe)


def _validation(directory: Path, target: str) -> float | None:
    kept = [
        event for event in read_events(Run(directory).events_file) if event["event"] == "validation" and event["best"]
    ]
    return next(iter(kept[-1]["figures"][target].values())) if kept else None


def _as_yaml(config: StudyConfig) -> str:
    values: dict[str, Any] = dataclasses.asdict(config)
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return yaml.safe_dump(plain, sort_keys=False)
