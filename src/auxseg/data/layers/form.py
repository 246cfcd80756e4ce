"""What every kind of layer can do.

Shape legend: ``h w`` height and width of a picture, ``H W`` the stored size, ``...`` channels, if the kind has them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from jaxtyping import Shaped

from auxseg.data.geometry import Fit
from auxseg.records.values.size import SizeLike

Values = Shaped[np.ndarray, "h w ..."]


class Form(ABC):
    """What is the same for all samples of a layer: its kind, and what its values mean.

    Values of one sample are an array of `shape`. A pixel that is not known has the value that `blank` is full of.
    """

    @property
    @abstractmethod
    def dtype(self) -> np.dtype:
        """The type of values in a store."""

    @abstractmethod
    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """The shape of values in a picture of this size."""

    @abstractmethod
    def blank(self, height: int, width: int) -> Values:
        """Values of which no pixel is known."""

    @abstractmethod
    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Why values of a picture of this height and width cannot be used; empty if they can.

        The sentence begins after the layer's name: ``holds infinity``.
        """

    @abstractmethod
    def resized(self, values: Values, hw: tuple[int, int]) -> Shaped[np.ndarray, "_ _ ..."]:
        """Values at another height and width, in the type of `dtype`."""

    @abstractmethod
    def known(self, values: Values) -> np.ndarray:
        """Which pixels are known: bool, ``h w``."""

    @abstractmethod
    def example(self, size: SizeLike, random: np.random.Generator) -> Values:
        """Some values of a picture of this size, all of them known and usable."""

    @abstractmethod
    def in_words(self) -> str:
        """What it is, with its article: ``a map of 3 channels``."""

    @abstractmethod
    def to_json(self) -> dict[str, object]:
        """As values of JSON, with the ``kind``."""

    def placed(self, values: Values, place: Fit) -> Shaped[np.ndarray, "H W ..."]:
        """Fit the values of a photograph into its stored picture; padding is not known."""
        y0, y1, x0, x1 = place.inside
        stored = self.blank(*place.size)
        stored[y0:y1, x0:x1] = self.resized(values, (y1 - y0, x1 - x0))
        return stored


def size_fault(values: np.ndarray, shape: tuple[int, ...]) -> str:
    """Why the shape of values is not the one that their image asks for; empty if it is."""
    if values.shape == shape:
        return ""
    found, expected = (" x ".join(map(str, each)) for each in (values.shape, shape))
    return f"is {found or 'a single number'}, but its image asks for {expected}"
