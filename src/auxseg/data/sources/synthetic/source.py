"""The generated animals as a source."""

from __future__ import annotations

from typing import final

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.generated import GeneratedSource
from auxseg.data.sources.synthetic.breeds import BREEDS, Breed
from auxseg.data.sources.synthetic.scene import render


@final
class SyntheticSource(GeneratedSource):
    """Generated animals of two species and eight breeds on cluttered backgrounds.

    The breeds take turns within each split, so that all splits are balanced.
    """

    name = "synthetic"
    prefix = "synthetic"
    mask_classes = ("background", "animal")

    def draw(self, id: str, index: int) -> Sample:
        """Generate the sample of an index."""
        breed = self.breed(index)
        layers = render(breed, self.seed, index, self.size)
        boxes = () if layers.head_box is None else (Box(*map(float, layers.head_box), name="head"),)
        return Sample(
            id=id,
            image=layers.image,
            mask=layers.mask,
            boxes=boxes,
            classes={"species": breed.species, "breed": breed.name},
        )

    def breed(self, index: int) -> Breed:
        """Which breed sample ``index`` shows."""
        # Ten and eight share a factor: the extra turn per ten samples lets every split meet every breed.
        return BREEDS[(index + index // 10) % len(BREEDS)]
