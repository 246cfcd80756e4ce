"""Side outputs: maps from the coarser steps of a decoder, by a 1x1 convolution at each.

So a loss can reach hidden layers directly: Lee, Xie, Gallagher, Zhang, Tu, "Deeply-Supervised Nets", AISTATS 2015,
https://arxiv.org/abs/1409.5185. See `auxseg.tasks.reuse.deep_supervision`.

Shape legend: ``N`` images, ``K`` channels of all maps, ``H W`` the input size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models.branch import Branch, DenseBranch
from auxseg.models.decoders import Decoder
from auxseg.models.initialise import initialise_output, own_randomness
from auxseg.tasks.task import Output, SideOutputs


@final
class SideHead(nn.Module):
    """A 1x1 convolution at each of the last steps of a decoder but the very last, fine to coarse."""

    def __init__(self, step_channels: Sequence[int], output: SideOutputs) -> None:
        super().__init__()
        coarser = step_channels[-2::-1][: output.num]
        self.logits = nn.ModuleList(nn.Conv2d(channels, output.form.channels, 1) for channels in coarser)
        for layer in self.logits:
            initialise_output(cast(nn.Conv2d, layer))

    def forward(self, steps: Sequence[Float[Tensor, "N _ _ _"]]) -> Float[Tensor, "N K H W"]:
        """The maps of a decoder's steps, coarse to fine, each enlarged to the size of the last step."""
        size = steps[-1].shape[-2:]
        coarser = steps[-2::-1][: len(self.logits)]
        maps = [layer(features) for layer, features in zip(self.logits, coarser, strict=True)]
        return torch.cat([F.interpolate(each, size=size, mode="bilinear") for each in maps], 1)


def build_side_heads(
    outputs: Mapping[str, Output], reads: Mapping[str, str], branches: Mapping[str, Branch], seed: int
) -> dict[str, SideHead]:
    """The head of every task that asks for side outputs of the task that it ``reads``.

    Raises `InputError` if that task has no decoder of its own, or one of a single step.
    """
    heads: dict[str, SideHead] = {}
    for task, output in outputs.items():
        if isinstance(output, SideOutputs):
            decoder = _own_decoder(task, reads[task], branches[reads[task]])
            with own_randomness(seed, f"head {task}"):
                heads[task] = SideHead(decoder.step_channels, output)
    return heads


def _own_decoder(task: str, read: str, branch: Branch) -> Decoder:
    if not isinstance(branch, DenseBranch):
        raise InputError(
            f"tasks.{task} reads the steps of the decoder of {read!r}, but model.sharing gives {read} none of its own; "
            "set model.sharing.decoder=own (hard) or model.sharing.attention=encoder (mtan), or leave the task out by "
            f"tasks.{task}=off"
        )
    if len(branch.decoder.step_channels) < 2:
        raise InputError(
            f"tasks.{task} reads the coarser steps of the decoder of {read!r}, expected at least 2 steps, found 1; "
            f"choose a deeper encoder, or leave the task out by tasks.{task}=off"
        )
    return branch.decoder


@contextmanager
def steps_noted(branches: Mapping[str, Branch], tasks: Sequence[str]) -> Iterator[dict[str, list[Tensor]]]:
    """Inside of it, what every step of these tasks' own decoders gives in a forward pass, by task."""
    with ExitStack() as stack:
        decoders = {task: cast(DenseBranch, branches[task]).decoder for task in tasks}
        yield {task: stack.enter_context(decoder.steps_noted()) for task, decoder in decoders.items()}
