"""What the settings of a balancer may not be, beside the rest of a recipe."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.errors import InputError, nearest
from auxseg.models import Network
from auxseg.models.features import encoder_parameters
from auxseg.recipe.recipe import Recipe
from auxseg.tasks import Task
from auxseg.training.phases import trained_parameters


def check_balancer(recipe: Recipe, origin: str) -> None:
    """Raise `InputError`, naming ``origin``, for what its values cannot be."""
    settings = vars(recipe.balancer)
    for key, by_task in settings.items():
        strangers = [name for name in by_task if name not in recipe.tasks] if isinstance(by_task, dict) else []
        if strangers:
            hint = nearest(strangers[0], recipe.tasks)
            raise InputError(
                f"{origin}: balancer.{key} names {strangers[0]!r}, which is not a task of this recipe{hint}"
            )
    if isinstance(recipe.balancer, CombiningConfig):
        try:
            recipe.balancer.check(tuple(recipe.tasks))
        except InputError as error:
            raise InputError(f"{origin}: {error}") from None
        _check_balanced_phases(recipe, recipe.balancer, origin)
    sharing = recipe.model.sharing.kind
    if settings.get("scope") == "features" and sharing != "hard":
        raise InputError(
            f"{origin}: balancer.scope is 'features', but with model.sharing.kind={sharing} tasks share more than the "
            "features of one encoder; set balancer.scope=shared"
        )
    if settings.get("weights", {}).get(recipe.target) == 0:
        raise InputError(f"{origin}: balancer.weights gives the target {recipe.target!r} no weight")
    if recipe.target in settings.get("gate", {}):
        raise InputError(f"{origin}: balancer.gate names the target {recipe.target!r}, which cannot be left out")


def check_features(recipe: Recipe, tasks: Mapping[str, Task]) -> None:
    """Refuse gradients at the encoder's features where they tell nothing: of other pictures, or of a frozen encoder."""
    if vars(recipe.balancer).get("scope") != "features":
        return
    others = [name for name, task in tasks.items() if task.view != tasks[recipe.target].view]
    if others:
        raise InputError(
            f"balancer.scope is 'features', but {others[0]} looks at another picture than {recipe.target}, so they "
            "have no features in common; set balancer.scope=shared"
        )
    if is_always_frozen(recipe) and recipe.model.encoder.lora is None:
        raise InputError(
            "balancer.scope is 'features', but the encoder is frozen, so no gradient reaches them; set "
            "balancer.scope=shared"
        )


def check_features_of_phases(recipe: Recipe, network: Network) -> None:
    """Refuse gradients at the encoder's features in a phase of several tasks that does not train the encoder."""
    if vars(recipe.balancer).get("scope") != "features":
        return
    encoder = {id(parameter) for parameter in encoder_parameters(network)}
    for phase in recipe.training.phases:
        num_tasks = len(network.tasks if phase.tasks is None else phase.tasks)
        if num_tasks > 1 and not any(id(each) in encoder for each in trained_parameters(phase, network)):
            raise InputError(
                f"balancer.scope is 'features', but phase {phase.name!r} of training.phases does not train the "
                "encoder, so no gradient reaches them there; set balancer.scope=shared, or train the encoder in it"
            )


def is_always_frozen(recipe: Recipe) -> bool:
    """Whether pretrained weights of the encoder never change."""
    encoder = recipe.model.encoder
    unfrozen = any(phase.unfreeze for phase in recipe.training.phases)
    return not unfrozen and (encoder.freeze == "all" or encoder.lora is not None)


def _check_balanced_phases(recipe: Recipe, balancer: CombiningConfig, origin: str) -> None:
    for phase in recipe.training.phases:
        try:
            balancer.check([task for task in phase.tasks or recipe.tasks if task in recipe.tasks])
        except InputError as error:
            raise InputError(f"{origin}: in phase {phase.name!r} of training.phases, {error}") from None
