"""Which networks a study trains: arms, seeds and shares of the masks."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from auxseg.counting import count
from auxseg.data.loading.folds import fold_name
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe, parse_recipe, to_values, what_matters, with_changes
from auxseg.records.about import SameCompute, Tuned
from auxseg.records.metrics import At
from auxseg.study.design.arm import BASELINE, Arm, balanced, own_share
from auxseg.study.design.bases import base_of, check_base, check_controls, check_own_settings, check_weights
from auxseg.study.design.config import SAME_COMPUTE, StudyConfig

DEFAULT_WEIGHT: Final = 0.3
"""The loss weight of an auxiliary that neither the study nor its base gives one."""
STEPS_PER_TASK: Final = 25
"""An arm's gradients are looked at once in so many steps for each of its tasks: a look takes about a step per task."""


@final
@dataclass(frozen=True)
class PlannedRun:
    """One training of a study."""

    arm: Arm
    seed: int
    label_fraction: float
    recipe: Recipe

    @property
    def fold(self) -> str | None:
        """The fold that it is tested on, such as ``2/5``; ``None`` for the test split of the store."""
        return self.recipe.data.fold

    @property
    def directory_name(self) -> str:
        """Readable, and different for every recipe, so that a finished run is found again by what it was."""
        digest = hashlib.sha256(json.dumps(what_matters(to_values(self.recipe)), sort_keys=True).encode()).hexdigest()[
            :8
        ]
        fold = "" if self.fold is None else f"-fold{self.fold.replace('/', 'of')}"
        return f"{self.arm.words[:60]}-masks{self.label_fraction:g}-seed{self.seed}{fold}-{digest}"


@final
@dataclass(frozen=True)
class Plan:
    """All trainings of a study, in the order in which they are started: every arm of a seed (and fold) before the next.

    Attributes:
        config: what is asked.
        arms: the baseline first.
        runs: the trainings.
        same_compute: once it is known, how much longer the control of that name is trained, and for which arm.
        tuned: what was chosen on validation, an entry for each arm and share (`auxseg.study.tuning`).
        mirrored: whether test images are measured mirrored too.
        at: at which size the target's masks are compared.
        figure: by which figure of the target arms are judged; empty for its main figure.
        families: of arms that were added after verdicts, how many times some had been before.
    """

    config: StudyConfig
    arms: tuple[Arm, ...]
    runs: tuple[PlannedRun, ...]
    same_compute: SameCompute | None = None
    tuned: Sequence[Tuned] = ()
    mirrored: bool = False
    at: At = "stored"
    figure: str = ""
    families: Mapping[Arm, int] = field(default_factory=dict)

    @property
    def label_fractions(self) -> tuple[float, ...]:
        """The shares of the masks, in the order of the question."""
        return tuple(dict.fromkeys(run.label_fraction for run in self.runs))

    @property
    def folds(self) -> tuple[str | None, ...]:
        """The folds that each seed is trained for, in order; ``None`` alone without cross-fitting."""
        return folds_of(self.config)

    def is_control(self, arm: Arm) -> bool:
        """Whether an arm's auxiliaries can carry no information, or it has none and is trained longer."""
        is_empty = bool(arm.auxiliaries) and set(arm.auxiliaries) <= set(self.config.controls)
        return arm.is_longer or (is_empty and not arm.settings)

    def weights(self, arm: Arm, label_fraction: float | None = None) -> dict[str, float]:
        """The loss weight of each auxiliary of an arm, at one share of the masks if they differ.

        Empty for a balancer that finds weights by itself.
        """
        recipe = next(
            run.recipe for run in self.runs if run.arm == arm and label_fraction in (None, run.label_fraction)
        )
        values = to_values(recipe)
        return {name: _weight(values, name) for name in arm.auxiliaries if "weights" in values["balancer"]}

    def weighting(self, arm: Arm, label_fraction: float | None = None) -> str:
        """How the auxiliaries of an arm are weighted, in words; nothing for the target alone."""
        weights = self.weights(arm, label_fraction)
        if not arm.auxiliaries:
            return ""
        if not weights:
            return f"weighted by {next(run.recipe for run in self.runs if run.arm == arm).balancer.kind}"
        chosen = " (chosen on validation)" if self.tuned else ""
        if len(set(weights.values())) == 1:
            return f"at weight {next(iter(weights.values())):g}{' each' if len(weights) > 1 else ''}{chosen}"
        return f"at weights {', '.join(f'{name} {weight:g}' for name, weight in weights.items())}{chosen}"

    def description(self, arm: Arm) -> str | None:
        """What an arm is, where its name does not say it."""
        if not arm.is_longer:
            return None
        if self.same_compute is None:
            return f"{BASELINE}, trained longer, for the compute of the most expensive arm"
        factor, arm_of = self.same_compute.factor, self.same_compute.arm
        longer = "as long" if f"{factor:g}" == "1" else f"{factor:g} times as long"
        return f"{BASELINE}, trained {longer} (same compute as {arm_of})"


