"""A model as one typed value, and the way from there to a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Annotated, Final, Literal, final

import torch
from pydantic import Field
from torch import nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.branch import Branch, DenseBranch, VectorBranch
from auxseg.models.decoders import Decoder, DecoderConfig
from auxseg.models.encoders import Encoder, EncoderConfig, EncoderSettings, add_adapters, freeze, frozen_by
from auxseg.models.first_convolution import see_channels
from auxseg.models.grey import see_grey
from auxseg.models.initialise import Undrawn, own_randomness
from auxseg.models.layers.heads import DenseHead, VectorHead
from auxseg.models.layers.norms import Norm
from auxseg.models.network import Network
from auxseg.models.reuse.reads import heads_read, with_heads
from auxseg.models.reuse.refinement import build_refinement
from auxseg.models.reuse.side_outputs import build_side_heads
from auxseg.models.sharing import HardSharingConfig, Scheme, SharingConfig
from auxseg.tasks.task import Dense, Output, Vector

_COLOURS: Final = 3


@config
class ModelConfig:
    """An architecture.

    ``width`` multiplies the channels of our own encoders and of the decoders; a backbone of timm keeps its own.
    ``norm`` is ``batch``, or ``group`` for a network that knows nothing of the other images in a batch. ``weights``
    are the encoder's: ``none`` for random ones, a file, or ``timm`` for a download. ``input: grey`` lets the
    network see luminance alone, through a first convolution of one channel; ``rgb`` sees all channels that the images
    have. ``checkpointing`` keeps less in memory
    and computes stages of the encoder, steps of the decoder and streams of attention again in the backward pass;
    results are the same to the bit. ``refine_by`` names tasks whose maps enter the target's head, such as edges or
    distance; the target's losses do not change what they predict.
    """

    encoder: EncoderConfig
    decoder: DecoderConfig
    sharing: SharingConfig = field(default_factory=HardSharingConfig)
    width: Annotated[float, Field(gt=0, le=8)] = 1.0
    norm: Norm = "batch"
    input: Literal["rgb", "grey"] = "rgb"
    weights: Annotated[str, Field(min_length=1)] = "none"
    checkpointing: bool = False
    refine_by: tuple[str, ...] = ()


def build_network(
    config: ModelConfig, outputs: Mapping[str, Output], seed: int, target: str | None = None, in_channels: int = 3
) -> Network:
    """Build a network with initial weights that each part draws from the seed and its own name.

    ``target`` is the task that the others are there to help, the first with a head unless told. ``in_channels`` are
    those of the images. Raises `InputError` for a combination that cannot work and for weights that do not fit.
    """
    return build_with(config.sharing, config, outputs, seed, target, in_channels)


def build_with(
    scheme: Scheme,
    config: ModelConfig,
    outputs: Mapping[str, Output],
    seed: int,
    target: str | None = None,
    in_channels: int = 3,
) -> Network:
    """The same network with another sharing scheme than that of ``config``, also with one that no recipe knows."""
    _check_settings(config, outputs, in_channels)
    return _assemble(scheme, config, outputs, seed, target, in_channels)


def outline(
    config: ModelConfig, outputs: Mapping[str, Output], target: str | None = None, in_channels: int = 3
) -> Network:
    """The same network without weights, on the ``meta`` device: nothing is read, downloaded or allocated.

    For counting parameters, and for checking a recipe: raises `InputError` for a combination that cannot work.
    """
    _check_settings(config, outputs, in_channels)
    with torch.device("meta"), Undrawn():
        return _assemble(config.sharing, dataclasses.replace(config, weights="none"), outputs, 0, target, in_channels)


def check(config: ModelConfig, outputs: Mapping[str, Output]) -> None:
    """Raise `InputError`, with the reason, if the model cannot be built. Weights are not looked at."""
    outline(config, outputs)


def _assemble(
    scheme: Scheme,
    config: ModelConfig,
    outputs: Mapping[str, Output],
    seed: int,
    target: str | None,
    in_channels: int,
) -> Network:
    """The scheme's network over the tasks that have branches, read by those that have none."""
    heads = with_heads(outputs)
    target = next(iter(heads), "") if target is None else target
    reads = heads_read(outputs, target)
    sharing = scheme.build(_Builder(config, heads, seed, target, in_channels))
    side_heads = build_side_heads(outputs, reads, sharing.branches(), seed)
    refinement = build_refinement(config.refine_by, heads, target, seed)
    return Network(sharing, reads, side_heads, refinement, in_channels)


