"""What is decided once for all runs of a study's directory, and kept there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from auxseg.data.sample import Vocabulary
from auxseg.recipe import Recipe, with_changes
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.design.same_compute import longer, same_compute


def complete(choices: Mapping[str, Any], plan: Plan, vocabulary: Vocabulary) -> dict[str, Any]:
    """The choices with the length of the control same-compute, if the plan has it.

    What was chosen before holds as long as the plan has the arm that it was counted for: arms that were judged stay, so
    what is added later changes nothing.
    """
    if not any(arm.is_longer for arm in plan.arms):
        return dict(choices)
    kept = choices.get("same_compute")
    if kept is not None and any(arm_digest(plan, arm) == kept.get("recipe") for arm in plan.arms):
        return dict(choices)
    return {**choices, "same_compute": same_compute(plan, vocabulary)}


def with_choices(plan: Plan, choices: Mapping[str, Any]) -> Plan:
    """What the recipes leave open (precision and memory format) is decided once for all of them."""
    runs = [dataclasses.replace(run, recipe=decided(run.recipe, choices)) for run in plan.runs]
    return dataclasses.replace(plan, runs=tuple(runs))


def decided(recipe: Recipe, choices: Mapping[str, Any]) -> Recipe:
    """The recipe with what it leaves open."""
    keys = [key for key in ("precision", "channels_last") if getattr(recipe.training, key) == "auto"]
    return with_changes(recipe, training={key: choices[key] for key in keys if key in choices})


def lengthened(plan: Plan, choices: Mapping[str, Any]) -> Plan:
    """The plan whose control same-compute is trained for as long as was counted."""
    found = choices.get("same_compute")

    def stretched(run: PlannedRun) -> PlannedRun:
        if not run.arm.is_longer or found is None:
            return run
        return dataclasses.replace(run, recipe=longer(run.recipe, found["factor"]))

    return dataclasses.replace(plan, runs=tuple(map(stretched, plan.runs)), same_compute=found)
