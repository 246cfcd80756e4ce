"""Plain vision transformers of timm, DINOv2's and DINOv3's among them, with a pyramid on top.

Oquab et al., "DINOv2: Learning Robust Visual Features without Supervision", 2023, https://arxiv.org/abs/2304.07193;
Darcet et al., "Vision Transformers Need Registers", ICLR 2024, https://arxiv.org/abs/2309.16588; Simeoni et al.,
"DINOv3", 2025, https://arxiv.org/abs/2508.10104.

Pictures of any size: learned positions are interpolated (bicubic), rotary ones are computed for the grid. Class and
register tokens take part in attention and are left out of the features. Strides are powers of two: where a patch is no
such number of pixels, the picture is shrunk before, so that a patch of 14 sees 16 pixels of it.

Shape legend: ``N`` images, ``H W`` the input size, ``h w`` the size of the transformer's grid.
"""

from __future__ import annotations

import bisect
import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal, final

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.encoder import RANDOM_WEIGHTS, Encoder, Pyramid
from auxseg.models.encoders.settings import EncoderSettings
from auxseg.models.encoders.timm_making import about, create, load, refuse_unknown
from auxseg.models.encoders.vit_pyramid import NUM_LEVELS, PyramidKind, ViTPyramid
from auxseg.models.layers.blocks import scaled
from auxseg.models.layers.norms import Norm
from auxseg.models.pretrained import describe_download, describe_file, download

_HEAD: Final = ("head", "head_drop", "fc_norm")


@final
class ViTEncoder(Encoder):
    """The features of evenly spaced blocks, behind the last normalisation, as a pyramid.

    A stage is a quarter of the blocks; what stands before the blocks belongs to the first.
    """

    def __init__(self, backbone: Any, *, pyramid: PyramidKind, channels: int, norm: Norm) -> None:
        super().__init__()
        _drop_head(backbone)
        self.backbone: Any = backbone
        self.ends = evenly_spaced(len(backbone.blocks))
        self.taken = self.ends if pyramid == "dpt" else self.ends[-1:]
        self.patch = int(backbone.patch_embed.patch_size[0])
        self.stride = 2 ** math.ceil(math.log2(self.patch))
        self.pyramid = ViTPyramid(int(backbone.embed_dim), channels, norm)
        self.channels = (channels,) * NUM_LEVELS
        self.strides = (self.stride // 4, self.stride // 2, self.stride, 2 * self.stride)
        self.mean, self.std = tuple(backbone.pretrained_cfg["mean"]), tuple(backbone.pretrained_cfg["std"])

    def forward(self, image: Float[Tensor, "N _ H W"]) -> Pyramid:
        """Run the transformer and make the pyramid of its features."""
        input_size = image.shape[-2:]
        if self.patch != self.stride:
            size = [side // self.stride * self.patch for side in input_size]
            image = F.interpolate(image, size=size, mode="bilinear")
        features: list[Tensor] = self.backbone.forward_intermediates(
            image, indices=list(self.taken), norm=True, output_fmt="NCHW", intermediates_only=True
        )
        return Pyramid(self.pyramid(features), input_size)

    def pretrained(self) -> list[nn.Parameter]:
        """Those of the transformer; the pyramid always starts from random weights."""
        return list(self.backbone.parameters())

    def pretrained_by_stage(self) -> list[list[nn.Parameter]]:
        """Those of the transformer by quarter; the last normalisation belongs to the last."""
        stages: list[list[nn.Parameter]] = [[] for _ in self.ends]
        for name, parameter in self.backbone.named_parameters():
            place, _, rest = name.partition(".")
            block = int(rest.partition(".")[0]) if place == "blocks" else self.ends[-1] if place == "norm" else 0
            stages[bisect.bisect_left(self.ends, block)].append(parameter)
        return stages

    def keep_less(self) -> None:
        """Compute every block again in the backward pass."""
        self.backbone.set_grad_checkpointing(True)


def evenly_spaced(num_blocks: int) -> tuple[int, ...]:
    """The numbers (from 0) of the blocks that end each quarter: 2, 5, 8, 11 of 12."""
    return tuple(math.ceil(num_blocks * (level + 1) / NUM_LEVELS) - 1 for level in range(NUM_LEVELS))


@config
class ViTEncoderConfig(EncoderSettings):
    """A plain vision transformer by its ``name`` in timm, such as ``vit_small_patch14_dinov2``.

    ``pyramid`` is ``dpt``, of evenly spaced blocks, or ``simple``, of the last block alone; ``channels`` are those of
    its levels, multiplied by the model's width.
    """

    kind: Literal["vit"] = "vit"
    name: str
    pyramid: PyramidKind = "dpt"
    channels: Annotated[int, Field(ge=1, le=4096)] = 128

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` for a name that timm does not know."""
        refuse_unknown(self.name)

    def build(self, *, width: float, norm: Norm, weights: str) -> ViTEncoder:
        """Build the transformer and its pyramid.

        ``weights`` is ``none``, ``timm`` (a download) or a file with weights of this transformer. Raises `InputError`
        for a backbone that is no plain vision transformer, and for weights that do not fit.
        """
        if "dynamic_img_size" not in about(self.name)[0]:
            raise self._unfit("timm builds it for one size of image, or it is no vision transformer")
        settings, provenance = {"dynamic_img_size": True}, RANDOM_WEIGHTS
        if weights == "none":
            backbone = create(self.name, **settings)
        elif weights == "timm":
            backbone = download(self.name, **settings)
            provenance = describe_download(backbone.pretrained_cfg)
        else:
            backbone = load(self.name, Path(weights), **settings)
            provenance = describe_file(Path(weights))
        if not hasattr(backbone, "forward_intermediates") or len(getattr(backbone, "blocks", ())) < NUM_LEVELS:
            raise self._unfit(f"it has no chain of {NUM_LEVELS} or more blocks of one resolution")
        height, patch_width = backbone.patch_embed.patch_size
        if height != patch_width:
            raise self._unfit(f"its patches are {height} x {patch_width} pixels, not square")
        encoder = ViTEncoder(backbone, pyramid=self.pyramid, channels=scaled(self.channels, width), norm=norm)
        encoder.provenance = provenance
        return encoder

    def _unfit(self, why: str) -> InputError:
        return InputError(
            f"model.encoder.name: {self.name} cannot give the features of a plain vision transformer ({why}); choose "
            "another, such as vit_small_patch14_dinov2, or set model.encoder.kind to timm"
        )


def _drop_head(backbone: Any) -> None:
    """Give up what comes behind the features; their normalisation is the last one, wherever the backbone has it."""
    if isinstance(backbone.norm, nn.Identity) and isinstance(getattr(backbone, "fc_norm", None), nn.Module):
        backbone.norm = backbone.fc_norm
    for name in _HEAD:
        if hasattr(backbone, name):
            setattr(backbone, name, nn.Identity())
    if getattr(backbone, "attn_pool", None) is not None:
        backbone.attn_pool = None
