"""Which tiles are meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auxseg.data.geometry import fit
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.tiling import Tiles
from auxseg.recipe import load_recipe
from auxseg.records.values.size import Size
from auxseg.run.prediction.tiles import AskedTiles, chosen_tiles, own_tiles, times_smaller

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


@pytest.mark.parametrize(
    ("size", "resize", "trained", "hw", "expected"),
    [
        (Size(96, 96), "squash", (192, 384), (192, 384), 1),
        (Size(96, 96), "squash", (192, 384), (6 * 192, 6 * 384), 6),
        (Size(96, 96), "squash", (192, 384), (384, 384), 2**0.5),
        (Size(96, 96), "letterbox", (192, 384), (6 * 192, 6 * 384), 6),
        (Size(48, 96), "squash", (48, 96), (24, 48), 0.5),
    ],
)
def test_an_image_is_as_many_times_smaller_as_it_is_larger_than_those_trained_on(
    size: Size, resize: str, trained: tuple[int, int], hw: tuple[int, int], expected: float
) -> None:
    vocabulary = replace(VOCABULARY, size=size, resize=resize)
    y0, y1, x0, x1 = fit(trained, size, resize).inside
    known = replace(vocabulary, scale=((y1 - y0) / trained[0], (x1 - x0) / trained[1]))
    assert times_smaller(hw, known) == pytest.approx(expected)
    assert times_smaller(hw, vocabulary) == 1
