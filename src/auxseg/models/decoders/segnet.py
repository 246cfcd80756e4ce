"""SegNet's decoder: the mirror of its encoder, unpooling by the indices that the encoder's poolings kept.

Badrinarayanan, Kendall, Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image Segmentation",
IEEE TPAMI 2017, https://arxiv.org/abs/1511.00561. Its last convolution is a task's head.

Shape legend: ``N`` images, ``C D`` channels, ``h w`` the size at a stage.
"""

from __future__ import annotations

from typing import Literal, final

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.chain import ChainEncoder
from auxseg.models.encoders.encoder import Encoder, Pyramid
from auxseg.models.initialise import initialise_convolutions
from auxseg.models.layers.blocks import ConvUnit
from auxseg.models.layers.norms import Norm
from auxseg.models.layers.pooling import unpool


@final
class SegNetDecoder(Decoder):
    """As many stages as the encoder, from coarse to fine: unpool, then as many convolutions as the encoder's stage.

    The last convolution of a stage leads to the channels of the next finer one. The finest stage has one convolution
    fewer, because the head stands for it.
    """

    def __init__(self, encoder: ChainEncoder, *, norm: Norm) -> None:
        super().__init__()
        widths = encoder.channels[:-1]
        mirrored = encoder.chain()
        stages: list[nn.Module] = []
        step_channels: list[int] = []
        for level in reversed(range(len(widths))):
            num_units = len(mirrored[level].units()) - (level == 0)
            out_channels = widths[max(level - 1, 0)]
            units = [ConvUnit(widths[level], widths[level], norm) for _ in range(num_units - 1)]
            stages.append(nn.Sequential(*units, ConvUnit(widths[level], out_channels, norm)))
            step_channels.append(out_channels)
        self.stages = nn.ModuleList(stages)
        self.enter_channels = widths[::-1]
        self.step_channels = tuple(step_channels)
        self.channels = widths[0]
        self.levels = (len(widths),)
        initialise_convolutions(self)

    def enter(self, step: int, x: Float[Tensor, "N C _ _"], pyramid: Pyramid) -> Float[Tensor, "N C h w"]:
        """Unpool."""
        assert pyramid.indices is not None
        level = len(self.stages) - 1 - step
        return unpool(x, pyramid.indices[level], pyramid.features[level].shape[-2:])

    def body(self, step: int, u: Float[Tensor, "N C h w"], pyramid: Pyramid) -> Float[Tensor, "N D h w"]:
        """Convolve."""
        return self.stages[step](u)


@config
class SegNetDecoderConfig:
    """The mirror of the segnet encoder; no other encoder keeps the indices that it needs."""

    kind: Literal["segnet"] = "segnet"

    def build(self, encoder: Encoder, *, width: float, norm: Norm) -> SegNetDecoder:
        """Build the mirror of ``encoder``, whose layout already has the width in it."""
        if not (isinstance(encoder, ChainEncoder) and encoder.keep_indices):
            raise InputError(
                "model.decoder: segnet unpools by the indices of the encoder's poolings, which only the encoder "
                "segnet keeps; set model.encoder.kind to segnet or model.decoder.kind to unet"
            )
        return SegNetDecoder(encoder, norm=norm)
