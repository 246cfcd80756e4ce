"""From the runs of a study to its answer, read from their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from auxseg.data.store.store import Store
from auxseg.recipe import build_tasks
from auxseg.records import study as records
from auxseg.records.arm_result import ArmResult
from auxseg.records.events import Events, Gradients, read_events
from auxseg.records.study import Answer, Baseline, Diverged, MadeWith, StudyResult
from auxseg.records.values.writing import to_mapping
from auxseg.run.directory import Run, describe_data
from auxseg.run.labels import needs
from auxseg.statistics.simultaneous import LEVEL
from auxseg.study.answers import per_arm, simultaneous
from auxseg.study.answers.change_of_all_tasks import change_of_all_tasks
from auxseg.study.answers.cost import cost
from auxseg.study.answers.figures import RunFigures, Trained, refuse_other_images
from auxseg.study.answers.gradient_evidence import why
from auxseg.study.answers.verdict import ArmVerdict, Compared
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import SIMULTANEOUS
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.tasks import Task


def answer(study: StudyDirectory, plan: Plan, store: Store, looked_at: Sequence[int]) -> StudyResult:
    """What study.json holds: the verdict on every arm, and what it rests on.

    ``looked_at`` are the numbers of seeds with which verdicts were given so far, these included.
    """
    tasks = {name: task for run in plan.runs for name, task in build_tasks(run.recipe, store.vocabulary).items()}
    target = tasks[plan.runs[0].recipe.target]
    done = [run for run in plan.runs if study.failure(run) is None]
    refuse_other_images(study, done)
    by_masks = needs(target, store.vocabulary).mask
    figures = RunFigures(study, target, plan.figure or target.main_figure)
    asked = _Asked(plan, figures, tasks, tuple(done), tuple(looked_at), by_masks)
    return StudyResult(
        target=target.name,
        figure=figures.figure,
        steps=asked.steps,
        seeds=plan.config.seeds,
        rules=asked.rules(),
        data=describe_data(store),
        config=to_mapping(plan.config),
        answers=tuple(asked.answer(fraction) for fraction in plan.label_fractions),
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
    """What is asked, and the runs that did not diverge; whether the target learns from masks."""

    plan: Plan
    figures: RunFigures
    tasks: Mapping[str, Task]
    done: tuple[PlannedRun, ...]
    looked_at: tuple[int, ...]
    by_masks: bool

    @property
    def steps(self) -> int:
        """Of each training but those of arms that have a length of their own."""
        alone = [run for run in self.done if not run.arm.is_longer and not run.arm.settings]
        return _steps(self.figures.study, alone)

    @property
    def is_together(self) -> bool:
        """Whether arms are judged together."""
        return self.plan.config.method == SIMULTANEOUS

    def rules(self) -> records.Rules:
        """What was fixed before anything was trained."""
        higher = self.figures.target.higher_is_better
        config = self.plan.config
        assert config.margin is not None
        mirrored = self.plan.mirrored or None
        if self.is_together:
            looks = config.planned_looks
            return records.Rules(config.margin, LEVEL, len(looks), higher, SIMULTANEOUS, looks, mirrored, config.folds)
        assert isinstance(config.looks, int)
        return records.Rules(config.margin, LEVEL, config.looks, higher, mirrored=mirrored, folds=config.folds)

    def answer(self, fraction: float) -> Answer:
        """The verdicts at one share of the masks."""
        baseline, *others = self.plan.arms
        compared = self._compared(fraction)
        found = simultaneous.verdicts(compared) if self.is_together else per_arm.verdicts(compared)
        alone = self.figures.reached(compared.runs[baseline], self.figures.target)
        return Answer(
            fraction,
            Baseline(
                **vars(alone),
                masked_per_step=self._masked_per_step(compared.runs[baseline]),
                num_diverged=compared.num_diverged[baseline],
                cost=cost(self._events(compared.runs[baseline])),
            ),
            tuple(self._arm(arm, found.arms[arm], compared) for arm in others),
            found.remarks,
            found.choice,
            found.spread,
            found.seeds_needed,
            found.against,
        )

    def _compared(self, fraction: float) -> Compared:
        runs = {arm: self._runs(arm, fraction) for arm in self.plan.arms}
        planned = {(run.arm, run.seed) for run in self.plan.runs if run.label_fraction == fraction}
        study = self.figures.study
        most = len(self.rules().looks_at) if self.is_together else self.rules().looks
        return Compared(
            plan=self.plan,
            figures=self.figures,
            higher_is_better=self.figures.target.higher_is_better,
            label_fraction=fraction,
            runs=runs,
            num_diverged={arm: sum(each == arm for each, _ in planned) - len(runs[arm]) for arm in runs},
            steps={arm: _steps(study, _flat(runs[arm])) or self.steps for arm in runs},
            can_extend=len(self.looked_at) < most,
        )

    def _arm(self, arm: Arm, verdict: ArmVerdict, compared: Compared) -> ArmResult:
        plan, figures, runs = self.plan, self.figures, compared.runs
        return ArmResult(
            **vars(verdict),
            name=arm.name,
            description=plan.description(arm),
            auxiliaries=arm.auxiliaries,
            weights=plan.weights(arm, compared.label_fraction),
            settings=arm.settings,
            masked_per_step=self._masked_per_step(runs[arm]),
            is_control=plan.is_control(arm),
            family=plan.families.get(arm),
            num_diverged=compared.num_diverged[arm],
            **vars(figures.reached(runs[arm], figures.target)),
            tasks={name: figures.reached(runs[arm], self.tasks[name]) for name in arm.auxiliaries},
            delta_m=None if arm.settings else change_of_all_tasks(figures, self.tasks, arm, runs),
            why=why([look for events in self._events(runs[arm]) for look in events.of(Gradients)], arm.auxiliaries),
            cost=cost(self._events(runs[arm])),
        )

    def _events(self, runs: Mapping[int, Trained]) -> list[Events]:
        return [read_events(self.figures.study.run_directory(run)) for run in _flat(runs)]

    def _runs(self, arm: Arm, fraction: float) -> dict[int, Trained]:
        """The runs of an arm by seed, of those seeds of which no run diverged."""
        runs: dict[int, Trained] = {}
        for run in self.done:
            if (run.arm, run.label_fraction) == (arm, fraction):
                runs[run.seed] = (*runs.get(run.seed, ()), run)
        return {seed: trained for seed, trained in runs.items() if len(trained) == len(self.plan.folds)}

    def _masked_per_step(self, runs: Mapping[int, Trained]) -> float | None:
        """Samples with a mask that a training step sees on average; ``None`` if that is not known or means nothing."""
        if not self.by_masks:
            return None
        for planned in _flat(runs):
            start = Run(self.figures.study.run_directory(planned)).start
            data, batch = planned.recipe.data, planned.recipe.training.batch
            labelled = start.labelled.get(self.figures.target.name)
            total = sum(start.data.splits.get(split, 0) for split in data.train_on.split("+"))
            if labelled is None or not total:
                return None
            if data.target_per_batch is not None and labelled < total:
                return float(data.target_per_batch)
            return batch * labelled / total
        return None


def _flat(runs: Mapping[int, Trained]) -> list[PlannedRun]:
    return [run for trained in runs.values() for run in trained]


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
