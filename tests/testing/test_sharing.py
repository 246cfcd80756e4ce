"""Sharing schemes that break a rule are caught, each by the rule's own sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import pytest
import torch
from torch import Tensor, nn

from auxseg.models.sharing import Builder, HardSharing, HardSharingConfig
from auxseg.testing import check_sharing

OURS = HardSharing.forward


def mixes(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    """Every task is moved by how many others are computed beside it."""
    return {task: output + len(tasks) for task, output in OURS(scheme, image, tasks).items()}


def sees_the_batch(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    return {task: output + output.mean() for task, output in OURS(scheme, image, tasks).items()}


def reads_anothers_head(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    outputs = OURS(scheme, image, tasks)
    others = sum(p.sum() for p in scheme.task_parameters("classification"))
    return {task: output + others if task == "box" else output for task, output in outputs.items()}


def gives_all(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    return OURS(scheme, image, list(scheme.branches()))


def shrinks(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    return {task: out[..., ::2] if out.ndim == 4 else out for task, out in OURS(scheme, image, tasks).items()}


def stops_gradients(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    with torch.no_grad():
        pyramid = scheme.encoder(image)
    return {task: scheme.by_task[task](pyramid) for task in tasks}


def draws(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
    outputs = OURS(scheme, image, tasks)
    return {task: output * torch.rand(()) if scheme.training else output for task, output in outputs.items()}


def drops_a_task(scheme: HardSharing) -> dict[str, nn.Module]:
    return {task: branch for task, branch in scheme.by_task.items() if task != "box"}


def forgets(scheme: HardSharing) -> list[nn.Parameter]:
    return list(scheme.encoder.parameters())[1:]


def claims_a_head(scheme: HardSharing) -> list[nn.Parameter]:
    return [*scheme.encoder.parameters(), *scheme.task_parameters("box")]


@final
@dataclass(frozen=True)
class Broken:
    """Hard sharing with one method of another kind."""

    method: str
    other: Callable[..., object]

    def build(self, builder: Builder) -> HardSharing:
        scheme = HardSharingConfig().build(builder)
        scheme.__class__ = type("Broken", (HardSharing,), {self.method: self.other})
        return scheme


@pytest.mark.parametrize(
    ("method", "other", "rule"),
    [
        ("forward", mixes, "a task's output does not depend on which others are computed"),
        ("forward", sees_the_batch, "in evaluation an image does not see the others of its batch"),
        ("forward", reads_anothers_head, "a task moves no parameter that belongs to another"),
        ("forward", gives_all, "only the outputs of the tasks that are asked for are given"),
        ("forward", shrinks, "outputs have the size that tasks ask for"),
        ("forward", stops_gradients, "every parameter is reached by the gradient of a task"),
        ("forward", draws, "computing twice with the same seed gives the same bits"),
        ("branches", drops_a_task, "every task has a branch"),
        ("shared_parameters", forgets, "every parameter is shared or belongs to one task"),
        ("shared_parameters", claims_a_head, "no parameter has two owners"),
    ],
)
def test_a_broken_scheme_is_caught(method: str, other: Callable[..., object], rule: str) -> None:
    with pytest.raises(AssertionError, match=f"^Broken: {rule}$"):
        check_sharing(Broken(method, other))


@final
class HidesANumber:
    """What it draws is no part of the network's state."""

    def build(self, builder: Builder) -> HardSharing:
        with builder.randomness("hidden"):
            hidden = torch.rand(())

        def scaled(scheme: HardSharing, image: Tensor, tasks: Sequence[str]) -> dict[str, Tensor]:
            return {task: output * hidden for task, output in OURS(scheme, image, tasks).items()}

        return Broken("forward", scaled).build(builder)


@final
class IgnoresTheSeed:
    """Draws every weight anew, from a stream of its own."""

    def build(self, builder: Builder) -> HardSharing:
        scheme, stream = HardSharingConfig().build(builder), torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in scheme.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=stream) * 0.2)
        return scheme


def test_a_scheme_whose_state_is_not_whole_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"^Broken: a network whose weights are loaded gives the same bits$"):
        check_sharing(HidesANumber())


def test_a_scheme_that_ignores_the_seed_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"^HardSharing: another seed gives other weights$"):
        check_sharing(IgnoresTheSeed())
