"""By which recipe an arm is trained: what an earlier choice, ranking or verdict was made for."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from auxseg.recipe import to_values, what_matters
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import Plan


def arm_recipe(plan: Plan, arm: Arm) -> dict[str, Any]:
    """All values that the trainings of an arm have in common: all but the seed, the share of masks and the fold.

    The target trained longer has those of the target alone: how much longer is counted for a directory and kept there.
    """
    source = plan.arms[0] if arm.is_longer else arm
    values = to_values(next(run.recipe for run in plan.runs if run.arm == source))
    del values["seed"], values["data"]["label_fraction"], values["data"]["fold"]
    return values


def arm_digest(plan: Plan, arm: Arm) -> str:
    """The same in short, without what changes no result and what is measured on a machine (precision and format).

    Arms may share a name and be different: another kind of task, other settings of it.
    """
    values = what_matters(arm_recipe(plan, arm))
    del values["training"]["precision"], values["training"]["channels_last"]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def digests(plan: Plan) -> dict[str, str]:
    """By name, the target alone and every auxiliary alone beside it."""
    arms = [arm for arm in plan.arms if not arm.is_longer and len(arm.auxiliaries) < 2]
    return {arm.name: arm_digest(plan, arm) for arm in arms}
