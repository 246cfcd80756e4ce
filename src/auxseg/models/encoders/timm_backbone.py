"""Any backbone of timm behind the one protocol of an encoder.

timm: Wightman, "PyTorch Image Models", https://github.com/huggingface/pytorch-image-models. Importing it takes seconds,
so it is imported when a backbone is built.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.encoders.encoder import RANDOM_WEIGHTS, Encoder, Pyramid
from auxseg.models.encoders.timm_chain import TimmChain, cut, describe, gives_channels_last
from auxseg.models.initialise import Undrawn, equalise_step_sizes
from auxseg.models.layers.depthwise import avoid_slow_depthwise
from auxseg.models.layers.norms import Norm, replace_batch_norm
from auxseg.models.pretrained import check_fit, describe_download, describe_file, download, read_weights


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
class TimmEncoderConfig:
    """A backbone by its ``name`` in timm, such as ``resnet18`` or ``convnext_atto``.

    ``image_size`` is for backbones that take one size of picture only, and is the size of the data then.
    """

    kind: Literal["timm"] = "timm"
    name: str
    image_size: Annotated[int, Field(gt=0, le=2048)] | None = None

    def check(self, *, width: float, weights: str) -> None:
        """Raise `InputError` for a name that timm does not know. The width is not the backbone's: it has its own."""
        import timm

        if not timm.is_model(self.name):
            close = difflib.get_close_matches(self.name, timm.list_models(), n=3, cutoff=0.5)
            raise InputError(
                f"model.encoder.name: timm knows no backbone {self.name!r}"
                + (f"; the nearest names are {', '.join(close)}" if close else "")
            )

    def build(self, *, width: float, norm: Norm, weights: str) -> TimmEncoder | TimmChain:
        """Build the backbone, as stages if it is a chain of them.

        ``weights`` is ``none``, ``timm`` (a download) or a file with weights of this backbone.
        Raises `InputError` for a size that the backbone cannot take and for weights that do not fit.
        """
        settings = _size_settings(self.name, self.image_size)
        provenance = RANDOM_WEIGHTS
        if weights == "none":
            backbone = _create(self.name, features_only=True, **settings)
            if any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules()):
                equalise_step_sizes(backbone)
        elif weights == "timm":
            backbone = download(self.name, features_only=True, **settings)
            provenance = describe_download(backbone.pretrained_cfg)
        else:
            backbone = _load(self.name, Path(weights), settings)
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
    accepted, has_one_size = _about(name)
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


@functools.cache
def _about(name: str) -> tuple[frozenset[str], bool]:
    """The names of what the backbone's class takes, and whether it takes pictures of one size only."""
    with torch.device("meta"), Undrawn():
        model = _create(name)
    accepted = frozenset(inspect.signature(type(model).__init__).parameters)
    return accepted, bool(model.pretrained_cfg.get("fixed_input_size"))


def _load(name: str, path: Path, settings: dict[str, Any]) -> Any:
    """Build the backbone with weights of a file, which has to fit the whole model, classifier included.

    Without classifier, timm would pass over missing weights in silence.
    """
    import timm

    state = read_weights(path)
    overlay = {"state_dict": state}
    try:
        timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    except (RuntimeError, KeyError) as error:
        with torch.device("meta"):
            expected = {key: value.shape for key, value in timm.create_model(name).state_dict().items()}
        check_fit(expected, state, str(path), name)
        raise InputError(f"model.weights: {path} does not fit {name} ({error})") from None
    with _without_warnings():  # that the classifier's weights are left over
        return _create(name, pretrained=True, pretrained_cfg_overlay=overlay, features_only=True, **settings)


@contextmanager
def _without_warnings() -> Iterator[None]:
    logger = logging.getLogger("timm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _create(name: str, **settings: Any) -> Any:
    import timm

    try:
        return timm.create_model(name, **settings)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"model.encoder: timm cannot build {name} ({error})") from None
