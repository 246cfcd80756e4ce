"""Arms with settings of their own that cannot be paired with the target alone in every respect, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auxseg.data.augment import AugmentConfig
from auxseg.recipe import Recipe, to_values
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import Plan


def unlike(plan: Plan) -> tuple[str, ...]:
    """What else than its named settings tells an arm from the target alone, a sentence each."""
    recipes = {run.arm: run.recipe for run in reversed(plan.runs)}
    alone = recipes[plan.arms[0]]
    return tuple(said for arm in plan.arms if arm.settings for said in _unlike(arm, recipes[arm], alone))


def _unlike(arm: Arm, recipe: Recipe, alone: Recipe) -> Iterator[str]:
    if recipe.data.size != alone.data.size:
        yield f"{arm.name}: images have another size, so the same image is compared, but not the same pixels."
    if _begins_as(recipe) != _begins_as(alone):
        yield (
            f"{arm.name}: another network or other initial weights, so a seed pairs the order of the data and not the "
            "initial weights."
        )
    if _augmentation(recipe) != _augmentation(alone) and recipe.data.augment == alone.data.augment:
        yield f"{arm.name}: its augmentation differs too, because data.augment is auto, which depends on the weights."


def _begins_as(recipe: Recipe) -> dict[str, Any]:
    """What the network's first state depends on beside the seed: a refinement starts at zero."""
    return {**to_values(recipe)["model"], "refine_by": None}


def _augmentation(recipe: Recipe) -> AugmentConfig:
    return recipe.data.augmentation(pretrained=recipe.model.weights != "none")
