"""What a recipe may not hold, although each of its values is valid by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from auxseg.data.layers import LayerForm, MapForm
from auxseg.data.loading.folds import parse_fold
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.models import Network, outline
from auxseg.recipe.balancer_checks import (
    check_balancer,
    check_features,
    check_features_of_phases,
    is_always_frozen,
)
from auxseg.recipe.building import build_tasks
from auxseg.recipe.fork_checks import check_fork, check_forked_tasks
from auxseg.recipe.recipe import Recipe, trained_together
from auxseg.records.values.size import Size
from auxseg.tasks import Task
from auxseg.tasks.plugins import is_registered
from auxseg.tasks.views import untiled, whole_alone
from auxseg.training.phases import check_lengths, check_phases, in_steps
from auxseg.training.schedule import PlateauConfig
from auxseg.training.teacher import teacher_decay

MAX_PARAMETERS: Final = 2_000_000_000
"""Training takes about 20 bytes for each: its weight, gradient, average, and two moments."""

_LOSS_OF: Final = {"focal_gamma": "focal", "tversky_alpha": "tversky", "tversky_beta": "tversky", "ohem_share": "ohem"}


def check_values(recipe: Recipe, origin: str) -> None:
    """Raise `InputError`, naming ``origin``, for values that cannot stand beside each other."""
    for name in recipe.tasks:
        if not re.fullmatch(r"\w[\w-]*", name):  # files and columns are called after it
            raise InputError(f"{origin}: tasks: a name may hold letters, digits, '_' and '-', unlike {name!r}")
    if recipe.target not in recipe.tasks:
        raise InputError(f"{origin}: target is {recipe.target!r}, but the tasks are {', '.join(recipe.tasks)}")
    if recipe.data.fold is not None:
        try:
            parse_fold(recipe.data.fold)
        except InputError as error:
            raise InputError(f"{origin}: {error}") from None
    check_balancer(recipe, origin)
    check_fork(recipe, origin)
    _check_validation(recipe, origin)
    training = recipe.training
    if recipe.data.target_per_batch is not None and recipe.data.target_per_batch > training.batch:
        found = recipe.data.target_per_batch
        raise InputError(f"{origin}: data.target_per_batch is {found}, more than the batch of {training.batch}")
    crop, size = recipe.data.crop, recipe.data.size
    if crop is not None and size is not None and crop.size > size.shorter:
        raise InputError(
            f"{origin}: data.crop.size is {crop.size}, larger than the images of data.size={size} that windows are cut "
            f"from; set data.crop.size to at most {size.shorter}, or data.size higher"
        )
    if (training.steps is None) == (training.epochs is None):
        found = "neither" if training.steps is None else "both"
        raise InputError(f"{origin}: training needs either steps or epochs, found {found}")
    if training.accumulate > training.batch:
        raise InputError(
            f"{origin}: training.accumulate is {training.accumulate}, more than the batch of {training.batch}"
        )


def _check_layer_of_target(recipe: Recipe, target: Task) -> None:
    """Refuse what would go by the data's mask, where the target learns another layer."""
    if not target.layers:
        return
    why = f"goes by the data's mask, but the target {recipe.target} reads another layer"
    for name, task in recipe.tasks.items():
        if getattr(task, "goes_by_mask", False):  # it trains the head or decoder by the mask, or knows its classes
            raise InputError(f"tasks.{name} {why}; leave it out by tasks.{name}=off")
    for key, is_set in (
        ("label_fraction", recipe.data.label_fraction < 1),
        ("target_per_batch", recipe.data.target_per_batch is not None),
    ):
        if is_set:
            raise InputError(f"data.{key} {why}; leave it out")


