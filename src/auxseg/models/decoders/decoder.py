"""The protocol of a decoder: a pyramid becomes features at the input's resolution.

Shape legend: ``N`` images, ``C D`` channels, ``H W`` the input size, ``h w`` the size at a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.recompute import recompute


class Decoder(ABC, nn.Module):
    """Turns a pyramid into features as large as the picture, by a chain of steps from the coarsest level up.

    A step turns what the one before gave (the first: the pyramid's coarsest level) into ``u``, as large as the step's
    result and joined with what the pyramid has to add (`enter`), and ``u`` into its result ``p`` (`body`), so that
    schemes can work between the steps.

    Attributes:
        channels: channels of the features.
        levels: the numbers of the pyramid's levels whose values it reads, fine to coarse.
        enter_channels: channels of each step's ``u``.
        step_channels: channels of each step's ``p``, at last ``channels``.
        checkpointing: whether steps are computed again in the backward pass instead of being kept in memory.
    """

    channels: int
    levels: tuple[int, ...]
    enter_channels: tuple[int, ...]
    step_channels: tuple[int, ...]
    checkpointing: bool = False
    _noted: list[Tensor] | None = None

    @abstractmethod
    def enter(self, step: int, x: Float[Tensor, "N _ _ _"], pyramid: Pyramid) -> Float[Tensor, "N C h w"]:
        """Enlarge and join."""

    @abstractmethod
    def body(self, step: int, u: Float[Tensor, "N C h w"], pyramid: Pyramid) -> Float[Tensor, "N D h w"]:
        """The rest of a step."""

    def forward(self, pyramid: Pyramid) -> Float[Tensor, "N C H W"]:
        """Climb from the coarsest level to the picture's resolution."""
        x = pyramid.features[-1]
        for step in range(len(self.step_channels)):
            _, x = recompute(self, self.run, step, x, pyramid) if self.checkpointing else self.run(step, x, pyramid)
            if self._noted is not None:
                self._noted.append(x)
        return x

    @contextmanager
    def steps_noted(self) -> Iterator[list[Tensor]]:
        """Inside of it, the list is given the ``p`` of every step that a forward pass takes."""
        self._noted = []
        try:
            yield self._noted
        finally:
            self._noted = None

    def run(
        self, step: int, x: Float[Tensor, "N _ _ _"], pyramid: Pyramid
    ) -> tuple[Float[Tensor, "N C h w"], Float[Tensor, "N D h w"]]:
        """A step's ``u`` and ``p``."""
        u = self.enter(step, x, pyramid)
        return u, self.body(step, u, pyramid)
