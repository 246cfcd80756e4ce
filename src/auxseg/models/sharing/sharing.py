"""The protocol of a sharing scheme: what tasks have in common and what each has of its own.

Shape legend: ``N`` images, ``T`` tasks, ``H W`` the input size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.config import config
from auxseg.models.branch import Branch
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Encoder
from auxseg.models.layers.heads import DenseHead
from auxseg.models.layers.norms import Norm
from auxseg.tasks.task import Dense, Vector


@runtime_checkable
class Builder(Protocol):
    """Makes the parts that a sharing scheme asks for, each with initial weights that depend on its name only."""

    outputs: Mapping[str, Dense | Vector]
    target: str
    norm: Norm

    def randomness(self, part: str) -> AbstractContextManager[None]:
        """Inside of it, initial weights of this part of a scheme's own are drawn."""
        ...

    def encoder(self, part: str = "encoder") -> Encoder:
        """A new encoder."""
        ...

    def decoder(self, part: str, encoder: Encoder) -> Decoder:
        """A new decoder that several tasks may share."""
        ...

    def dense_head(self, task: str, in_channels: int) -> DenseHead:
        """A dense task's head alone."""
        ...

    def branch(self, task: str, encoder: Encoder) -> Branch:
        """A task's own decoder and head, or head alone, on top of ``encoder``."""
        ...


class Sharing(ABC, nn.Module):
    """Owns everything between the picture and the tasks' outputs, and says which part belongs to whom."""

    @abstractmethod
    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """The outputs of these tasks for normalised pictures; dense ones at the input size."""

    @abstractmethod
    def encoders(self) -> Mapping[str, Encoder]:
        """The encoders by the names of their parts."""

    @abstractmethod
    def branches(self) -> Mapping[str, Branch]:
        """What every task has of its own after the encoders."""

    @abstractmethod
    def shared_parameters(self) -> list[nn.Parameter]:
        """Parameters that more than one task may move."""

    @abstractmethod
    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """Parameters that only this task moves."""

    def attention_masks(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, dict[str, Tensor]]:
        """What each task attends to in these normalised pictures: maps ``N 1 h w`` in (0, 1), by task and place."""
        return {}

    def mixing_matrices(self) -> dict[str, Float[Tensor, "T T"]]:
        """How much of every task's features (columns) each task (rows) takes, by place; in the order of `branches`."""
        return {}


@config
class SharingSettings:
    """Settings of every scheme that a recipe can name.

    Attributes:
        needs_phases: whether the scheme is trained in stages, so that a recipe has to say which.
        target_reads_auxiliaries: whether the target's output needs other tasks, so that it cannot be trained alone.
    """

    needs_phases: ClassVar[bool] = False
    target_reads_auxiliaries: ClassVar[bool] = False


@runtime_checkable
class Scheme(Protocol):
    """Settings that a sharing scheme is built from."""

    def build(self, builder: Builder) -> Sharing:
        """Make the scheme of the parts that the builder makes."""
        ...
