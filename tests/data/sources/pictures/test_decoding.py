"""What decodes is taken whatever its name; what does not is refused with the reason."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from auxseg.data.sample import Orientation
from auxseg.data.sources.pictures import decoding
from auxseg.data.sources.pictures.decoding import Header, read_header, read_picture, to_rgb, upright
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
    for kind in ("PNG", "TIFF", "PPM"):
        path = saved(tmp_path, Image.fromarray(np.full((30, 40), 5000, np.uint16)), kind)
        with pytest.raises(SampleError, match="more than 8 bits per channel"):
            read_rgb(path)


def deep_png(colour_type: int) -> bytes:
    """A PNG file of 16 bits per channel, which Pillow cannot write: 2 is RGB, 4 grey with alpha, 6 RGB with alpha."""
    channels = {2: 3, 4: 2, 6: 4}[colour_type]
    row = b"\0" + np.full(40 * channels, 5000, ">u2").tobytes()
    return png(struct.pack(">IIBBBBB", 40, 30, 16, colour_type, 0, 0, 0), row * 30)


def png(header: bytes, rows: bytes) -> bytes:
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def deep_tiff() -> bytes:
    """An uncompressed TIFF file of 40 x 30 pixels, RGB of 16 bits per channel."""
    entries = [(256, 3, 1, 40), (257, 3, 1, 30), (258, 3, 3, 200), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 300), (277, 3, 1, 3), (278, 3, 1, 30), (279, 4, 1, 40 * 30 * 6)]
    header = b"II*\0" + struct.pack("<IH", 8, len(entries))
    header += b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return header.ljust(200, b"\0") + struct.pack("<3H", 16, 16, 16).ljust(100, b"\0") + bytes(40 * 30 * 6)


@pytest.mark.parametrize(
    "content",
    [deep_png(2), deep_png(4), deep_png(6), deep_tiff(), b"P6 40 30 4095\n" + bytes(40 * 30 * 6)],
    ids=["PNG RGB", "PNG LA", "PNG RGBA", "TIFF", "PPM"],
)
def test_deep_colours_are_refused_too(tmp_path, content):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with Image.open(path) as picture:
        assert picture.mode in ("RGB", "LA", "RGBA")  # so Pillow cuts off the low bits
    with pytest.raises(SampleError, match=r"has more than 8 bits per channel .*; convert it to 8 bits first"):
        read_picture(path)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")
def test_deep_avif_is_refused(tmp_path):
    path = tmp_path / "picture.avif"
    Image.fromarray(PIXELS).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"av1C") + 6] |= 0x40  # high_bitdepth, https://aomediacodec.github.io/av1-isobmff/
    depths = content.index(b"pixi") + 9
    content[depths : depths + 3] = [10, 10, 10]
    path.write_bytes(content)
    with pytest.raises(SampleError, match="more than 8 bits per channel"):
        read_picture(path)


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
    with pytest.raises(SampleError, match=r"picture\.jpg (cannot be decoded|is damaged)"):
        read_picture(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for name, reason in (
        ("nothing.jpg", "does not exist"),
        (".", "is not a regular file"),
        ("x" * 300, "cannot be opened"),
    ):
        with pytest.raises(SampleError, match=reason):
            read_picture(tmp_path / name)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "picture.jpg")
    with pytest.raises(SampleError, match=r"picture\.jpg is not a regular file"):
        read_picture(tmp_path / "picture.jpg")


def test_formats_that_start_other_programs_are_not_opened(tmp_path, monkeypatch):
    path = tmp_path / "picture.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n")
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(
        SampleError, match=r"picture\.jpg cannot be decoded as an image; supported formats are JPEG, PNG"
    ):
        read_picture(path)


def test_heif_without_a_decoder_says_what_to_install(tmp_path):
    path = tmp_path / "picture.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    with pytest.raises(SampleError, match="convert it to JPEG or PNG, or install a decoder: pip install pillow-heif"):
        read_picture(path)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")
def test_avif_is_read(tmp_path):
    path = tmp_path / "picture.avif"
    Image.new("RGB", (40, 30), (200, 60, 20)).save(path)
    assert read_rgb(path).shape == (30, 40, 3)
    assert abs(read_rgb(path).astype(int) - [200, 60, 20]).max() < 8


def test_large_pictures_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(PIXELS), "PNG")
    path.write_bytes(path.read_bytes()[:60])
    monkeypatch.setattr(decoding, "MAX_PIXELS", 40 * 30 - 1)
    with pytest.raises(SampleError, match="has 40 x 30 pixels, over the limit of 1,199"):
        read_picture(path)


def test_a_decompression_bomb_is_refused(tmp_path):
    path = tmp_path / "picture.jpg"
    for size in ((20_000, 6_000), (20_000, 10_000)):  # below and above what Pillow refuses by itself
        path.write_bytes(png(struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0), b""))
        with pytest.raises(SampleError, match=rf"has {size[0]} x {size[1]} pixels, over the limit of 100,000,000"):
            read_picture(path)


def test_the_limit_of_the_process_does_not_count(tmp_path, monkeypatch):
    path = saved(tmp_path, Image.fromarray(PIXELS), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    np.testing.assert_array_equal(read_rgb(path), PIXELS)


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


def test_headers_say_size_and_orientation_without_decoding(tmp_path):
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    for kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        assert read_header(saved(tmp_path, Image.fromarray(PIXELS), kind, exif=tags)) == Header(30, 40, 6)
    path = saved(tmp_path, Image.fromarray(PIXELS), "PNG")
    path.write_bytes(path.read_bytes()[:60])
    assert read_header(path) == Header(30, 40, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["TIFF", "PNG"])
def test_pixels_come_as_they_are_stored_in_every_format(tmp_path, kind, orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    path = saved(tmp_path, Image.fromarray(PIXELS), kind, exif=tags)
    picture, decision = upright(read_picture(path), (30, 40), "ignore")
    np.testing.assert_array_equal(np.asarray(picture), PIXELS)
    assert decision.tag == orientation
    picture, _ = upright(read_picture(path), None, "apply")
    reference = ImageOps.exif_transpose(Image.open(path))
    np.testing.assert_array_equal(np.asarray(picture), np.asarray(reference))
