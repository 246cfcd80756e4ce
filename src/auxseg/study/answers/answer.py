"""From the runs of a study to its answer, read from their files."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks
from auxseg.records.metrics import read_metrics
from auxseg.records.table import PER_IMAGE_FILE, read_per_image
from auxseg.run.directory import Run, describe_data
from auxseg.statistics.crossed_effects import estimate
from auxseg.statistics.delta_m import delta_m
from auxseg.statistics.paired_differences import Differences, Figure, MeanFigure, RatioFigure, differences
from auxseg.statistics.sentences import Context, sentence
from auxseg.statistics.verdicts import Judgement, Rules, judge, with_diverged
from auxseg.study.answers.gradient_evidence import why
from auxseg.study.design.plan import Arm, Plan, PlannedRun
from auxseg.study.directory.directory import FORMAT, StudyDirectory
from auxseg.tasks import Task
from auxseg.training.events import read_events


@final
@dataclass(frozen=True)
class _Reader:
    """Where the target's figure stands in the files of a run, and whether more seeds would be looked at."""

    study: StudyDirectory
    target: Task
    can_extend: bool

    def figure(self, planned: PlannedRun) -> Figure:
        """The target's figure by image, as the run's evaluation left it."""
        run, name = self.study.run_directory(planned), self.target.name
        columns = _columns(run)
        beginnings = self.target.ratio_figure or (self.target.mean_figure,)
        found = [
            [values for column, values in columns.items() if f"{column}.".startswith(f"{name}.{beginning}.")]
            for beginning in beginnings
        ]
        if not all(found):
            raise InputError(f"{run / PER_IMAGE_FILE}: has no {' and '.join(beginnings)} of {name}; evaluate it again")
        if not self.target.ratio_figure:
            return MeanFigure(found[0][0])
        parts, wholes = (np.stack(values, 1) for values in found)
        return RatioFigure(parts, wholes)

    def total(self, planned: PlannedRun, task: str) -> float:
        """A task's main figure over all images; NaN if there is none."""
        metrics = read_metrics(self.study.run_directory(planned))
        values = metrics.figures.get(task, {}) if metrics else {}
        value = next(iter(values.values()), None)  # the main figure stands first
        return math.nan if value is None else value


def answer(study: StudyDirectory, plan: Plan, store: Store, rules: Rules, looked_at: Sequence[int]) -> dict[str, Any]:
    """What study.json holds: the verdict on every arm, and what it rests on.

    ``looked_at`` are the numbers of seeds with which verdicts were given so far, these included.
    """
    tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
    first = plan.runs[0].recipe
    target = tasks[first.target]
    reader = _Reader(study, target, can_extend=len(looked_at) < rules.looks)
    done = [run for run in plan.runs if study.failure(run) is None]
    steps = _steps(study, [run for run in done if not run.arm.is_longer])
    _check_images(study, done)
    return {
        "format": FORMAT,
        "target": target.name,
        "figure": target.main_figure,
        "steps": steps,
        "seeds": plan.config.seeds,
        "rules": dataclasses.asdict(rules),
        "data": describe_data(store),
        "config": dataclasses.asdict(plan.config),
        "answers": [_answer(plan, reader, tasks, done, fraction, rules, steps) for fraction in plan.label_fractions],
        "diverged": [
            {"arm": run.arm.name, "seed": run.seed, "label_fraction": run.label_fraction, "reason": study.failure(run)}
            for run in plan.runs
            if study.failure(run) is not None
        ],
        "tuned": list(plan.tuned),
        "seconds": sum(seconds_in_training(study.run_directory(run)) for run in done)
        + sum(choice["seconds"] for choice in plan.tuned),
        "looked_at": list(looked_at),
        "made_with": _made_with(study, done),
    }


def _answer(
    plan: Plan,
    reader: _Reader,
    tasks: Mapping[str, Task],
    done: Sequence[PlannedRun],
    fraction: float,
    rules: Rules,
    steps: int,
) -> dict[str, Any]:
    """The comparisons at one share of the masks; they are judged together."""
    runs = {
        arm: {run.seed: run for run in done if (run.arm, run.label_fraction) == (arm, fraction)} for arm in plan.arms
    }
    figures = {arm: {seed: reader.figure(run) for seed, run in by_seed.items()} for arm, by_seed in runs.items()}
    baseline, *others = plan.arms
    planned = [run for run in plan.runs if run.label_fraction == fraction]
    diverged = {arm: sum(run.arm == arm for run in planned) - len(runs[arm]) for arm in plan.arms}
    compared = {arm.name: differences(figures[baseline], figures[arm]) for arm in others}
    judgements = judge({name: estimate(difference.table) for name, difference in compared.items()}, rules)
    return {
        "label_fraction": fraction,
        "baseline": {**_totals(reader, runs[baseline], reader.target), "num_diverged": diverged[baseline]},
        "arms": [
            {
                **_arm(
                    plan,
                    arm,
                    fraction,
                    judgements[arm.name],
                    compared[arm.name],
                    rules,
                    reader,
                    _steps(reader.study, list(runs[arm].values())) or steps,
                    diverged[arm],
                    diverged[baseline],
                ),
                **_totals(reader, runs[arm], reader.target),
                "tasks": {name: _totals(reader, runs[arm], tasks[name]) for name in arm.auxiliaries},
                "delta_m": _delta_m(reader, tasks, arm, runs),
                "why": why(_events(reader, runs[arm]), arm.auxiliaries),
            }
            for arm in others
        ],
    }


