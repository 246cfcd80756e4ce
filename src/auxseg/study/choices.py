"""What is decided once for all runs of a study's directory, and kept there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from auxseg.data.sample import Vocabulary
from auxseg.recipe import with_changes
from auxseg.study.compute import longer, same_compute
from auxseg.study.plan import Plan, PlannedRun


def complete(choices: Mapping[str, Any], plan: Plan, vocabulary: Vocabulary) -> dict[str, Any]:
    """The choices with the length of the control same-compute, if the plan has it and it was not chosen before."""
    if "same_compute" in choices or not any(arm.is_longer for arm in plan.arms):
        return dict(choices)
    return {**choices, "same_compute": same_compute(plan, vocabulary)}


def with_choices(plan: Plan, choices: Mapping[str, Any]) -> Plan:
    """What the recipes leave open is decided once for all of them."""
    found = choices.get("same_compute")

    def decided(run: PlannedRun) -> PlannedRun:
        keys = [key for key in ("precision", "channels_last") if getattr(run.recipe.training, key) == "auto"]
        recipe = with_changes(run.recipe, training={key: choices[key] for key in keys if key in choices})
        if run.arm.is_longer and found is not None:
            recipe = longer(recipe, found["factor"])
        return dataclasses.replace(run, recipe=recipe)

    return dataclasses.replace(plan, runs=tuple(decided(run) for run in plan.runs), same_compute=found)