def make_plan(study: StudyConfig) -> Plan:
    """Lay out every training. Raises `InputError` for what cannot be asked for."""
    base = load_recipe(study.base, study.settings, is_base=True)
    check_base(base, study)
    if base.target in (*study.names, *study.controls):
        raise InputError(f"study: {base.target} is the target and cannot be its own auxiliary")
    check_controls(base, study)
    fractions = study.label_fractions or (base.data.label_fraction,)
    if len(set(fractions)) < len(fractions):
        raise InputError("study: label_fractions names a share twice")
    arms = _arms(study)
    if SAME_COMPUTE in study.controls:
        arms.append(Arm(is_longer=True))
    # Checking a recipe builds its network, so that is done once for all seeds.
    recipes = {
        (arm, fraction): _recipe(base_of(arm, base, study), study, arm, fraction)
        for fraction in fractions
        for arm in arms
    }
    check_own_settings(recipes)
    check_weights(recipes, study)
    runs = [
        PlannedRun(arm, seed, fraction, of_run(recipes[arm, fraction], seed, fold))
        for fraction in fractions
        for seed in study.all_seeds
        for fold in folds_of(study)
        for arm in arms
    ]
    return Plan(study, tuple(arms), tuple(runs))


def of_run(recipe: Recipe, seed: int, fold: str | None) -> Recipe:
    """An arm's recipe for one of its trainings."""
    return with_changes(dataclasses.replace(recipe, seed=seed), data={"fold": fold})


def largest(runs: Iterable[PlannedRun]) -> Recipe:
    """The recipe with the most tasks, the first of several: precision is chosen by it for all trainings."""
    return max((run.recipe for run in runs), key=lambda recipe: len(recipe.tasks))


def folds_of(study: StudyConfig) -> tuple[str | None, ...]:
    """The folds that each seed is trained for; ``None`` alone without cross-fitting."""
    if study.folds is None:
        return (None,)
    return tuple(fold_name(number, study.folds) for number in range(1, study.folds + 1))


def _arms(study: StudyConfig) -> list[Arm]:
    """All arms but the control same-compute, the target alone first, none twice."""
    sets = [Arm(subset) for subset in _subsets(study)]
    if study.balancers:
        sets = [sets[0], *(balanced(arm.auxiliaries, kind) for arm in sets[1:] for kind in study.balancers)]
    own = [Arm(each.auxiliaries, settings=each.settings, label=each.name) for each in study.listed_arms]
    controls = [Arm((name,)) for name in study.control_tasks]
    arms = list(dict.fromkeys([*sets, *own, *controls]))
    names = [arm.name for arm in arms]
    for name in names:
        if names.count(name) > 1 or name == SAME_COMPUTE:
            raise InputError(f"study: two arms are named {name!r}; give each a name of its own")
    return arms


def _subsets(study: StudyConfig) -> Iterable[tuple[str, ...]]:
    """The sets of auxiliaries without settings of their own, the empty one first."""
    names = study.names
    each = [(name,) for name in names]
    if study.arms is not None or not names:
        sets = [()]
    elif study.design == "all-subsets":
        sets = [subset for size in range(len(names) + 1) for subset in itertools.combinations(names, size)]
    elif study.design == "each":
        sets = [(), *each]
    elif study.design == "together":
        sets = [(), tuple(names)]
    else:
        sets = [(), *each, tuple(names), *(tuple(other for other in names if other != name) for name in names)]
    return sets


def _recipe(base: Recipe, study: StudyConfig, arm: Arm, fraction: float) -> Recipe:
    """The base with the arm's tasks alone. Whatever else differs between arms would be confounded with them."""
    values = to_values(base)
    tasks, weights = values["tasks"], {base.target: _weight(values, base.target)}
    values["tasks"] = {name: tasks[name] if name == base.target else False for name in tasks}
    for name in sorted(arm.auxiliaries):  # the order of tasks is part of the bits
        values["tasks"][name] = tasks.get(name, {"kind": name})
        weights[name] = study.weights.get(name, _weight(values, name) if name in tasks else DEFAULT_WEIGHT)
    if "weights" in values["balancer"]:
        values["balancer"]["weights"] = weights
    is_forked = values["training"]["fork_merge"] is not None  # its branches have one auxiliary each
    if arm.auxiliaries and values["training"]["watch"] is None and not is_forked:
        values["training"]["watch"] = STEPS_PER_TASK * (1 + len(arm.auxiliaries))
    values["data"]["label_fraction"] = own_share(arm) or fraction
    return parse_recipe(values, f"study: {'arms: ' if study.arms or arm.settings else ''}{arm.name}")


def _weight(values: Mapping[str, Any], task: str) -> float:
    return values["balancer"].get("weights", {}).get(task, 1.0)


def describe(plan: Plan) -> Sequence[str]:
    """The plan in words, a line per arm."""
    seeds = count(plan.config.seeds, "seed")
    if plan.config.folds is not None:
        seeds += f", {count(plan.config.folds, 'fold')} each"
    lines = []
    for arm in plan.arms:
        weighting = plan.weighting(arm)
        if arm.auxiliaries and plan.config.tune_weights is not None:
            weighting = f"weight out of {', '.join(f'{weight:g}' for weight in plan.config.tune_weights)}"
        said = plan.description(arm) or weighting
        lines.append(f"{arm.name}{f' ({said})' if said else ''}: {seeds}")
    if plan.label_fractions != (1.0,):
        lines.append(
            f"each of them with {', '.join(f'{100 * share:g}%' for share in plan.label_fractions)} of the masks"
        )
    if plan.config.tune_weights is not None:
        tries = f"{len(plan.config.tune_weights)} tries for each arm and for {BASELINE}"
        lines.append(f"before that, on validation: {tries}, {count(plan.config.tuning_seeds, 'seed')} each")
    return lines
