"""Choosing loss weights on validation, before anything is trained for a verdict.

Every arm is trained with each of the candidate weights, on seeds that no verdict uses, and the weight with the best
mean validation figure of the target is kept; an arm of several auxiliaries gives all of them the same. So that nothing
is said to help that was only searched for longer, the target alone gets as many tries, over what it has to be tuned:
its learning rate. That is searched first, and the rate that suits the target alone best is everybody's, arms included,
so that arms still differ in their auxiliaries and loss weights alone. Each share of the masks is tuned by itself. The
test split is never read.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from auxseg.recipe import Recipe, with_changes
from auxseg.records.about import Tuned
from auxseg.records.events import read_events
from auxseg.study.answers.validation import validation_figure
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import MOST_SEEDS
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory

FIRST_SEED: Final = MOST_SEEDS
"""Verdicts have the seeds below it."""


def rate_factors(number: int) -> tuple[float, ...]:
    """So many factors on the base's learning rate, doubling from one to the next, with 1 at or above the middle."""
    return tuple(2.0 ** (place - number // 2) for place in range(number))


def tune(
    plan: Plan, study: StudyDirectory, train: Callable[[Plan], None], *, higher_is_better: bool, figure: str = ""
) -> Plan:
    """The plan with what validation chooses by ``figure``, or chose before; ``train`` trains what a plan holds.

    ``figure`` names the target's main figure. Every choice is kept in the directory as soon as it is made, with the
    digest of the recipe it was made for: an arm of the same name with another recipe is searched anew.
    """
    tuned = list(study.choices.tuned)
    baseline, *others = _searched(plan)
    for arms in ([baseline], others):
        keys = [(arm, share) for share in plan.label_fractions for arm in arms]
        tries = {key: tries_of(plan, tuned, *key) for key in keys if _found(plan, tuned, *key) is None}
        if not tries:
            continue
        runs = [run for by_candidate in tries.values() for runs in by_candidate.values() for run in runs]
        runs.sort(key=lambda run: run.seed)
        train(dataclasses.replace(plan, arms=tuple(arms), runs=tuple(runs)))
        tuned = [entry for entry in tuned if (Arm(entry.auxiliaries), entry.label_fraction) not in tries]
        for (arm, share), found in tries.items():
            choice = _choose(arm, share, found, study, higher_is_better)
            tuned.append(dataclasses.replace(choice, recipe=arm_digest(plan, arm), figure=figure))
        study.keep_choices(dataclasses.replace(study.choices, tuned=tuple(tuned)))
    return with_tuned(plan, tuned)


def with_tuned(plan: Plan, tuned: Sequence[Tuned]) -> Plan:
    """The plan with what was chosen for its arms: the target's rate for all, and each arm's weight."""
    found = {(arm, share): _found(plan, tuned, arm, share) for share in plan.label_fractions for arm in _searched(plan)}

    def chosen(run: PlannedRun) -> PlannedRun:
        rate, weight = found[Arm(), run.label_fraction], found.get((run.arm, run.label_fraction))
        recipe = run.recipe if rate is None else _at_rate(run.recipe, rate.chosen)
        if weight is not None and run.arm.auxiliaries:
            recipe = _at_weight(recipe, run.arm, weight.chosen)
        return dataclasses.replace(run, recipe=recipe)

    made = tuple(entry for entry in found.values() if entry is not None)
    return dataclasses.replace(plan, runs=tuple(map(chosen, plan.runs)), tuned=made)


def tuning_runs(plan: Plan, tuned: Sequence[Tuned]) -> Iterator[PlannedRun]:
    """All trainings that choosing takes, those that are done too; at the base's rate while that is not chosen."""
    for share in plan.label_fractions:
        for arm in _searched(plan) if plan.config.tune_weights else ():
            for runs in tries_of(plan, tuned, arm, share).values():
                yield from runs


def tries_of(
    plan: Plan, tuned: Sequence[Tuned], arm: Arm, label_fraction: float
) -> dict[float, tuple[PlannedRun, ...]]:
    """The trainings of an arm by candidate: factors of the rate for the target alone, weights for the others."""
    assert plan.config.tune_weights is not None
    first = next(run for run in plan.runs if (run.arm, run.label_fraction) == (arm, label_fraction))
    rate = _found(plan, tuned, Arm(), label_fraction)
    if not arm.auxiliaries:
        recipes = {factor: _at_rate(first.recipe, factor) for factor in rate_factors(len(plan.config.tune_weights))}
    else:
        recipe = first.recipe if rate is None else _at_rate(first.recipe, rate.chosen)
        recipes = {weight: _at_weight(recipe, arm, weight) for weight in plan.config.tune_weights}
    begin = FIRST_SEED + plan.config.first_seed
    seeds = range(begin, begin + plan.config.tuning_seeds)
    return {
        candidate: tuple(
            dataclasses.replace(first, seed=seed, recipe=dataclasses.replace(recipe, seed=seed)) for seed in seeds
        )
        for candidate, recipe in recipes.items()
    }


def _searched(plan: Plan) -> list[Arm]:
    """The arms that are tuned, the baseline first; the target trained longer has the baseline's rate."""
    return [arm for arm in plan.arms if not arm.is_longer]


def _found(plan: Plan, tuned: Sequence[Tuned], arm: Arm, label_fraction: float) -> Tuned | None:
    """What was chosen for an arm of the plan at one share of the masks, if it still has the recipe of that time."""
    for entry in tuned:
        is_its = (Arm(entry.auxiliaries), entry.label_fraction) == (arm, label_fraction)
        if is_its and entry.recipe == arm_digest(plan, arm):
            return entry
    return None


def _choose(
    arm: Arm,
    label_fraction: float,
    tries: Mapping[float, Sequence[PlannedRun]],
    study: StudyDirectory,
    higher_is_better: bool,
) -> Tuned:
    """The candidate with the best mean over seeds.

    Of equals it is the smallest weight, and the factor of the learning rate that is nearest 1. A candidate of which a
    run diverged stays out; if one did of all, it is chosen as among equals.
    """
    figures: dict[float, float | None] = {}
    for candidate, runs in tries.items():
        values = [_figure(study, run) for run in runs]
        known = [value for value in values if value is not None]
        figures[candidate] = statistics.fmean(known) if len(known) == len(values) else None
    sign = 1 if higher_is_better else -1
    measured = {candidate: sign * value for candidate, value in figures.items() if value is not None}
    order = sorted(tries) if arm.auxiliaries else sorted(tries, key=lambda factor: (abs(math.log(factor)), factor))
    chosen = max((each for each in order if each in measured), key=lambda each: measured[each], default=order[0])
    directories = [study.run_directory(run) for runs in tries.values() for run in runs]
    return Tuned(
        auxiliaries=arm.auxiliaries,
        label_fraction=label_fraction,
        chosen=chosen,
        figures={f"{candidate:.12g}": value for candidate, value in figures.items()},
        sentence=_sentence(arm, label_fraction, chosen, figures),
        seconds=sum(read_events(path).seconds_in_training for path in directories),
    )


def _sentence(arm: Arm, label_fraction: float, chosen: float, figures: Mapping[float, float | None]) -> str:
    what = f"weight {chosen:g}" if arm.auxiliaries else f"{chosen:g} times the base's learning rate, for all arms"
    share = "" if label_fraction == 1 else f" with {100 * label_fraction:g}% of the masks"
    values = [f"{key:g}: {'diverged' if value is None else f'{value:.4f}'}" for key, value in figures.items()]
    return f"{arm.name}{share}: {what} (validation {', '.join(values)})"


def _figure(study: StudyDirectory, run: PlannedRun) -> float | None:
    return None if study.failure(run) else validation_figure(study.run_directory(run), run.recipe.target)


def _at_rate(recipe: Recipe, factor: float) -> Recipe:
    optimizer = recipe.training.optimizer
    return with_changes(recipe, training={"optimizer": dataclasses.replace(optimizer, rate=optimizer.rate * factor)})


def _at_weight(recipe: Recipe, arm: Arm, weight: float) -> Recipe:
    weights = {**vars(recipe.balancer)["weights"], **dict.fromkeys(arm.auxiliaries, weight)}
    return with_changes(recipe, balancer={"weights": weights})
