"""What is decided once for all runs of a study's directory, and kept there."""

from __future__ import annotations

import dataclasses

from auxseg.data.sample import Vocabulary
from auxseg.recipe import Recipe, with_changes
from auxseg.records.about import Choices
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.design.same_compute import longer, same_compute
from auxseg.training.calibrate import Choice


def chosen(choice: Choice, threads: int | None = None) -> Choices:
    """What was measured once, and the threads of each run, as choices for all."""
    return Choices(choice.precision, choice.channels_last, threads)


def complete(choices: Choices, plan: Plan, vocabulary: Vocabulary) -> Choices:
    """The choices with the length of the control same-compute, if the plan has it.

    What was chosen before holds as long as the plan has the arm that it was counted for: arms that were judged stay, so
    what is added later changes nothing.
    """
    if not any(arm.is_longer for arm in plan.arms):
        return choices
    kept = choices.same_compute
    if kept is not None and any(arm_digest(plan, arm) == kept.recipe for arm in plan.arms):
        return choices
    return dataclasses.replace(choices, same_compute=same_compute(plan, vocabulary))


def with_choices(plan: Plan, choices: Choices) -> Plan:
    """What the recipes leave open (precision and memory format) is decided once for all of them."""
    runs = [dataclasses.replace(run, recipe=decided(run.recipe, choices)) for run in plan.runs]
    return dataclasses.replace(plan, runs=tuple(runs))


def decided(recipe: Recipe, choices: Choices) -> Recipe:
    """The recipe with what it leaves open."""
    made = {"precision": choices.precision, "channels_last": choices.channels_last}
    left_open = {key: value for key, value in made.items() if getattr(recipe.training, key) == "auto"}
    return with_changes(recipe, training={key: value for key, value in left_open.items() if value is not None})


def lengthened(plan: Plan, choices: Choices) -> Plan:
    """The plan whose control same-compute is trained for as long as was counted."""
    found = choices.same_compute

    def stretched(run: PlannedRun) -> PlannedRun:
        if not run.arm.is_longer or found is None:
            return run
        return dataclasses.replace(run, recipe=longer(run.recipe, found.factor))

    return dataclasses.replace(plan, runs=tuple(map(stretched, plan.runs)), same_compute=found)
