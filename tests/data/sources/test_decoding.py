"""What decodes is taken whatever its name; what does not is refused with the reason."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import Orientation
from auxseg.data.sources import decoding
from auxseg.data.sources.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.source import SampleError

PIXELS = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
ORIENTATION = 0x0112


def saved(folder: Path, picture: Image.Image, kind: str, **options) -> Path:
    path = folder / "picture.jpg"
    picture.save(path, kind, **options)
    return path


def read_rgb(path: Path) -> np.ndarray:
    return to_rgb(read_picture(path), path.name)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_the_content_decides_not_the_name(tmp_path, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(read_rgb(saved(tmp_path, Image.fromarray(PIXELS), kind, **options)), PIXELS)


def test_transparency_is_dropped(tmp_path):
    alpha = np.full((30, 40, 1), 7, np.uint8)
    picture = Image.fromarray(np.concatenate([PIXELS, alpha], axis=2))
    np.testing.assert_array_equal(read_rgb(saved(tmp_path, picture, "PNG")), PIXELS)


@pytest.mark.parametrize("transparency", [None, 3, bytes(range(16))])
def test_palettes_are_looked_up(tmp_path, transparency):
    indices = np.arange(30 * 40).reshape(30, 40).astype(np.uint8) % 16
    picture = Image.fromarray(indices)
    picture.putpalette(PIXELS.reshape(-1, 3)[:16].ravel().tolist())
    options = {} if transparency is None else {"transparency": transparency}
    path = saved(tmp_path, picture, "PNG", **options)
    np.testing.assert_array_equal(read_rgb(path), PIXELS.reshape(-1, 3)[indices])


def test_a_gif_gives_its_first_frame(tmp_path):
    frames = [Image.new("P", (40, 30), colour) for colour in (0, 1)]
    for frame in frames:
        frame.putpalette([10, 20, 30, 200, 210, 220])
    path = saved(tmp_path, frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (read_rgb(path) == [10, 20, 30]).all()


def test_grey_and_cmyk_become_rgb(tmp_path):
    assert (read_rgb(saved(tmp_path, Image.new("L", (40, 30), 77), "PNG")) == 77).all()
    assert read_rgb(saved(tmp_path, Image.fromarray(PIXELS).convert("CMYK"), "JPEG")).shape == (30, 40, 3)


def test_deep_pictures_are_refused_instead_of_clipped(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((30, 40), 5000, np.uint16)), "PNG")
    with pytest.raises(SampleError, match="more than 8 bits per channel"):
        read_rgb(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("kept", [0.6, 0.9])
def test_truncated_files_are_refused(tmp_path, kind, kept):
    path = saved(tmp_path, Image.fromarray(PIXELS), kind)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SampleError, match=r"picture\.jpg is damaged: "):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_what_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "picture.jpg"
    path.write_bytes(content)
    with pytest.raises(SampleError, match=r"picture\.jpg is (no image|damaged)"):
        read_picture(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for name in ("nothing.jpg", "."):
        with pytest.raises(SampleError, match="does not exist"):
            read_picture(tmp_path / name)


def test_large_pictures_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(PIXELS), "PNG")
    path.write_bytes(path.read_bytes()[:60])
    monkeypatch.setattr(decoding, "MAX_PIXELS", 40 * 30 - 1)
    with pytest.raises(SampleError, match="has 40 x 30 pixels, over 1,199"):
        read_picture(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    path = saved(tmp_path, Image.new("1", (20_000, 6_000)), "PNG")
    with pytest.raises(SampleError, match="pixels, over"):
        read_picture(path)


def test_a_damaged_exif_is_refused_where_it_is_needed():
    def picture() -> Image.Image:  # Pillow reports the damage of one picture once
        picture = Image.fromarray(PIXELS)
        picture.info["exif"] = b"Exif\x00\x00no TIFF header"
        return picture

    for mask_hw, exif in (((30, 40), "auto"), ((40, 30), "ignore")):
        assert upright(picture(), mask_hw, exif)[1] == Orientation()
    for mask_hw, exif in (((40, 30), "auto"), ((30, 40), "apply")):
        with pytest.raises(SampleError, match="its EXIF is damaged: "):
            upright(picture(), mask_hw, exif)


@pytest.mark.parametrize(
    ("orientation", "mask_hw", "exif", "turned", "is_decided"),
    [
        (6, (40, 30), "auto", True, True),
        (6, (30, 40), "auto", False, True),
        (6, (9, 9), "auto", False, True),
        (6, None, "auto", True, True),
        (1, (40, 30), "auto", False, True),
        (3, (30, 40), "auto", False, False),
        (3, (30, 40), "ignore", False, True),
        (6, (30, 40), "apply", True, True),
        (6, (40, 30), "ignore", False, True),
        (6, None, "ignore", False, True),
    ],
)
def test_the_mask_or_the_setting_decides_about_the_orientation(orientation, mask_hw, exif, turned, is_decided):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", exif=tags)
    result, decision = upright(Image.open(file), mask_hw, exif)
    assert decision == Orientation(orientation, turned, is_decided)
    # Orientation 6: the camera was turned, the right side of the picture is up.
    np.testing.assert_array_equal(result, np.rot90(PIXELS, -1) if turned else PIXELS)
