"""What every kind of layer can do.

Shape legend: ``h w`` height and width of a picture, ``H W`` the stored size, ``N`` samples, ``...`` channels, if the
kind has them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Shaped

from auxseg.data.geometry import Fit
from auxseg.data.store.text import text_fault
from auxseg.records.values.size import Size, SizeLike

Values = Shaped[np.ndarray, "h w ..."]


@dataclass(frozen=True)
class Tally:
    """What is counted in the values of a sample, to be added up.

    ``num_all`` are pixels, tags, boxes or points, of which ``num_known`` are known. ``by_name`` says of each class how
    often it is there, and of how many it is known whether it is. ``lowest`` and ``highest`` are the range of numbers.
    """

    num_all: int
    num_known: int
    by_name: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    lowest: float = math.inf
    highest: float = -math.inf


class Form(ABC):
    """What is the same for all samples of a layer: its kind, and what its values mean.

    Places in values (boxes, points) are in pixels of the picture that the values belong to.
    """

    counted: str = "pixels"
    """What `tally` counts, in words."""
    range_words: tuple[str, str] = ("lowest", "highest")
    """What the ends of the range in `tally` are, in words."""

    @classmethod
    @abstractmethod
    def from_json(cls, values: Mapping[str, object]) -> Form | None:
        """What `to_json` made of a form of this kind; ``None`` for other values. Raises `ValueError` for wrong ones."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype:
        """The type of values in a store."""

    @abstractmethod
    def blank(self, height: int, width: int) -> np.ndarray:
        """Values of a picture of this size, of which nothing is known."""

    @abstractmethod
    def fault(self, values: np.ndarray, hw: tuple[int, int]) -> str:
        """Why values of a picture of this height and width cannot be used; empty if they can.

        The sentence begins after the layer's name: ``holds infinity``.
        """

    @abstractmethod
    def placed(self, values: np.ndarray, place: Fit) -> np.ndarray:
        """Fit the values of a photograph into its stored picture; padding is not known."""

    @abstractmethod
    def cut(self, values: np.ndarray, inside: tuple[int, int, int, int]) -> np.ndarray:
        """The values of a part ``(y0, y1, x0, x1)`` of their picture."""

    @abstractmethod
    def known(self, values: np.ndarray) -> Bool[np.ndarray, " ..."]:
        """Which pixels, tags, boxes or points are known."""

    @abstractmethod
    def tally(self, values: np.ndarray) -> Tally:
        """What there is in the values of a sample, for summaries."""

    @abstractmethod
    def example(self, size: SizeLike, random: np.random.Generator) -> np.ndarray:
        """Some values of a picture of this size, all of them known and usable."""

    def batched(self, samples: Sequence[np.ndarray], size: Size) -> Shaped[np.ndarray, "N ..."]:
        """Values of several samples with pictures of ``size``, as tasks get them."""
        return np.stack(samples)

    def translated(self, values: np.ndarray, form: Form) -> np.ndarray:
        """Values of this form in the words of another one of the same kind; what it does not name is left out."""
        assert form == self, "only forms with names can differ in words"
        return values

    @abstractmethod
    def in_words(self) -> str:
        """What it is, with its article: ``a map of 3 channels``."""

    @abstractmethod
    def to_json(self) -> dict[str, object]:
        """As values of JSON, with the ``kind``."""


class FixedForm(Form):
    """A layer of which all samples of one size have equally many values, so that a store keeps each in one chunk."""

    @abstractmethod
    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """The shape of values in a picture of this size."""


class PixelForm(FixedForm):
    """A layer with values for every pixel, ``h w ...``. An unknown pixel has the value that `blank` is full of."""

    @abstractmethod
    def resized(self, values: Values, hw: tuple[int, int]) -> Shaped[np.ndarray, "_ _ ..."]:
        """Values at another height and width, in the type of `dtype`."""

    def placed(self, values: Values, place: Fit) -> Shaped[np.ndarray, "H W ..."]:
        """Resize them; padding is not known."""
        y0, y1, x0, x1 = place.inside
        stored = self.blank(*place.size)
        stored[y0:y1, x0:x1] = self.resized(values, (y1 - y0, x1 - x0))
        return stored

    def cut(self, values: Values, inside: tuple[int, int, int, int]) -> Shaped[np.ndarray, "_ _ ..."]:
        """These pixels."""
        y0, y1, x0, x1 = inside
        return values[y0:y1, x0:x1]


def size_fault(values: np.ndarray, shape: tuple[int, ...]) -> str:
    """Why the shape of values is not the one that their image asks for; empty if it is."""
    if values.shape == shape:
        return ""
    found, expected = (" x ".join(map(str, each)) for each in (values.shape, shape))
    return f"is {found or 'a single number'}, but its image asks for {expected}"


def check_names(names: Sequence[str], most: int, kind: str, what: str) -> None:
    """Raise `ValueError` for too many names, names that are the same, or that a store cannot keep.

    ``kind`` is the kind of layer with its article, ``what`` the plural of what is named: ``a mask``, ``classes``.
    """
    if not 1 <= len(names) <= most:
        raise ValueError(f"{kind} has 1 to {most} {what}, not {len(names)}")
    if len(set(names)) < len(names):
        raise ValueError(f"two {what} of {kind} have the same name")
    for name in names:
        if fault := text_fault(name):
            raise ValueError(f"one of the {what} of {kind} has a name that {fault}")


def parse_names(values: Mapping[str, object], kind: str) -> tuple[str, ...] | None:
    """The names in the JSON of a layer of a kind; ``None`` for another one. Raises `ValueError` for what is no text."""
    match values:
        case {"kind": str(found), "names": [*names]} if found == kind:
            texts = [name for name in names if isinstance(name, str)]
            if len(texts) < len(names):
                raise ValueError(
                    f"each of the names of a {kind} layer should be a text; put numbers, yes, no, on and off in quotes"
                )
            return tuple(texts)
    return None


def places_of(names: Sequence[str], known: Sequence[str]) -> list[int | None]:
    """Where each of the names stands among those that are known, ``None`` for strangers."""
    where = {name: place for place, name in enumerate(known)}
    return [where.get(name) for name in names]
