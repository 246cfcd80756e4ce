"""Keeping pretrained weights of an encoder as they are.

What is frozen gets no gradient and stays out of the optimiser. Its layers are in evaluation: running statistics stay,
and nothing is dropped. What an encoder has beside its pretrained weights, such as the pyramid on top of a vision
transformer, learns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from torch import nn

from auxseg.errors import InputError
from auxseg.models.encoders.encoder import Encoder


def freeze(encoder: Encoder, what: Literal["all"] | int) -> None:
    """Freeze all pretrained weights, or those of the first ``what`` stages.

    Raises `InputError` if the encoder has not so many stages.
    """
    frozen = encoder.pretrained() if what == "all" else _first_stages(encoder, what)
    for parameter in frozen:
        parameter.requires_grad_(False)
    for module in standing_still(encoder):
        module.eval()


def standing_still(module: nn.Module) -> Iterator[nn.Module]:
    """The largest modules that have parameters of which none learns; they belong in evaluation."""
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        yield module
        return
    for child in module.children():
        yield from standing_still(child)


def _first_stages(encoder: Encoder, number: int) -> list[nn.Parameter]:
    stages = encoder.pretrained_by_stage()
    if number >= len(stages):
        expected = f"all, or 1 to {len(stages) - 1} of its {len(stages)} stages" if len(stages) > 1 else "all"
        why = "" if len(stages) > 1 else ", because this encoder is no chain of stages"
        raise InputError(f"model.encoder.freeze: expected {expected}, found {number}{why}")
    return [parameter for stage in stages[:number] for parameter in stage]