def _check_settings(config: ModelConfig, outputs: Mapping[str, Output], in_channels: int) -> None:
    _check_channels(config, in_channels)
    for task in outputs:
        if not task or "." in task or hasattr(nn.ModuleDict(), task):
            raise InputError(f"tasks.{task}: PyTorch does not allow the name {task!r}; rename the task")
    if config.norm == "group" and config.weights != "none":
        raise InputError(
            "model.norm: pretrained weights need the batch normalisation that they were trained with, expected batch, "
            "found group; set model.norm to batch or model.weights to none"
        )
    config.encoder.check(width=config.width, weights=config.weights)


def _check_channels(config: ModelConfig, in_channels: int) -> None:
    if in_channels == _COLOURS:
        return
    if config.input == "grey" and in_channels > 1:
        raise InputError(
            f"model.input: grey sees the luminance of red, green and blue, but the images have {in_channels} channels; "
            "set model.input to rgb, which sees all of them"
        )
    settings: object = config.encoder
    if isinstance(settings, EncoderSettings) and settings.adapt == "zeros" and frozen_by(settings) is not None:
        raise InputError(
            "model.encoder.adapt: new channels that start at zero stay unseen in a frozen encoder; set "
            "model.encoder.adapt to repeat, or do not freeze"
        )


@final
class _Builder:
    """Makes parts for a sharing scheme; see `auxseg.models.sharing.Builder`."""

    def __init__(
        self, config: ModelConfig, outputs: Mapping[str, Dense | Vector], seed: int, target: str, in_channels: int
    ) -> None:
        self.in_channels = in_channels
        self.config, self.outputs, self.seed, self.target = config, outputs, seed, target
        self.norm: Norm = config.norm

    def randomness(self, part: str) -> AbstractContextManager[None]:
        return own_randomness(self.seed, part)

    def encoder(self, part: str = "encoder") -> Encoder:
        config = self.config
        with own_randomness(self.seed, part):
            encoder = config.encoder.build(width=config.width, norm=config.norm, weights=config.weights)
        if self.in_channels != _COLOURS:
            settings: object = config.encoder
            adapt = settings.adapt if isinstance(settings, EncoderSettings) else "repeat"
            with own_randomness(self.seed, f"{part} first convolution"):
                see_channels(encoder, self.in_channels, adapt)
        elif config.input == "grey":
            see_grey(encoder)
        if config.checkpointing:
            encoder.keep_less()
        self._adapt(part, encoder)
        return encoder

    def _adapt(self, part: str, encoder: Encoder) -> None:
        """Freeze what is to stand still, and add what learns in its place."""
        settings: object = self.config.encoder
        if not isinstance(settings, EncoderSettings):
            return  # an encoder of one's own, which no recipe names
        frozen, lora = frozen_by(settings), settings.lora
        if frozen is not None:
            freeze(encoder, frozen)
        if lora is not None:
            with own_randomness(self.seed, f"{part} lora"):
                add_adapters(encoder, lora.rank, lora.alpha)

    def decoder(self, part: str, encoder: Encoder) -> Decoder:
        config = self.config
        with own_randomness(self.seed, part):
            decoder = config.decoder.build(encoder, width=config.width, norm=config.norm)
        decoder.checkpointing = config.checkpointing
        return decoder

    def dense_head(self, task: str, in_channels: int) -> DenseHead:
        output = self.outputs[task]
        assert isinstance(output, Dense)
        with own_randomness(self.seed, f"head {task}"):
            return DenseHead(in_channels, output)

    def branch(self, task: str, encoder: Encoder) -> Branch:
        output = self.outputs[task]
        if not isinstance(output, Dense):
            with own_randomness(self.seed, f"head {task}"):
                return VectorBranch(VectorHead(encoder.channels[-1], output))
        decoder = self.decoder(f"decoder {task}", encoder)
        return DenseBranch(decoder, self.dense_head(task, decoder.channels))
