"""What the built-in generated data sets have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item, Source
from auxseg.errors import InputError
from auxseg.records.values.size import SizeLike, as_size

SMALLEST: Final = 32
"""Below this many pixels thin parts, such as legs, are thinner than a pixel."""

MOST: Final = 1_000_000
"""More samples are surely a slip, and what is kept of each while they are written would take over 2 GB."""

_SPLIT_CYCLE: Final = ("train",) * 7 + ("val",) + ("test",) * 2


class GeneratedSource(Source):
    """Samples that depend on ``(seed, index)`` alone.

    So any process may make any sample, in any order, with the same bytes. Of every ten samples in a row seven are for
    training, one for validation, two for testing. The same seed at another ``size`` shows the same scenes; where a
    picture is longer in one direction, more of their surroundings.

    Attributes:
        prefix: what ids begin with, before the index.
        generator: the version of the drawings; it changes whenever the same seed gives other pictures.

    Raises `InputError` if there is nothing to generate or more than `MOST` samples, if a side is below 32 pixels, and
    if the seed is negative.
    """

    prefix: ClassVar[str]
    generator: ClassVar[str] = "1"

    def __init__(self, num_samples: int = 1200, size: SizeLike = 128, seed: int = 0) -> None:
        if not 1 <= num_samples <= MOST:
            raise InputError(f"{self.name}: the number of samples must be from 1 to {MOST:,}, not {num_samples:,}")
        self.size = as_size(size, "size")
        if self.size.shorter < SMALLEST:
            raise InputError(f"{self.name}: the size must be at least {SMALLEST} pixels, not {self.size}")
        if seed < 0:
            raise InputError(f"{self.name}: expected a seed of at least 0, not {seed}")
        self.num_samples = num_samples
        self.seed = seed

    def items(self) -> Sequence[Item]:
        """All samples in order of their index, each with its split."""
        return [Item(f"{self.prefix}-{index:06d}", _SPLIT_CYCLE[index % 10]) for index in range(self.num_samples)]

    def read(self, item: Item) -> Sample:
        """Generate the sample that the item names."""
        return self.draw(item.id, int(item.id.removeprefix(f"{self.prefix}-")))

    @abstractmethod
    def draw(self, id: str, index: int) -> Sample:
        """Generate the sample of an index, under its id."""

    def provenance(self) -> dict[str, str]:
        """The settings that make the same data set again."""
        return {
            "name": self.name,
            "generator": self.generator,
            "samples": str(self.num_samples),
            "size": str(self.size),
            "seed": str(self.seed),
        }
