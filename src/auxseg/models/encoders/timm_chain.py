"""Backbones of timm that are a chain of modules, cut into stages after every level of their pyramid.

timm: Wightman, "PyTorch Image Models", https://github.com/huggingface/pytorch-image-models.

Shape legend: ``N`` images, ``C`` channels, ``h w`` the size at a stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.encoders.encoder import Encoder, Staged


@final
class TimmChain(Staged):
    """A backbone whose stages are the modules of these names. It computes what the backbone does.

    timm does not say where a stage's body begins: the entry is the whole stage, and the body passes its result on.
    """

    def __init__(self, backbone: Any, stages: Sequence[Sequence[str]]) -> None:
        super().__init__()
        self.backbone: Any = backbone
        self.stages = stages
        describe(self, backbone)
        self.channels_at_end = gives_channels_last(backbone)
        self.num_stages = len(stages)
        self.entry_channels = self.channels

    def entry(self, stage: int, x: Float[Tensor, "N _ _ _"]) -> Float[Tensor, "N C h w"]:
        """Run all modules of the stage; features come out as NCHW whatever the backbone's own layout."""
        if self.channels_at_end and stage > 0:
            x = x.permute(0, 2, 3, 1)
        for name in self.stages[stage]:
            x = self.backbone.get_submodule(name)(x)
        return x.permute(0, 3, 1, 2) if self.channels_at_end else x

    def body(self, stage: int, u: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """Nothing."""
        return u

    def down(self, stage: int, p: Float[Tensor, "N C h w"]) -> tuple[Float[Tensor, "N C h w"], None]:
        """Nothing: the next stage shrinks its own input."""
        return p, None

    def modules_of(self, stage: int) -> list[nn.Module]:
        """The stage's modules."""
        return [self.backbone.get_submodule(name) for name in self.stages[stage]]

    def drop_stem(self) -> None:
        """Give up the modules of the first stage."""
        for name in self.stages[0]:
            self.backbone.set_submodule(name, nn.Identity())


def describe(encoder: Encoder, backbone: Any) -> None:
    """Say of an encoder what timm says of its backbone."""
    encoder.channels = tuple(backbone.feature_info.channels())
    encoder.strides = tuple(backbone.feature_info.reduction())
    encoder.mean = tuple(backbone.pretrained_cfg["mean"])
    encoder.std = tuple(backbone.pretrained_cfg["std"])


def gives_channels_last(backbone: Any) -> bool:
    """Whether features come out as NHWC."""
    return str(getattr(backbone, "output_fmt", "NCHW")).endswith("NHWC")


def cut(backbone: Any) -> list[list[str]] | None:
    """The names of the modules of every stage, or ``None`` for a backbone that is no chain of modules.

    Modules that hand several tensors on (those of SelecSLS) are no chain either.
    """
    if hasattr(backbone, "return_layers"):
        if backbone.concat or str(backbone.pretrained_cfg.get("architecture")).startswith("selecsls"):
            return None
        order, ends = list(backbone), set(backbone.return_layers)
    elif hasattr(backbone, "blocks") and getattr(backbone, "feature_hooks", ...) is None:
        stem = [name for name in ("conv_stem", "bn1", "act1") if hasattr(backbone, name)]
        blocks = [f"blocks.{number}" for number in range(len(backbone.blocks))]
        order, ends = stem + blocks, {(stem[-1:] + blocks)[end] for end in backbone._stage_out_idx}
    else:
        return None
    stages: list[list[str]] = [[]]
    for name in order:
        stages[-1].append(name)
        if name in ends:
            stages.append([])
    return stages[: len(ends)]
