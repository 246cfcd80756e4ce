"""A PNG file that is written in bands holds the mask, its palette and the mark, as one that is written whole does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.drawing import palette_image
from auxseg.run.prediction.own_files import is_own_picture
from auxseg.run.prediction.png_rows import PngRows


@pytest.mark.parametrize("cuts", [[], [1, 2, 60], list(range(1, 70))])
def test_it_is_the_file_that_pillow_writes(tmp_path: Path, cuts: list[int]) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (70, 33), np.uint8)
    path = tmp_path / "mask.png"
    with path.open("wb") as file:
        png = PngRows(file, *mask.shape)
        for part in np.split(mask, cuts):
            png.add(part)
        png.finish()
    with Image.open(path) as found:
        found.load()
        np.testing.assert_array_equal(np.asarray(found), mask)
        assert (found.mode, found.getpalette()) == ("P", palette_image(mask).getpalette())
    assert is_own_picture(path)


def test_it_is_recognised_however_large_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    with path.open("wb") as file:
        PngRows(file, 20_000, 20_000).finish()
    assert is_own_picture(path)
