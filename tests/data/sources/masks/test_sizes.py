"""A mask of another size costs itself; the data set is refused only where none has the size of its photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sources.masks.sizes import fitting, refuse_misfits
from auxseg.errors import InputError

IMAGE = np.zeros((4, 6, 3), np.uint8)


def save(path: Path, hw: tuple[int, int]) -> Path:
    Image.new("L", (hw[1], hw[0])).save(path)
    return path


def pair(folder: Path, name: str, photograph: tuple[int, int], mask: tuple[int, int]) -> tuple[Path, Path]:
    return save(folder / f"{name}.png", photograph), save(folder / f"{name}_mask.png", mask)


def refusal(*pairs: tuple[Path, Path]) -> str | None:
    """Why photographs and their masks are refused, if they are."""
    try:
        refuse_misfits(pairs)
    except InputError as error:
        return str(error)
    return None


def test_a_mask_of_the_right_size_and_no_mask_stay_what_they_are():
    mask = np.ones((4, 6), np.uint8)
    kept, dropped = fitting(mask, IMAGE, ("before",))
    assert kept is mask
    assert dropped == ("before",)
    assert fitting(None, IMAGE, ("before",)) == (None, ("before",))


@pytest.mark.parametrize("hw", [(6, 4), (4, 5), (2, 12)])
def test_a_mask_of_another_size_is_left_out_and_says_both_sizes(hw):
    mask, dropped = fitting(np.ones(hw, np.uint8), IMAGE, ("before",))
    assert mask is None
    assert dropped == ("before", f"its mask is {hw[0]} x {hw[1]} (height x width), its image 4 x 6")


def test_one_fitting_mask_is_enough(tmp_path):
    assert refusal(pair(tmp_path, "a", (4, 6), (2, 3)), pair(tmp_path, "b", (4, 6), (4, 6))) is None
    assert refusal() is None


def test_a_turned_photograph_fits_its_mask(tmp_path):
    assert refusal(pair(tmp_path, "a", (4, 6), (6, 4))) is None


def test_where_none_fits_the_first_is_named_with_both_sizes(tmp_path):
    assert refusal(pair(tmp_path, "a", (4, 6), (2, 3)), pair(tmp_path, "b", (4, 6), (8, 12))) == (
        "no mask has the size of its image: for example, a_mask.png is 2 x 3 (height x width), a.png 4 x 6"
    )


def test_what_cannot_be_read_says_nothing_about_sizes(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no")
    photograph, mask = pair(tmp_path, "a", (4, 6), (2, 3))
    assert refusal((broken, mask), (photograph, broken)) is None
    found = refusal((broken, mask), (photograph, mask))
    assert found is not None
    assert found.startswith("no mask has the size of its image: for example, a_mask.png")


def test_of_many_some_are_looked_at_from_first_to_last(tmp_path):
    misfit, good = pair(tmp_path, "a", (4, 6), (2, 3)), pair(tmp_path, "b", (4, 6), (4, 6))
    assert refusal(*[misfit] * 32, good, *[misfit] * 31) is None
    assert refusal(misfit, good, *[misfit] * 30) is not None


def test_arrays_have_sizes_too(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 6), np.int64))
    photograph, other = save(tmp_path / "a.png", (4, 6)), save(tmp_path / "b.png", (4, 7))
    assert refusal((photograph, tmp_path / "a.npy")) is None
    assert refusal((other, tmp_path / "a.npy")) is not None
