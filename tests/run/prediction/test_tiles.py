"""Which tiles are meant."""

from __future__ import annotations

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.tiling import Tiles
from auxseg.recipe import load_recipe
from auxseg.records.values.size import Size
from auxseg.run.prediction.tiles import AskedTiles, chosen_tiles, own_tiles

VOCABULARY = Vocabulary(Size(96, 96), ("background", "animal"), {})


@pytest.mark.parametrize(
    ("settings", "tiles", "overlap", "expected"),
    [
        ([], None, None, None),
        ([], True, None, Tiles(96, 0.5)),
        ([], 32, 0.25, Tiles(32, 0.25)),
        (["data.crop.size=48"], None, None, Tiles(48, 0.5)),
        (["data.crop.size=48"], None, 0.0, Tiles(48, 0.0)),
        (["data.crop.size=48"], True, None, Tiles(48, 0.5)),
        (["data.crop.size=48"], 64, None, Tiles(64, 0.5)),
    ],
)
def test_tiles_are_those_of_the_training_unless_told(
    settings: list[str], tiles: AskedTiles, overlap: float | None, expected: Tiles | None
) -> None:
    recipe = load_recipe("tiny", settings)
    assert chosen_tiles(recipe, VOCABULARY, tiles, overlap) == expected
    assert own_tiles(recipe) == (Tiles(48) if settings else None)


def test_an_overlap_without_tiles_is_refused() -> None:
    with pytest.raises(InputError, match=r"^--overlap 0\.25 changes nothing.*give --tiles too$"):
        chosen_tiles(load_recipe("tiny"), VOCABULARY, None, 0.25)
