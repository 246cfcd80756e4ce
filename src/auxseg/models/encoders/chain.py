"""An encoder that is a chain of stages with a 2x2 max-pooling after each, the shape of SegNet's and U-Net's encoders.

Shape legend: ``N`` images, ``C D`` channels, ``H W`` the input size, ``h w`` the size at a stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast, final

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.models.encoders.encoder import Staged
from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.blocks import ConvUnit
from auxseg.models.layers.norms import Norm


@final
class Stage(nn.Module):
    """Convolution units at one resolution: the first is the ``entry``, the others are the ``body``.

    Sharing schemes that work between stages (attention, cross-stitch) look at what stands between the two.
    """

    def __init__(self, in_channels: int, channels: int, num_units: int, norm: Norm, kernel_size: int = 3) -> None:
        super().__init__()
        self.entry = ConvUnit(in_channels, channels, norm, kernel_size)
        self.body = nn.Sequential(*(ConvUnit(channels, channels, norm, kernel_size) for _ in range(num_units - 1)))

    def forward(self, x: Float[Tensor, "N C h w"]) -> Float[Tensor, "N D h w"]:
        """Apply the entry, then the body."""
        return self.body(self.entry(x))

    def units(self) -> list[ConvUnit]:
        """All convolution units in order."""
        return [self.entry, *cast(Iterable[ConvUnit], self.body)]


@final
class ChainEncoder(Staged):
    """Stages from fine to coarse, each followed by a 2x2 max-pooling.

    The pyramid holds what each stage gives before its pooling, at strides 1, 2, 4 ..., and at last what the last
    pooling gives. With ``keep_indices`` it also holds the indices of every pooling.
    """

    def __init__(self, stages: Sequence[Stage], *, keep_indices: bool) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.keep_indices = keep_indices
        self.num_stages = len(stages)
        widths = [stage.entry.conv.out_channels for stage in stages]
        self.entry_channels = tuple(widths)
        self.channels = (*widths, widths[-1])
        self.strides = tuple(2**level for level in range(len(widths) + 1))
        initialise_convolutions(self)

    def chain(self) -> list[Stage]:
        """The stages, fine to coarse."""
        return list(cast(Iterable[Stage], self.stages))

    def entry(self, stage: int, x: Float[Tensor, "N _ h w"]) -> Float[Tensor, "N C h w"]:
        """The stage's first convolution unit."""
        return self.chain()[stage].entry(x)

    def body(self, stage: int, u: Float[Tensor, "N C h w"]) -> Float[Tensor, "N C h w"]:
        """The stage's other units."""
        return self.chain()[stage].body(u)

    def down(
        self, stage: int, p: Float[Tensor, "N C h w"]
    ) -> tuple[Float[Tensor, "N C _ _"], Int[Tensor, "N C _ _"] | None]:
        """A 2x2 max-pooling, and its indices if they are kept."""
        if self.keep_indices:
            return F.max_pool2d(p, 2, return_indices=True)
        return F.max_pool2d(p, 2), None

    def modules_of(self, stage: int) -> list[nn.Module]:
        """The stage."""
        return [self.chain()[stage]]

    def drop_stem(self) -> None:
        """Give up the first convolution unit."""
        self.chain()[0].add_module("entry", nn.Identity())
