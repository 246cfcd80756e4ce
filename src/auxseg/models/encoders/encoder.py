"""The protocol of an encoder, an image becomes a pyramid of features, and of one that is a chain of stages.

Shape legend: ``N`` images, ``C D`` channels, ``H W`` the input size, ``h w`` the size at a stage; every level of a
pyramid has its own channels and size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.models.recompute import recompute

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

RANDOM_WEIGHTS = "random"


@dataclass(frozen=True)
class Pyramid:
    """Features from fine to coarse.

    ``indices`` says which pixels each pooling kept, from fine to coarse and as `models.layers.pooling.unpool` wants
    them, or is ``None`` where the encoder does not say. ``input_size`` is the height and width of the picture.
    """

    features: tuple[Float[Tensor, "N _ _ _"], ...]
    input_size: torch.Size
    indices: tuple[Int[Tensor, "N _ _ _"], ...] | None = None


class Encoder(ABC, nn.Module):
    """Turns an image into a pyramid.

    Attributes:
        channels: channels of each level, fine to coarse.
        strides: input pixels per pixel of each level; never falling, but levels may repeat a stride.
        mean, std: of the pictures in [0, 1] that the encoder expects to be normalised by, a number per channel: three
            for RGB, one for grey.
        provenance: where the weights come from: file name and SHA-256, or the name and licence of a download.
        image_size: height and width of the only pictures it takes, or ``None`` if any multiple of the coarsest
            stride will do.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    provenance: str = RANDOM_WEIGHTS
    image_size: int | None = None

    @abstractmethod
    def forward(self, image: Float[Tensor, "N _ H W"]) -> Pyramid:
        """Encode normalised pictures whose sides are multiples of the coarsest stride."""

    def pretrained(self) -> list[nn.Parameter]:
        """The parameters that pretrained weights fill, if there are any: all, unless it says otherwise."""
        return list(self.parameters())

    def pretrained_by_stage(self) -> list[list[nn.Parameter]]:
        """The same by stage, in the order in which a picture passes them; one stage, unless it says otherwise."""
        return [self.pretrained()]

    def keep_less(self) -> None:
        """Compute activations again in the backward pass from now on, instead of keeping them in memory.

        Raises `InputError` for an encoder that cannot.
        """
        as_stages(self, "model.checkpointing").checkpointing = True


class Staged(Encoder):
    """An encoder that is a chain of stages, each an entry and a body, so that schemes can work between them.

    A stage turns what it is given into ``u`` (`entry`), ``u`` into its level ``p`` of the same size (`body`), and ``p``
    into what the next stage is given, with as many channels (`down`). The pyramid holds the levels and, where
    ``channels`` counts one more than there are stages, at last what leaves the last stage.

    Attributes:
        num_stages: how many stages there are.
        entry_channels: channels of each stage's ``u``; those of its ``p`` are ``channels``.
        checkpointing: whether stages are computed again in the backward pass instead of being kept in memory.
    """

    num_stages: int
    entry_channels: tuple[int, ...]
    checkpointing: bool = False

    @abstractmethod
    def entry(self, stage: int, x: Float[Tensor, "N _ _ _"]) -> Float[Tensor, "N C h w"]:
        """The first part of a stage; in the first stage this is the stem, which takes the image."""

    @abstractmethod
    def body(self, stage: int, u: Float[Tensor, "N C h w"]) -> Float[Tensor, "N D h w"]:
        """The rest of a stage."""

    @abstractmethod
    def down(
        self, stage: int, p: Float[Tensor, "N C h w"]
    ) -> tuple[Float[Tensor, "N _ _ _"], Int[Tensor, "N _ _ _"] | None]:
        """What the next stage is given of a level, and which pixels were kept, if the encoder says so."""

    @abstractmethod
    def modules_of(self, stage: int) -> list[nn.Module]:
        """The modules that hold the parameters of a stage's entry and body."""

    @abstractmethod
    def drop_stem(self) -> None:
        """Give up the entry of the first stage, in whose place another encoder's is to be used."""

    def pretrained_by_stage(self) -> list[list[nn.Parameter]]:
        """The parameters of every stage."""
        stages = (self.modules_of(stage) for stage in range(self.num_stages))
        return [[parameter for module in modules for parameter in module.parameters()] for modules in stages]

    def forward(self, image: Float[Tensor, "N _ H W"]) -> Pyramid:
        """Run all stages."""
        levels, leaving, kept = [], [], []
        x = image
        for stage in range(self.num_stages):
            _, level = recompute(self, self.run, stage, x) if self.checkpointing else self.run(stage, x)
            x, indices = self.down(stage, level)
            levels.append(level)
            leaving.append(x)
            kept.append(indices)
        return self.assemble(levels, leaving, kept, image.shape[-2:])

    def run(self, stage: int, x: Float[Tensor, "N _ _ _"]) -> tuple[Float[Tensor, "N C h w"], Float[Tensor, "N D h w"]]:
        """A stage's ``u`` and ``p``."""
        u = self.entry(stage, x)
        return u, self.body(stage, u)

    def assemble(
        self, levels: Sequence[Tensor], leaving: Sequence[Tensor], indices: Sequence[Tensor | None], size: torch.Size
    ) -> Pyramid:
        """The pyramid of the stages' levels and of what left the stages, for pictures of this size.

        A scheme may have changed either. Where every level of the pyramid is a stage's and nothing is pooled in
        between, what leaves a stage stands for its level.
        """
        if len(self.channels) == self.num_stages:
            return Pyramid(tuple(leaving), size)
        kept = tuple(each for each in indices if each is not None)
        return Pyramid((*levels, leaving[-1]), size, kept or None)


def as_stages(encoder: Encoder, setting: str) -> Staged:
    """The encoder, for a setting of the recipe that needs its stages. Raises `InputError` if it has none."""
    if not isinstance(encoder, Staged):
        raise InputError(
            f"{setting}: this needs an encoder that is a chain of stages, which model.encoder is not (plain vision "
            "transformers and HRNet are not either); choose segnet, unet, residual or a backbone such as resnet18"
        )
    return encoder
