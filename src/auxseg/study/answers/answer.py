"""From the runs of a study to its answer, read from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auxseg.data.store.store import Store
from auxseg.recipe import build_tasks
from auxseg.records import study as records
from auxseg.records.arm_result import Advice, ArmResult, Variances
from auxseg.records.events import Gradients, read_events
from auxseg.records.study import Answer, Baseline, Diverged, MadeWith, StudyResult
from auxseg.records.values.writing import to_mapping
from auxseg.run.directory import Run, describe_data
from auxseg.statistics.crossed_effects import estimate
from auxseg.statistics.paired_differences import Differences, differences
from auxseg.statistics.sentences import Context, sentence
from auxseg.statistics.verdicts import Judgement, Rules, judge, with_diverged
from auxseg.study.answers.change_of_all_tasks import change_of_all_tasks, known
from auxseg.study.answers.figures import RunFigures, refuse_other_images
from auxseg.study.answers.gradient_evidence import why
from auxseg.study.design.plan import Arm, Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.tasks import Task


def answer(study: StudyDirectory, plan: Plan, store: Store, rules: Rules, looked_at: Sequence[int]) -> StudyResult:
    """What study.json holds: the verdict on every arm, and what it rests on.

    ``looked_at`` are the numbers of seeds with which verdicts were given so far, these included.
    """
    tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
    target = tasks[plan.runs[0].recipe.target]
    done = [run for run in plan.runs if study.failure(run) is None]
    steps = _steps(study, [run for run in done if not run.arm.is_longer])
    refuse_other_images(study, done)
    asked = _Asked(plan, RunFigures(study, target), tasks, rules, steps, can_extend=len(looked_at) < rules.looks)
    return StudyResult(
        target=target.name,
        figure=target.main_figure,
        steps=steps,
        seeds=plan.config.seeds,
        rules=records.Rules(rules.margin, rules.alpha, rules.looks, rules.higher_is_better),
        data=describe_data(store),
        config=to_mapping(plan.config),
        answers=tuple(_Compared(asked, fraction, tuple(done)).answer() for fraction in plan.label_fractions),
        diverged=tuple(
            Diverged(run.arm.name, run.seed, run.label_fraction, reason)
            for run in plan.runs
            if (reason := study.failure(run)) is not None
        ),
        tuned=tuple(plan.tuned),
        seconds=sum(read_events(study.run_directory(run)).seconds_in_training for run in done)
        + sum(choice.seconds for choice in plan.tuned),
        looked_at=tuple(looked_at),
        made_with=_made_with(study, done),
    )


@final
@dataclass(frozen=True)
class _Asked:
    """What holds for all arms at all shares of the masks."""

    plan: Plan
    figures: RunFigures
    tasks: Mapping[str, Task]
    rules: Rules
    steps: int
    can_extend: bool
    """Whether more seeds would be looked at."""


@final
@dataclass(frozen=True)
class _Compared:
    """The comparisons at one share of the masks; they are judged together."""

    asked: _Asked
    fraction: float
    done: tuple[PlannedRun, ...]

    def answer(self) -> Answer:
        """The verdicts on all arms."""
        baseline, *others = self.asked.plan.arms
        figures = self.asked.figures
        runs = {arm: self._runs(arm) for arm in self.asked.plan.arms}
        images = {arm: {seed: figures.per_image(run) for seed, run in runs[arm].items()} for arm in runs}
        compared = {arm.name: differences(images[baseline], images[arm]) for arm in others}
        judgements = judge(
            {name: estimate(difference.table, difference.effective_images) for name, difference in compared.items()},
            self.asked.rules,
        )
        alone = figures.reached(runs[baseline], figures.target)
        return Answer(
            self.fraction,
            Baseline(**vars(alone), num_diverged=self._num_diverged(baseline)),
            tuple(self._arm(arm, judgements[arm.name], compared[arm.name], runs) for arm in others),
        )

    def _arm(
        self, arm: Arm, judgement: Judgement, compared: Differences, runs: Mapping[Arm, Mapping[int, PlannedRun]]
    ) -> ArmResult:
        plan, figures, found = self.asked.plan, self.asked.figures, judgement.estimate
        context = self._context(arm)
        judged = with_diverged(judgement, of_arm=context.num_diverged, of_baseline=context.num_diverged_alone)
        low, high = judged.interval
        variances = found.variances
        reached = figures.reached(runs[arm], figures.target)
        rows = zip(compared.seeds, compared.table, strict=True)
        per_seed = {str(seed): float(row.mean()) for seed, row in rows if row.size and np.isfinite(row).all()}
        return ArmResult(
            name=arm.name,
            description=plan.description(arm),
            auxiliaries=arm.auxiliaries,
            weights=plan.weights(arm, self.fraction),
            is_control=plan.is_control(arm),
            verdict=str(judged.verdict),
            sentence=sentence(plan.description(arm) or arm.name, judged, self.asked.rules, context),
            difference=known(found.mean),
            interval=(known(low), known(high)),
            level=judged.level,
            p_value=judged.p_value,
            p_value_of_equivalence=judged.p_value_of_equivalence,
            advice=None if judged.advice is None else Advice(judged.advice.seeds, judged.advice.images),
            variances=Variances(known(variances["seed"]), known(variances["image"]), known(variances["rest"])),
            per_seed=per_seed,
            num_images=found.num_images,
            num_images_left_out=compared.num_left_out,
            num_diverged=context.num_diverged,
            missing_seeds=tuple(sorted({*compared.missing_in_arm, *compared.missing_in_baseline})),
            **vars(reached),
            tasks={name: figures.reached(runs[arm], self.asked.tasks[name]) for name in arm.auxiliaries},
            delta_m=change_of_all_tasks(figures, self.asked.tasks, arm, runs),
            why=why(_looks(figures.study, runs[arm]), arm.auxiliaries),
        )

    def _context(self, arm: Arm) -> Context:
        """What the sentence on an arm says beside the numbers."""
        asked = self.asked
        return Context(
            asked.figures.target.main_figure,
            asked.plan.weighting(arm, self.fraction),
            _steps(asked.figures.study, list(self._runs(arm).values())) or asked.steps,
            self.fraction,
            self._num_diverged(arm),
            self._num_diverged(asked.plan.arms[0]),
            asked.can_extend,
        )

    def _runs(self, arm: Arm) -> dict[int, PlannedRun]:
        """The runs of an arm that did not diverge, by seed."""
        return {run.seed: run for run in self.done if (run.arm, run.label_fraction) == (arm, self.fraction)}

    def _num_diverged(self, arm: Arm) -> int:
        planned = [run for run in self.asked.plan.runs if (run.arm, run.label_fraction) == (arm, self.fraction)]
        return len(planned) - len(self._runs(arm))


def _looks(study: StudyDirectory, runs: Mapping[int, PlannedRun]) -> list[Gradients]:
    return [look for run in runs.values() for look in read_events(study.run_directory(run)).of(Gradients)]


def _steps(study: StudyDirectory, done: Sequence[PlannedRun]) -> int:
    return Run(study.run_directory(done[0])).recipe.training.steps or 0 if done else 0


def _made_with(study: StudyDirectory, done: Sequence[PlannedRun]) -> tuple[MadeWith, ...]:
    """Every combination of versions, device, threads, precision and weights that the runs were begun with."""
    found: list[MadeWith] = []
    for run in done:
        start = Run(study.run_directory(run)).start
        weights = tuple(sorted(set(start.weights.values())))
        one = MadeWith(start.versions, start.device, start.processor, start.threads, start.precision, weights)
        if one not in found:
            found.append(one)
    return tuple(found)