def check_model(recipe: Recipe, origin: str) -> None:
    """Build the tasks and the network on paper, and see that the phases fit them."""
    phases, steps = recipe.training.phases, recipe.training.steps
    try:
        tasks, network = _tasks_on_paper(recipe), None
        if tasks is not None:
            _check_layer_of_target(recipe, tasks[recipe.target])
            network = outline(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.target)
            _check_size(network, len(trained_together(recipe)))
            check_forked_tasks(recipe, tasks)
            _check_crop(recipe, tasks, network)
            check_features(recipe, tasks)
            teacher_decay(tasks.values(), recipe.training.average)
        _check_has_phases(recipe)
        check_lengths(phases)
        if steps is not None:
            in_steps(phases, steps)
        if network is not None:
            check_phases(phases, network, recipe.target)
            check_features_of_phases(recipe, network)
            _check_frozen(recipe, network)
    except InputError as error:
        raise InputError(f"{origin}: {error}") from None


def _check_frozen(recipe: Recipe, network: Network) -> None:
    """Refuse to freeze what nobody has trained, and what leaves nothing to compare or to combine."""
    encoder, unfrozen = recipe.model.encoder, any(phase.unfreeze for phase in recipe.training.phases)
    key = next((key for key in ("freeze", "lora") if getattr(encoder, key) is not None), None)
    if key is not None and recipe.model.weights == "none":
        raise InputError(
            f"model.encoder.{key} keeps weights of the encoder as they are, and model.weights=none makes them random; "
            f"set model.weights to a file or to timm, or model.encoder.{key} to null"
        )
    if encoder.freeze == "all" and not unfrozen and len(network.sharing.encoders()) > 1:
        raise InputError(
            f"model.encoder.freeze=all makes the encoders of all tasks the same, so {recipe.model.sharing.kind} has "
            "nothing to combine; set model.sharing.kind to hard, or freeze a number of first stages"
        )
    shared = network.shared_parameters()
    if recipe.training.watch and shared and not unfrozen and not any(each.requires_grad for each in shared):
        raise InputError(
            "training.watch compares the gradients of tasks on what they share, and model.encoder.freeze leaves "
            "nothing shared that learns; set training.watch to null, or freeze a number of first stages"
        )


def _check_crop(recipe: Recipe, tasks: Mapping[str, Task], network: Network) -> None:
    """Refuse windows for tasks that are not answered tile by tile, and of a size that the network does not take."""
    crop = recipe.data.crop
    if crop is None:
        return
    if why := untiled(tasks[recipe.target]):
        raise InputError(f"data.crop: {why}; leave data.crop out")
    for name, task in tasks.items():
        if why := whole_alone(task):
            raise InputError(f"data.crop: {why}; leave data.crop out, or the task by tasks.{name}=off")
    if crop.size < network.stride or network.image_size not in (None, crop.size):
        expected = f"at least {network.stride}" if network.image_size is None else str(network.image_size)
        raise InputError(
            f"data.crop.size is {crop.size}, but the encoder takes images of {expected} pixels; set data.crop.size to "
            f"{network.image_size or network.stride}"
        )


def _check_size(network: Network, copies: int) -> None:
    """Refuse a network of which no memory holds so many copies, before any is taken."""
    total = copies * sum(network.parts().values())
    if total > MAX_PARAMETERS:
        those = "the network would have" if copies == 1 else f"{copies} branches of the network would have"
        raise InputError(
            f"model: {those} {total:,} parameters, expected at most {MAX_PARAMETERS:,}; set model.width "
            "or the numbers of channels lower"
        )


def _check_has_phases(recipe: Recipe) -> None:
    """Refuse stages that would be one, because nothing says what is trained when."""
    sharing = recipe.model.sharing
    if sharing.needs_phases and not recipe.training.phases:
        others = ", ".join(name for name in recipe.tasks if name != recipe.target)
        raise InputError(
            f"model.sharing: {sharing.kind} trains the auxiliaries first and needs training.phases, found none; "
            f"set, for example, training.phases=[{{name: auxiliaries, share: 0.5, tasks: [{others}]}}, "
            f"{{name: target, tasks: [{recipe.target}]}}]"
        )


def _tasks_on_paper(recipe: Recipe) -> dict[str, Task] | None:
    """The tasks, for data that have what the recipe asks for; `None` if a user's own task asks for more."""
    vocabulary, is_known = _stand_in(recipe), True
    for name, settings in recipe.tasks.items():
        try:
            settings.build(name, vocabulary)
        except InputError:
            if not is_registered(settings):
                raise
            is_known = False
    return build_tasks(recipe, vocabulary) if is_known else None


