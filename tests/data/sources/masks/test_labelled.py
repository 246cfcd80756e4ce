"""A picture and its mask are read together: the mask says how the picture is turned, and costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import Orientation
from auxseg.data.sources.masks.labelled import AS_STORED, LabelledPicture, read_labelled
from auxseg.data.sources.masks.reader import MaskReader
from auxseg.data.sources.pictures.native import read_native
from auxseg.data.sources.pictures.orientation import FOLLOWED
from auxseg.data.sources.source import SampleError
from tests.data.pictures import draw_mask, draw_sample

READER = MaskReader(("background", "thing"), {0: 0, 1: 1})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of 40 x 50 pixels that is to be turned."""
    path, exif = tmp_path / "a.png", Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(draw_sample(0).image).save(path, exif=exif)
    return path


def save(folder: Path, mask: np.ndarray) -> Path:
    Image.fromarray(mask).save(folder / "mask.png")
    return folder / "mask.png"


def read(picture: Path, mask: Path | None, exif: str = "auto", agreed: bool | None = None) -> LabelledPicture:
    return read_labelled(picture, mask, READER, exif, lambda: agreed, has_boxes=agreed is not None)


def test_a_mask_says_whether_its_picture_is_turned(picture: Path, tmp_path: Path) -> None:
    stored = read(picture, save(tmp_path, draw_mask(0)))
    np.testing.assert_array_equal(stored.image, draw_sample(0).image)
    np.testing.assert_array_equal(stored.mask, draw_mask(0))
    assert stored.orientation == Orientation(6, False, True)
    turned = read(picture, save(tmp_path, draw_mask(0).T))
    assert (turned.image.shape, turned.orientation) == ((50, 40, 3), Orientation(6, True, True))


@pytest.mark.parametrize("agreed", [True, False])
def test_boxes_alone_follow_the_others(picture: Path, agreed: bool) -> None:
    found = read(picture, None, agreed=agreed)
    assert (found.mask, found.notes, found.orientation.is_turned) == (None, (FOLLOWED,), agreed)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("tag", [1, 6])
def test_images_whose_channels_are_kept_are_never_turned_and_that_is_noted(
    tmp_path: Path, suffix: str, tag: int
) -> None:
    path, exif, image = tmp_path / f"a{suffix}", Image.Exif(), draw_sample(0).image
    exif[0x0112] = tag
    Image.fromarray(image).save(path, exif=exif)
    found = read_labelled(path, None, READER, "auto", lambda: None, has_boxes=False, read_image=read_native)
    assert found.image.shape == image.shape
    assert found.orientation == Orientation()
    assert found.notes == (() if tag == 1 else (AS_STORED,))


def test_a_mask_that_cannot_be_used_is_left_out_alone(picture: Path, tmp_path: Path) -> None:
    for mask, reason in ((draw_mask(0) * 7, "its mask holds 7"), (draw_mask(0)[:20], "its mask is 20 x 50")):
        found = read(picture, save(tmp_path, mask))
        assert found.mask is None
        assert found.dropped[0].startswith(reason)
    assert read(picture, tmp_path / "gone.png").dropped == ("gone.png does not exist",)


def test_a_picture_that_cannot_be_read_is_a_bad_sample(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match=r"^gone\.png does not exist$"):
        read(tmp_path / "gone.png", save(tmp_path, draw_mask(0)))
