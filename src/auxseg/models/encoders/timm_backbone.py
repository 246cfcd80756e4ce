"""Any backbone of timm behind the one protocol of an encoder.

timm: Wightman, "PyTorch Image Models", https://github.com/huggingface/pytorch-image-models.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, final

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.encoder import RANDOM_WEIGHTS, Encoder, Pyramid
from auxseg.models.encoders.settings import EncoderSettings
from auxseg.models.encoders.timm_chain import TimmChain, cut, describe, gives_channels_last
from auxseg.models.encoders.timm_making import about, create, load, refuse_unknown
from auxseg.models.initialise import equalise_step_sizes
from auxseg.models.layers.depthwise import avoid_slow_depthwise
from auxseg.models.layers.norms import Norm, replace_batch_norm
from auxseg.models.pretrained import describe_download, describe_file, download


@final
class TimmEncoder(Encoder):
    """A backbone made with ``features_only=True``; features come out as NCHW whatever the backbone's own layout."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone: Any = backbone
        describe(self, backbone)
        self.channels_at_end = gives_channels_last(backbone)

    def forward(self, image: Float[Tensor, "N _ H W"]) -> Pyramid:
        """Run the backbone."""
        features = self.backbone(image)
        if self.channels_at_end:
            features = [level.permute(0, 3, 1, 2) for level in features]
        return Pyramid(tuple(features), image.shape[-2:])


@config
class TimmEncoderConfig(EncoderSettings):
    """A backbone by its ``name`` in timm, such as ``resnet18`` or ``convnext_atto``.

    ``image_size`` is for backbones that take one size of picture only, and is the size of the data then.
    """

    kind: Literal["timm"] = "timm"
    name: str
    image_size: Annotated[int, Field(gt=0, le=2048)] | None = None

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` for a name that timm does not know. The width is not the backbone's: it has its own."""
        refuse_unknown(self.name)

    def build(self, *, width: float, norm: Norm, weights: str) -> TimmEncoder | TimmChain:
        """Build the backbone, as stages if it is a chain of them.

        ``weights`` is ``none``, ``timm`` (a download) or a file with weights of this backbone.
        Raises `InputError` for a size that the backbone cannot take and for weights that do not fit.
        """
        settings = _size_settings(self.name, self.image_size)
        provenance = RANDOM_WEIGHTS
        if weights == "none":
            backbone = create(self.name, features_only=True, **settings)
            if any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules()):
                equalise_step_sizes(backbone)
        elif weights == "timm":
            backbone = download(self.name, features_only=True, **settings)
            provenance = describe_download(backbone.pretrained_cfg)
        else:
            backbone = load(self.name, Path(weights), features_only=True, **settings)
            provenance = describe_file(Path(weights))
        coarsest = max(backbone.feature_info.reduction())
        if self.image_size is not None and self.image_size % coarsest:
            raise InputError(
                f"model.encoder.image_size: {self.name} needs a multiple of {coarsest}, found {self.image_size}"
            )
        if norm == "group":
            replace_batch_norm(backbone)
        avoid_slow_depthwise(backbone)
        stages = cut(backbone)
        encoder = TimmEncoder(backbone) if stages is None else TimmChain(backbone, stages)
        encoder.image_size, encoder.provenance = self.image_size, provenance
        return encoder


def _size_settings(name: str, image_size: int | None) -> dict[str, Any]:
    """What makes the backbone take any size, or the one size that is asked for."""
    accepted, has_one_size = about(name)
    if image_size is not None and "img_size" in accepted:
        return {"img_size": image_size}
    if image_size is not None:
        raise InputError(
            f"model.encoder.image_size: {name} takes images of any size, so expected none, found {image_size}"
        )
    if "dynamic_img_size" in accepted:
        return {"dynamic_img_size": True}
    if has_one_size:
        raise InputError(f"model.encoder.image_size: {name} takes images of one size only; set this to data.size")
    return {}
