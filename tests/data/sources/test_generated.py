"""What generated data sets have in common."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.sample import Sample
from auxseg.data.sources.generated import SMALLEST, GeneratedSource
from auxseg.errors import InputError


class _Dots(GeneratedSource):
    name = "dots"
    prefix = "dot"
    mask_classes = ("background", "dot")

    def draw(self, id: str, index: int) -> Sample:
        return Sample(id, np.full((*self.size, 3), index, np.uint8))


def test_a_sample_is_drawn_by_its_index() -> None:
    source = _Dots(12, SMALLEST)
    items = source.items()
    assert [item.id for item in items][-1] == "dot-000011"
    assert [item.split for item in items[:10]] == ["train"] * 7 + ["val"] + ["test"] * 2
    assert [(source.read(item).id, int(source.read(item).image[0, 0, 0])) for item in items] == [
        (f"dot-{index:06d}", index) for index in range(12)
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((10**11,), "dots: the number of samples must be from 1 to 1,000,000, not 100,000,000,000"),
        ((0,), "dots: the number of samples must be from 1 to 1,000,000, not 0"),
        ((1, SMALLEST - 1), "dots: the size must be at least 32 pixels, not 31"),
        ((1, SMALLEST, -1), "dots: expected a seed of at least 0, not -1"),
    ],
)
def test_what_cannot_be_generated_is_refused(arguments: tuple[int, ...], reason: str) -> None:
    with pytest.raises(InputError, match=f"^{reason}$"):
        _Dots(*arguments)