def _arm(
    plan: Plan,
    arm: Arm,
    fraction: float,
    judgement: Judgement,
    compared: Differences,
    rules: Rules,
    reader: _Reader,
    steps: int,
    num_diverged: int,
    num_diverged_alone: int,
) -> dict[str, Any]:
    found = judgement.estimate
    context = Context(
        reader.target.main_figure,
        plan.weighting(arm, fraction),
        steps,
        fraction,
        num_diverged,
        num_diverged_alone,
        reader.can_extend,
    )
    judgement = with_diverged(judgement, of_arm=num_diverged, of_baseline=num_diverged_alone)
    return {
        "name": arm.name,
        "description": plan.description(arm),
        "auxiliaries": list(arm.auxiliaries),
        "weights": plan.weights(arm, fraction),
        "is_control": plan.is_control(arm),
        "verdict": str(judgement.verdict),
        "sentence": sentence(plan.description(arm) or arm.name, judgement, rules, context),
        "difference": _number(found.mean),
        "interval": [_number(end) for end in judgement.interval],
        "level": judgement.level,
        "p_value": judgement.p_value,
        "p_value_of_equivalence": judgement.p_value_of_equivalence,
        "advice": None if judgement.advice is None else dataclasses.asdict(judgement.advice),
        "variances": {name: _number(value) for name, value in found.variances.items()},
        "per_seed": {seed: float(row.mean()) for seed, row in zip(compared.seeds, compared.table, strict=True)},
        "num_images": found.num_images,
        "num_images_left_out": compared.num_left_out,
        "num_diverged": num_diverged,
        "missing_seeds": sorted({*compared.missing_in_arm, *compared.missing_in_baseline}),
    }


def _totals(reader: _Reader, runs: Mapping[int, PlannedRun], task: Task) -> dict[str, Any]:
    """The main figure that a task reaches on the test split."""
    values = {seed: reader.total(run, task.name) for seed, run in runs.items()}
    known = [value for value in values.values() if not math.isnan(value)]
    return {
        "name_of_figure": task.main_figure,
        "figure_per_seed": {seed: _number(value) for seed, value in values.items()},
        "figure": statistics.fmean(known) if known else None,
    }


def _events(reader: _Reader, runs: Mapping[int, PlannedRun]) -> list[Path]:
    return [reader.study.run_directory(run) / "events.jsonl" for run in runs.values()]


def _delta_m(
    reader: _Reader, tasks: Mapping[str, Task], arm: Arm, runs: Mapping[Arm, Mapping[int, PlannedRun]]
) -> dict[str, Any] | None:
    """What learning several auxiliaries at once does to all tasks together.

    Each is compared with the smallest set in which the study learns it: the target alone, an auxiliary beside the
    target. ``None`` for a single auxiliary, where there is nothing to compare it with, or if such a set is missing. A
    task whose figure is 0 there has no relative change, and is named as left out.
    """
    names = (reader.target.name, *arm.auxiliaries)
    alone = {name: runs.get(Arm(() if name == reader.target.name else (name,)), {}) for name in names}
    seeds = sorted(set(runs[arm]).intersection(*alone.values()))
    if len(names) < 3 or not seeds:
        return None
    together = np.array([[reader.total(runs[arm][seed], name) for name in names] for seed in seeds])
    apart = np.array([[reader.total(alone[name][seed], name) for name in names] for seed in seeds])
    counted = ~(apart == 0).any(0)
    kept = [name for name, counts in zip(names, counted, strict=True) if counts]
    if not kept:
        return None
    change = delta_m(together[:, counted], apart[:, counted], kept, [tasks[name].higher_is_better for name in kept])
    return {
        "tasks": kept,
        "left_out": [name for name in names if name not in kept],
        "mean": _number(change.mean),
        "interval": [_number(end) for end in change.interval],
    }


def _columns(run: Path) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=float) for name, values in read_per_image(run).numbers.items()}


def _check_images(study: StudyDirectory, done: Sequence[PlannedRun]) -> None:
    """Refuse runs that measured other images, or the same in another order: they cannot be compared by image."""
    first = None
    for run in done:
        ids = read_per_image(study.run_directory(run)).ids
        first = first or (run, ids)
        if ids != first[1]:
            raise InputError(
                f"{study.run_directory(run)}: per_image.csv has other images than that of "
                f"{study.run_directory(first[0])}; evaluate both again"
            )


def _number(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None


def _steps(study: StudyDirectory, done: Sequence[PlannedRun]) -> int:
    return Run(study.run_directory(done[0])).recipe.training.steps or 0 if done else 0


def seconds_in_training(directory: Path) -> float:
    """Of all steps and validations that count, those before an interruption too."""
    kinds = ("step", "validation")
    return sum(event["seconds"] for event in read_events(directory / "events.jsonl") if event["event"] in kinds)


def _made_with(study: StudyDirectory, done: Sequence[PlannedRun]) -> list[dict[str, Any]]:
    """Every combination of versions, device, threads, precision and weights that the runs were begun with."""
    keys = ("versions", "device", "processor", "threads", "precision")
    found: list[dict[str, Any]] = []
    for run in done:
        start = Run(study.run_directory(run)).start
        one = {key: start[key] for key in keys} | {"weights": sorted(set(start["weights"].values()))}
        if one not in found:
            found.append(one)
    return found
