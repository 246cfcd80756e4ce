"""The recipe that an arm is made of: the base, with the settings that the arm alone has; and what neither may be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, get_args

from auxseg.errors import InputError, nearest
from auxseg.recipe import Recipe, load_recipe, to_values, what_matters
from auxseg.recipe.settings import refuse_replaced
from auxseg.study.design.arm import BALANCER, OWN_SHARE, Arm, is_within
from auxseg.study.design.config import SAME_COMPUTE, StudyConfig
from auxseg.tasks import TaskConfig

CONTROL_KINDS: Final = ("noise", "random-labels")


def check_controls(base: Recipe, study: StudyConfig) -> None:
    """Refuse a control that can be learned from a picture; kinds of plugins are believed."""
    ours = {config.kind for config in get_args(get_args(TaskConfig)[0])}
    for name in study.control_tasks:
        kind = base.tasks[name].kind if name in base.tasks else name
        if kind in ours - set(CONTROL_KINDS):
            raise InputError(
                f"study: controls names {name}, which carries information; expected {', '.join(CONTROL_KINDS)} or "
                f"{SAME_COMPUTE}, and {name} as an auxiliary"
            )


def check_base(base: Recipe, study: StudyConfig) -> None:
    """Refuse what would make arms differ in more than their tasks, and settings that the study decides itself."""
    settings = {setting.partition("=")[0] for setting in study.settings}
    if "seed" in settings:
        raise InputError("study: settings gives a seed, but a study chooses its own; set how many with seeds")
    if "data.label_fraction" in settings and study.label_fractions is not None:
        raise InputError("study: settings gives data.label_fraction together with label_fractions; leave one out")
    if base.data.fold is not None:
        raise InputError(f"study: {study.base} has data.fold {base.data.fold}; set data.fold=null, and folds instead")
    _check_arms(base, study.base)
    for phase in base.training.phases:
        if base.target not in (phase.tasks or (base.target,)):
            raise InputError(
                f"study: {study.base} has a phase {phase.name!r} that does not train {base.target}, so target only "
                "would train nothing in it; set training.phases=[]"
            )
    if base.training.phases and SAME_COMPUTE in study.controls:
        raise InputError(
            f"study: controls names {SAME_COMPUTE}, but {study.base} has training.phases, in which steps differ in "
            "cost; set training.phases=[] or leave the control out"
        )


def _check_arms(base: Recipe, name: str) -> None:
    """Refuse what no arm may have, be it the base's or its own."""
    if base.training.patience is not None:
        raise InputError(
            f"study: {name} has training.patience {base.training.patience}, but arms must have the same number "
            "of steps; set training.patience=null"
        )
    sharing = base.model.sharing
    if sharing.target_reads_auxiliaries:
        raise InputError(
            f"study: {name} has model.sharing.kind {sharing.kind}, in which the target reads the auxiliaries' "
            "encoders, so there is no target only to compare with; set model.sharing.kind to hard, mtan or "
            "cross-stitch and training.phases=[]"
        )


def base_of(arm: Arm, base: Recipe, study: StudyConfig) -> Recipe:
    """The base with the settings that an arm alone has. Raises `InputError` for those that no arm can have."""
    if not arm.settings:
        return base
    for setting in arm.settings:
        key = setting.partition("=")[0]
        if key == OWN_SHARE and len(study.label_fractions or ()) > 1:
            raise InputError(f"study: arm {arm.name}: {key} cannot be combined with several label_fractions")
        if is_within(setting, BALANCER) and not arm.auxiliaries:
            raise InputError(
                f"study: arm {arm.name}: a balancer weighs tasks against each other, and this arm has the target "
                "alone; give it auxiliaries, or name them with balancers"
            )
        section, _, task = key.partition(".")
        name = task.partition(".")[0]
        if section == "tasks" and name not in (base.target, *arm.auxiliaries):
            known = (base.target, *study.names)
            hint = "" if name in known else nearest(name, known)
            raise InputError(
                f"study: arm {arm.name}: {key} is about {name}, which is not a task of this arm{hint}; which tasks are "
                "learned is said by auxiliaries"
            )
    refuse_replaced(arm.settings)
    changed = load_recipe(study.base, [*study.settings, *arm.settings], is_base=True)
    for key, own, common in (  # whatever form the settings have
        ("seed", changed.seed, base.seed),
        ("target", changed.target, base.target),
        ("data.train_on", changed.data.train_on, base.data.train_on),
        ("data.fold", changed.data.fold, base.data.fold),
    ):
        if own != common:
            raise InputError(f"study: arm {arm.name}: {key} must be the same in all arms; leave it out")
    _check_arms(changed, f"arm {arm.name}")
    return changed


def check_weights(recipes: Mapping[tuple[Arm, float], Recipe], study: StudyConfig) -> None:
    """Refuse a loss weight of an auxiliary that no arm learns with a balancer that takes weights."""
    for name in study.weights if study.tune_weights is None else study.names:
        balancers = [recipe.balancer for (arm, _), recipe in recipes.items() if name in arm.auxiliaries]
        if any("weights" in vars(balancer) for balancer in balancers):
            continue
        kinds = sorted({balancer.kind for balancer in balancers})
        key = "weights" if study.tune_weights is None else "tune_weights"
        those = f"balancers {', '.join(kinds)}, which take" if len(kinds) > 1 else f"balancer {kinds[0]}, which takes"
        raise InputError(f"study: {key} cannot be combined with the {those} no weights")


def check_own_settings(recipes: Mapping[tuple[Arm, float], Recipe]) -> None:
    """Refuse settings of an arm that change nothing: it would be compared with itself, or another arm twice."""
    for arm, other in alike(recipes):
        raise InputError(
            f"study: arm {arm.name} is the same as {other.name}: its settings change nothing; leave it out"
        )


def alike(recipes: Mapping[tuple[Arm, float], Recipe]) -> list[tuple[Arm, Arm]]:
    """Arms with settings that are trained in the same way as another one at the same share of the masks, and that."""
    seen: dict[str, Arm] = {}
    found: list[tuple[Arm, Arm]] = []
    for (arm, fraction), recipe in recipes.items():
        values = what_matters(to_values(recipe))
        if len(recipe.tasks) == 1:  # the target alone has one branch, which nothing is merged with
            values["training"].pop("fork_merge", None)
        said = json.dumps([fraction, arm.is_longer, values], sort_keys=True)
        other = seen.setdefault(said, arm)
        if other != arm and (arm.settings or other.settings):
            found.append((arm, other))
    return found
