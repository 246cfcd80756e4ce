"""Streams of attention, one per task, along a chain of stages that the tasks share.

Shape legend: ``N`` images, ``B C D`` channels, ``h w`` the size at a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.norms import Norm, norm_layer
from auxseg.models.sharing.sharing import Builder

Resize = Callable[[Tensor], Tensor]


@final
class Attention(nn.Module):
    """A mask in (0, 1) over the channels and pixels of a stage's level.

    1x1 convolution of the stage's ``u`` joined with the task's features (if it has any yet), normalisation, ReLU,
    1x1 convolution, normalisation, sigmoid. The first convolution is split in two, which saves joining.
    """

    def __init__(self, u_channels: int, task_channels: int | None, channels: int, norm: Norm) -> None:
        super().__init__()
        self.from_u = nn.Conv2d(u_channels, channels, 1, bias=False)
        self.from_task = None if task_channels is None else nn.Conv2d(task_channels, channels, 1, bias=False)
        self.hidden_norm = norm_layer(norm, channels)
        self.to_mask = nn.Conv2d(channels, channels, 1, bias=False)
        self.mask_norm = norm_layer(norm, channels)
        initialise_convolutions(self)

    def forward(
        self, u: Float[Tensor, "N C h w"], features: Float[Tensor, "N B h w"] | None
    ) -> Float[Tensor, "N D h w"]:
        """The mask."""
        hidden = self.from_u(u)
        if self.from_task is not None:
            hidden += self.from_task(features)
        hidden = F.relu(self.hidden_norm(hidden), inplace=True)
        return self.mask_norm(self.to_mask(hidden)).sigmoid_()


@final
class TaskStream(nn.Module):
    """What a task has of its own along the chain: an attention per stage, a normalisation behind every shared
    convolution.
    """

    def __init__(self, attentions: Sequence[Attention], norms: Sequence[nn.Module]) -> None:
        super().__init__()
        self.attentions = nn.ModuleList(attentions)
        self.norms = nn.ModuleList(norms)


@final
class Streams(nn.Module):
    """The streams of several tasks; in between stages their features pass through 3x3 convolutions that all share.

    What a shared convolution gives is normalised task by task, by statistics and an affine map of the task's own: batch
    statistics over all tasks would make a task's output depend on which others are computed, and running statistics
    mixed over tasks would fit none of them.

    Tasks take turns. Stacking them along the batch for one convolution, or joining their first 1x1 convolutions, costs
    copies that on a CPU take as long as they save at coarse stages, and longer at fine ones, and more memory.
    """

    def __init__(self, convolutions: Sequence[nn.Conv2d], by_task: Mapping[str, TaskStream]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.by_task = nn.ModuleDict(by_task)
        initialise_convolutions(self.convolutions)

    def stream(self, task: str) -> TaskStream:
        """The task's own part."""
        return cast(TaskStream, self.by_task[task])

    def attend(
        self, task: str, stage: int, u: Float[Tensor, "N C h w"], p: Float[Tensor, "N D h w"], features: Tensor | None
    ) -> Float[Tensor, "N D h w"]:
        """What the task sees of the level ``p``: its mask times it."""
        return self.stream(task).attentions[stage](u, features) * p

    def convolve(
        self, task: str, number: int, features: Float[Tensor, "N C h w"], shrink: Resize | None = None
    ) -> Float[Tensor, "N D _ _"]:
        """The shared convolution, the task's normalisation and ReLU; ``shrink`` pools by the maximum.

        It does so ahead of the ReLU, which changes nothing but the time: both keep the order of values.
        """
        normed = self.stream(task).norms[number](self.convolutions[number](features))
        return F.relu(normed if shrink is None else shrink(normed), inplace=True)


def build_streams(
    builder: Builder,
    chain: str,
    tasks: Iterable[str],
    attentions: Sequence[tuple[int, int | None, int]],
    convolutions: Sequence[tuple[int, int]],
) -> Streams:
    """Streams of these tasks over a chain of this name.

    For every attention the channels of ``u``, of the task's features there (``None`` if there are none) and of the
    mask; for every convolution the channels before and after.
    """
    by_task: dict[str, TaskStream] = {}
    for task in tasks:
        with builder.randomness(f"attention {chain} {task}"):
            masks = [Attention(*channels, builder.norm) for channels in attentions]
            by_task[task] = TaskStream(masks, [norm_layer(builder.norm, channels) for _, channels in convolutions])
    with builder.randomness(f"attention {chain}"):
        shared = [nn.Conv2d(before, after, 3, padding=1, bias=False) for before, after in convolutions]
        return Streams(shared, by_task)