def _stand_in(recipe: Recipe) -> Vocabulary:
    """The vocabulary of data that have every label the recipe asks for, one value of which is a mask class.

    And every mask class that the recipe names, with one that it does not name where it gives all of them no weight.
    """
    settings = [getattr(task, "class_weights", None) for task in recipe.tasks.values()]
    weights = [each for each in settings if isinstance(each, Mapping)]
    named = dict.fromkeys(name for each in weights for name in each)
    others = [name for name in ("background", "object", "") if name not in named]  # three, since two may be named
    num_others = max(2 - len(named), int(any(not any(each.values()) for each in weights)))
    classes = (*others[:num_others], *named)
    labels = {getattr(task, "label", None) or "label": (classes[-1], "other") for task in recipe.tasks.values()}
    counts = dict.fromkeys(labels, (1, 1))
    size = recipe.data.size or Size(256, 256)
    return Vocabulary(size, classes, labels, counts=counts, layers=_stand_in_layers(recipe))


def _stand_in_layers(recipe: Recipe) -> dict[str, LayerForm]:
    """A layer for every task that reads one. A task that reads any map (no ``reads``) leaves others the choice."""
    reading = [(name, task) for name, task in recipe.tasks.items() if hasattr(task, "layer")]
    layers: dict[str, LayerForm] = {}
    for name, task in sorted(reading, key=lambda each: not hasattr(each[1], "reads")):
        layers.setdefault(getattr(task, "layer", None) or f"layer of {name}", getattr(task, "reads", MapForm()))
    return layers


def _check_validation(recipe: Recipe, origin: str) -> None:
    if recipe.data.train_on != "train":
        refuse_waiting(recipe, origin, f"data.train_on={recipe.data.train_on} leaves none")


def refuse_waiting(recipe: Recipe, origin: str, why: str) -> None:
    """Raise `InputError` if the recipe waits for validations, of which ``why`` says that there are none."""
    schedule, patience = recipe.training.schedule, recipe.training.patience
    why = f"which waits for validations, and {why}"
    if isinstance(schedule, PlateauConfig) and schedule.drop < 1:
        raise InputError(f"{origin}: training.schedule.kind is 'plateau', {why}; set training.schedule.kind=cosine")
    if recipe.training.fork_merge is not None:
        raise InputError(f"{origin}: training.fork_merge is set, {why}; set training.fork_merge=null")
    if patience is not None:
        raise InputError(f"{origin}: training.patience is {patience}, {why}; set training.patience=null")


def refuse_without_effect(recipe: Recipe, given: Sequence[str]) -> None:
    """Raise `InputError` for a setting that says nothing because of another."""
    if "data.block" in given and recipe.data.order != "blocks":
        raise InputError("--set data.block changes nothing, because data.order is shuffled; set data.order=blocks too")
    if "training.optimizer.pretrained_rate" in given and recipe.model.weights == "none":
        raise InputError(
            "--set training.optimizer.pretrained_rate changes nothing, because model.weights is none; set "
            "model.weights to a file or to timm too"
        )
    if "training.optimizer.pretrained_rate" in given and is_always_frozen(recipe):
        raise InputError(
            "--set training.optimizer.pretrained_rate changes nothing, because model.encoder keeps its pretrained "
            "weights as they are; set model.encoder.freeze or model.encoder.lora to null too"
        )
    for key in given:
        _refuse_setting_of_another_loss(recipe, key)


def _refuse_setting_of_another_loss(recipe: Recipe, key: str) -> None:
    """Refuse a setting of a loss that its task does not have."""
    section, _, rest = key.partition(".")
    name, _, setting = rest.partition(".")
    loss, losses = _LOSS_OF.get(setting), getattr(recipe.tasks.get(name), "losses", None)
    if section == "tasks" and loss is not None and losses is not None and loss not in losses:
        raise InputError(
            f"--set {key} changes nothing, because the losses of {name} are {', '.join(losses)}; set "
            f"tasks.{name}.losses.{loss} too"
        )
