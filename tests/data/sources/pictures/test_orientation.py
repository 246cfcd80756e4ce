"""Photographs whose sizes leave their orientation open are read like the others, or the question stays open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import Orientation, Sample
from auxseg.data.sources import Folder
from auxseg.data.sources.pictures.orientation import FOLLOWED
from auxseg.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)


def save(folder: Path, id: str, orientation: int, mask_hw: tuple[int, int] | None) -> None:
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(folder / "images" / f"{id}.png", exif=exif)
    if mask_hw is not None:
        mask = np.zeros(mask_hw, np.uint8)
        mask[:9, :9] = 1
        Image.fromarray(mask).save(folder / "masks" / f"{id}.png")


def read(source: Folder, id: str) -> Sample:
    return source.read(next(item for item in source.items() if item.id == id))


@pytest.mark.parametrize(("other_hw", "is_turned"), [((40, 30), True), ((30, 40), False)])
def test_an_open_orientation_follows_the_others(tmp_path, other_hw, is_turned):
    save(tmp_path, "open", 3, (30, 40))
    save(tmp_path, "other", 6, other_hw)
    sample = read(Folder(tmp_path), "open")
    assert (sample.orientation, sample.notes) == (Orientation(3, is_turned), (FOLLOWED,))
    np.testing.assert_array_equal(sample.image, PIXELS[::-1, ::-1] if is_turned else PIXELS)


def test_without_others_or_where_they_disagree_it_stays_open(tmp_path):
    save(tmp_path, "open", 3, (30, 40))
    assert read(Folder(tmp_path), "open").orientation == Orientation(3, is_turned=False, is_decided=False)
    save(tmp_path, "a", 6, (40, 30))
    save(tmp_path, "b", 6, (30, 40))
    sample = read(Folder(tmp_path), "open")
    assert (sample.orientation, sample.notes) == (Orientation(3, is_turned=False, is_decided=False), ())


def test_boxes_alone_follow_the_others_too(tmp_path):
    save(tmp_path, "boxed", 6, None)
    save(tmp_path, "plain", 1, (30, 40))
    (tmp_path / "boxes.csv").write_text("id,x0,y0,x1,y1\nboxed,1,1,9,9\n")
    assert read(Folder(tmp_path), "boxed").orientation == Orientation(6, is_turned=True, is_decided=False)
    save(tmp_path, "other", 6, (30, 40))
    assert read(Folder(tmp_path), "boxed").orientation == Orientation(6, is_turned=False)


@pytest.mark.parametrize(("exif", "is_turned"), [("apply", True), ("ignore", False)])
def test_the_setting_decides(tmp_path, exif, is_turned):
    save(tmp_path, "open", 3, (30, 40))
    source = Folder(tmp_path, exif=exif)
    assert read(source, "open").orientation == Orientation(3, is_turned)
    assert source.provenance()["exif"] == exif


def test_another_setting_is_refused(tmp_path):
    with pytest.raises(InputError, match="exif must be one of auto, apply, ignore, not 'never'"):
        Folder(tmp_path, exif="never")
