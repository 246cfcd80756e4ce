"""ImageNet weights of VGG-16 for the encoder that has its layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from auxseg.models.encoders.chain import ChainEncoder
from auxseg.models.layers.blocks import ConvUnit
from auxseg.models.pretrained import check_fit, describe_download, describe_file, download, read_weights

DOWNLOAD: Final = "vgg16_bn"


def load_vgg16(encoder: ChainEncoder, weights: str) -> str:
    """Copy VGG-16's convolutions (and its batch normalisation, if the weights have it) and say where they come from.

    ``weights`` is ``timm`` or a file with the keys of torchvision's or timm's ``vgg16`` or ``vgg16_bn``. Our
    convolutions have no bias: it goes into the running mean, so that in evaluation the encoder computes what VGG-16
    does. Raises `InputError` for a file that does not fit.
    """
    if weights == "timm":
        backbone = download(DOWNLOAD)
        state, source = backbone.state_dict(), describe_download(backbone.pretrained_cfg)
    else:
        state, source = read_weights(Path(weights)), describe_file(Path(weights))
    state = {key: value for key, value in state.items() if key.startswith("features.") and "num_batches" not in key}
    has_norm = any(key.endswith("running_mean") for key in state)
    targets: dict[str, Tensor] = {}
    biases: dict[str, Tensor] = {}
    for number, unit in _units(encoder, has_norm):
        assert isinstance(unit.norm, nn.BatchNorm2d)
        assert unit.norm.running_mean is not None
        targets[f"features.{number}.weight"] = unit.conv.weight
        biases[f"features.{number}.bias"] = unit.norm.running_mean
        if has_norm:
            for name in ("weight", "bias", "running_mean", "running_var"):
                targets[f"features.{number + 1}.{name}"] = getattr(unit.norm, name)
    check_fit({key: tensor.shape for key, tensor in (targets | biases).items()}, state, source, "VGG-16")
    with torch.no_grad():
        for key, tensor in targets.items():
            tensor.copy_(state[key])
        for key, running_mean in biases.items():
            running_mean.sub_(state[key])
    return source


def _units(encoder: ChainEncoder, has_norm: bool) -> Iterator[tuple[int, ConvUnit]]:
    """Every convolution unit with its convolution's number in VGG-16, which also counts what stands in between."""
    number = 0
    for stage in encoder.chain():
        for unit in stage.units():
            yield number, unit
            number += 3 if has_norm else 2  # convolution, perhaps normalisation, ReLU
        number += 1  # pooling
