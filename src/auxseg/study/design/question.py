"""What a study's directory asks, settled when it is begun, and the arms that it has judged so far.

Verdicts hold for a question that was asked beforehand: another margin, another target or other settings are another
study. More auxiliaries and more seeds are not, but arms that were judged once stay and are judged again with the new
ones, so that the last table holds for all of them (and not for the tables that were shown on the way: docs/methods.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from auxseg.errors import InputError
from auxseg.recipe import Recipe, parse_recipe, what_matters
from auxseg.records.about import Judged, Question
from auxseg.records.names import ABOUT_FILE
from auxseg.records.values.differences import differences
from auxseg.study.design.arm import Arm, own_share
from auxseg.study.design.config import SIMULTANEOUS
from auxseg.study.design.digests import arm_recipe
from auxseg.study.design.plan import Plan, PlannedRun, of_run


def question(plan: Plan) -> Question:
    """What must not change in a directory: the recipe of the target alone, and what verdicts are made by."""
    config = plan.config
    together = config.method == SIMULTANEOUS
    return Question(
        target=plan.runs[0].recipe.target,
        method=SIMULTANEOUS if together else None,
        figure=plan.figure or None,
        margin=config.margin,
        looks=None if together or isinstance(config.looks, tuple) else config.looks,
        looks_at=config.planned_looks if together else (),
        mirrored=plan.mirrored or None,
        at="original" if plan.at == "original" else None,
        first_seed=config.first_seed or None,
        label_fractions=tuple(sorted(plan.label_fractions)),
        folds=config.folds,
        base=what_matters(arm_recipe(plan, plan.arms[0])),
        tune_weights=plan.config.tune_weights or (),
        tuning_seeds=plan.config.tuning_seeds if plan.config.tune_weights else None,
    )


def judged(plan: Plan) -> tuple[Judged, ...]:
    """The arms of a plan, as they are kept to be judged again."""
    return tuple(
        Judged(
            auxiliaries=arm.auxiliaries,
            label=arm.label,
            settings=arm.settings,
            family=plan.families.get(arm),
            is_longer=arm.is_longer,
            is_control=plan.is_control(arm),
            recipe=arm_recipe(plan, arm),
        )
        for arm in plan.arms[1:]
    )


def with_judged(plan: Plan, kept: Sequence[Judged], directory: Path, *, were_shown: bool = False) -> Plan:
    """The plan with the arms that were judged before. Raises `InputError` if one of them now has another recipe.

    If verdicts on them ``were_shown``, arms that are new form a family of their own: who has seen verdicts may choose
    what to add. Arms stay in the order in which they were judged, new ones come last, whatever the order in which they
    are asked for now: others are compared with the first balancer, which is not to be chosen by its verdicts. The
    target trained longer is not lengthened yet.
    """
    refuse_other_arms(plan, kept, directory)
    arms, controls, runs = list(plan.arms), list(plan.config.controls), list(plan.runs)
    families = {_arm(entry): entry.family for entry in kept if entry.family}
    if were_shown and kept:
        before = {_arm(entry) for entry in kept}
        number = 1 + max(families.values(), default=0)
        families |= {arm: number for arm in plan.arms[1:] if arm not in before}
    for entry in kept:
        arm = _arm(entry)
        if arm in plan.arms:
            continue
        values = arm_recipe(plan, arm) if arm.is_longer else entry.recipe
        arms.append(arm)
        controls += [name for name in arm.auxiliaries if entry.is_control]
        runs += [
            PlannedRun(arm, seed, share, of_run(again, seed, fold))
            for share in plan.label_fractions
            for again in [_again(values, own_share(arm) or share)]
            for seed in plan.config.all_seeds
            for fold in plan.folds
        ]
    places = {_arm(entry): place for place, entry in enumerate(kept)}
    arms[1:] = sorted(arms[1:], key=lambda arm: places.get(arm, len(places)))
    order = {share: place for place, share in enumerate(plan.label_fractions)}
    runs.sort(
        key=lambda run: (order[run.label_fraction], run.seed, plan.folds.index(run.fold), arms.index(run.arm)),
    )
    config = dataclasses.replace(plan.config, controls=tuple(dict.fromkeys(controls)))
    return dataclasses.replace(plan, config=config, arms=tuple(arms), runs=tuple(runs), families=families)


def refuse_other_arms(plan: Plan, kept: Sequence[Judged], directory: Path) -> None:
    """Raise `InputError` if an arm of the plan was kept with another recipe, or any with none."""
    for entry in kept:
        _check_recipe(entry, directory)
        arm = _arm(entry)
        if arm in plan.arms and not arm.is_longer:  # which has the recipe of the target alone, part of the question
            before, now = (what_matters(values) for values in (entry.recipe, arm_recipe(plan, arm)))
            refuse_another({arm.name: before}, {arm.name: now}, directory)


def _check_recipe(entry: Judged, directory: Path) -> None:
    """Raise `InputError` for a kept recipe that lacks what is compared."""
    parts = [entry.recipe.get(name) for name in ("model", "data", "training")]
    data = entry.recipe.get("data")
    if not all(isinstance(part, Mapping) for part in parts) or not (isinstance(data, Mapping) and "order" in data):
        raise InputError(f"{directory / ABOUT_FILE}: judged holds an arm without a recipe; give another --out")


def refuse_another(kept: Mapping[str, object], asked: Mapping[str, object], directory: Path) -> None:
    """Raise `InputError` naming the first key that differs, what it was and what it is now."""
    for key, (before, now) in differences(*(dict(_flat(values)) for values in (kept, asked))):
        raise InputError(
            f"{directory}: holds a study of another question: {key} was {_given(before)} and is now {_given(now)}; "
            "give another --out"
        )


def _given(value: object) -> object:
    return "not given" if value is None else value


def _arm(entry: Judged) -> Arm:
    return Arm(entry.auxiliaries, entry.is_longer, entry.settings, entry.label)


def _again(values: Mapping[str, object], share: float) -> Recipe:
    data = values["data"]
    assert isinstance(data, dict)
    return parse_recipe({**values, "data": {**data, "label_fraction": share}})


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
