"""The generated set as a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.synthetic.breeds import BREEDS, Breed
from auxseg.data.sources.synthetic.scene import render
from auxseg.errors import InputError

GENERATOR = "1"
"""Changes whenever the same seed gives other pictures."""

SMALLEST = 32
"""Below this many pixels a leg is thinner than a pixel."""

_SPLIT_CYCLE = ("train",) * 7 + ("val",) + ("test",) * 2


@final
class SyntheticSource(Source):
    """Generated animals of two species and eight breeds on cluttered backgrounds.

    Every sample depends on ``(seed, index)`` alone, so any process may make any sample, in any order, with the same
    bytes. Of every ten samples in a row seven are for training, one for validation, two for testing; the breeds take
    turns within each split, so that all splits are balanced. The same seed at another ``size`` shows the same scenes.

    Raises `InputError` if there is nothing to generate, the size is below 32 pixels or the seed is negative.
    """

    name = "synthetic"
    mask_classes = ("background", "animal")

    def __init__(self, num_samples: int = 1200, size: int = 128, seed: int = 0) -> None:
        if num_samples < 1:
            raise InputError(f"synthetic: the number of samples must be at least 1, not {num_samples}")
        if size < SMALLEST:
            raise InputError(f"synthetic: the size must be at least {SMALLEST} pixels, not {size}")
        if seed < 0:
            raise InputError(f"synthetic: expected a seed of at least 0, not {seed}")
        self.num_samples = num_samples
        self.size = size
        self.seed = seed

    def items(self) -> Sequence[Item]:
        """All samples in order of their index, each with its split."""
        return [Item(f"synthetic-{index:06d}", _SPLIT_CYCLE[index % 10]) for index in range(self.num_samples)]

    def read(self, item: Item) -> Sample:
        """Generate the sample that the item names."""
        index = int(item.id.removeprefix("synthetic-"))
        breed = self.breed(index)
        layers = render(breed, self.seed, index, self.size)
        boxes = () if layers.head_box is None else (Box(*map(float, layers.head_box), name="head"),)
        return Sample(
            id=item.id,
            image=layers.image,
            mask=layers.mask,
            boxes=boxes,
            classes={"species": breed.species, "breed": breed.name},
        )

    def breed(self, index: int) -> Breed:
        """Which breed sample ``index`` shows."""
        # Ten and eight share a factor: the extra turn per ten samples lets every split meet every breed.
        return BREEDS[(index + index // 10) % len(BREEDS)]

    def provenance(self) -> dict[str, str]:
        """The settings that make the same data set again."""
        return {
            "name": self.name,
            "generator": GENERATOR,
            "samples": str(self.num_samples),
            "size": str(self.size),
            "seed": str(self.seed),
        }
