"""How much computing a training takes: counted, so that every machine finds the same number.

A step's floating point operations are those of the convolutions and matrix products in one forward and backward pass of
all tasks, with a pass of its own for every view, and in the forward passes of a teacher, on tensors that have shapes
but no values. A balancer that combines gradients is counted with its backward passes: one per task through all that the
task reaches, or with the scope ``features`` one per task down to the features and one through the encoder. So is a
weighting that takes a pass per task where ``training.accumulate`` cuts a step into parts. Of a recipe that forks all
branches are counted, and not the validations by which they are merged. What is cheap beside them (normalisation,
activations, losses, the optimiser, augmentation) is not counted, and neither are looks at gradients and validations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from auxseg.balancing import CombiningConfig
from auxseg.data.sample import Vocabulary
from auxseg.models import Network, outline
from auxseg.models.features import encoder_parameters, features_cut
from auxseg.recipe import Recipe, build_tasks, trained_together, with_changes
from auxseg.records.about import SameCompute
from auxseg.study.design.arm import BALANCER, FORK, Arm, is_within
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan
from auxseg.tasks import Task
from auxseg.tasks.views import by_view

_NUM_IMAGES: Final = 2
"""As few as batch normalisation takes; the count is proportional to their number."""


def flops_per_image(recipe: Recipe, vocabulary: Vocabulary) -> int:
    """Operations of one training step, per image of the batch, at the recipe's size or else the vocabulary's."""
    tasks = build_tasks(recipe, vocabulary)
    branches = [{name: tasks[name] for name in names} for names in trained_together(recipe)]
    return sum(_flops_per_image(recipe, vocabulary, tasks, trained) for trained in branches)


def _flops_per_image(
    recipe: Recipe, vocabulary: Vocabulary, tasks: Mapping[str, Task], trained: Mapping[str, Task]
) -> int:
    """Those of the losses of ``trained`` on the network of all tasks."""
    model = dataclasses.replace(recipe.model, checkpointing=False)  # what is computed again would count twice
    outputs = {name: task.output for name, task in tasks.items()}
    network = outline(model, outputs, recipe.target, len(vocabulary.channels))
    size = recipe.data.input_size(recipe.data.size or vocabulary.size)
    images = torch.zeros(_NUM_IMAGES, network.in_channels, *size, device="meta")
    formulas = {torch.ops.aten.convolution_backward: _convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        made: list[Tensor] = []
        cut: list[Tensor] = []
        # Of a step in parts the encoder is passed backwards once per task after all.
        is_whole = recipe.training.accumulate == 1
        is_cut = isinstance(recipe.balancer, CombiningConfig) and recipe.balancer.scope == "features" and is_whole
        with features_cut(network, made, cut) if is_cut else nullcontext():
            given = [out for names in by_view(trained.values()).values() for out in network(images, names).values()]
        _pass_backwards([out.sum() for out in given], cut, network, recipe)
        if made:
            torch.autograd.backward(made, [torch.zeros_like(each) for each in made])
        heads = {network.head_of(name) for name, task in trained.items() if task.needs_teacher}
        with torch.no_grad():
            for names in by_view(tasks[head] for head in sorted(heads)).values():
                network(images, names)
    return counter.get_total_flops() // _NUM_IMAGES


def _pass_backwards(losses: Sequence[Tensor], cut: Sequence[Tensor], network: Network, recipe: Recipe) -> None:
    """As the recipe's balancer does, down to the features if they are cut off."""
    if len(losses) < 2 or not _keeps_apart(recipe):
        torch.stack([*losses]).sum().backward()
        return
    encoder = {id(parameter) for parameter in encoder_parameters(network)} if cut else set()
    behind = [each for each in network.parameters() if each.requires_grad and id(each) not in encoder]
    for loss in losses:
        loss.backward(inputs=[*cut, *behind], retain_graph=True)


def _keeps_apart(recipe: Recipe) -> bool:
    """Whether a step takes a backward pass per task."""
    if isinstance(recipe.balancer, CombiningConfig):
        return True
    balancer = recipe.balancer.build(tuple(recipe.tasks), recipe.target, recipe.seed)
    return balancer.keeps_apart(recipe.training.accumulate)


def same_compute(plan: Plan, vocabulary: Vocabulary) -> SameCompute:
    """How many times as long the target alone is trained for the computing of the most expensive arm, which is named.

    Controls do not count, and neither do arms with settings of their own, but for another balancer and for branches.
    The factor is rounded to thousandths; ``recipe`` tells the arm from others of its name.
    """
    recipes = {run.arm: run.recipe for run in plan.runs if not (plan.is_control(run.arm) or _is_of_its_own(run.arm))}
    flops = {arm: flops_per_image(recipe, vocabulary) for arm, recipe in recipes.items()}
    most_expensive = max(flops, key=lambda arm: flops[arm])
    factor = round(flops[most_expensive] / flops[plan.arms[0]], 3)
    return SameCompute(arm=most_expensive.name, recipe=arm_digest(plan, most_expensive), factor=factor)


def _is_of_its_own(arm: Arm) -> bool:
    return any(not is_within(setting, BALANCER, FORK) for setting in arm.settings)


def longer(recipe: Recipe, factor: float) -> Recipe:
    """The recipe with so many times the steps, or epochs; schedules that know a run's length stretch with it."""
    steps, epochs = recipe.training.steps, recipe.training.epochs
    if steps is not None:
        return with_changes(recipe, training={"steps": round(steps * factor)})
    assert epochs is not None
    return with_changes(recipe, training={"epochs": epochs * factor})


def _convolution_backward(
    gradient: Sequence[int], images: Sequence[int], filters: Sequence[int], *settings: Any, **_: Any
) -> int:
    """Each of the two gradients, by the input and by the filters, takes what the forward pass took.

    PyTorch's own formula multiplies that of the filters by the number of groups.
    """
    transposed, wanted = settings[4], settings[7]
    forward = conv_flop_count(list(images), list(filters), list(gradient), transposed=transposed)
    return forward * sum(wanted[:2])
