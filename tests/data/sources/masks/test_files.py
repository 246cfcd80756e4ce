"""Every kind of mask file gives the values that were saved, or says why it cannot."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sources.masks.files import Pixels, mask_size, read_grey, read_pixels
from auxseg.data.sources.source import SampleError
from tests.data.sources.masks.drawn import indexed, save

VALUES = np.array([[0, 1, 2], [3, 255, 7]], np.uint8)
COLOURS = ((0, 0, 0), (250, 50, 83), (9, 9, 200))


def png_of_few_bits(path: Path, values: np.ndarray, bits: int) -> Path:
    """Grey of 2 or 4 bits, which Pillow does not write."""
    per_byte = 8 // bits
    padded = np.zeros((len(values), -(-values.shape[1] // per_byte) * per_byte), np.uint8)
    padded[:, : values.shape[1]] = values
    packed = np.zeros((len(values), padded.shape[1] // per_byte), np.uint8)
    for place in range(per_byte):
        packed |= padded[:, place::per_byte] << (8 - bits * (place + 1))
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
    )
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff"])
def test_greys_of_8_bits_are_their_values(tmp_path, suffix):
    pixels = read_pixels(save(tmp_path / f"a{suffix}", VALUES))
    np.testing.assert_array_equal(pixels.values, VALUES)
    assert pixels.palette is None
    assert not pixels.is_coloured


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_greys_of_16_bits_keep_what_8_cannot_hold(tmp_path, suffix):
    deep = VALUES.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_pixels(save(tmp_path / f"a{suffix}", deep)).values, deep)


@pytest.mark.parametrize("bits", [2, 4])
def test_greys_of_few_bits_are_what_is_in_the_file_and_not_stretched(tmp_path, bits):
    values = np.arange(2**bits, dtype=np.uint8).reshape(2, -1)
    path = png_of_few_bits(tmp_path / "a.png", values, bits)
    np.testing.assert_array_equal(read_pixels(path).values, values)


def test_black_and_white_is_0_and_1(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray((VALUES > 2).astype(np.uint8) * 255).convert("1"))
    np.testing.assert_array_equal(read_pixels(path).values, VALUES > 2)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".bmp"])
def test_a_palette_gives_indices_and_their_colours(tmp_path, suffix):
    indices = VALUES % 3
    pixels = read_pixels(save(tmp_path / f"a{suffix}", indexed(indices, *COLOURS)))
    assert pixels.palette is not None
    np.testing.assert_array_equal(pixels.palette[pixels.values], np.array(COLOURS, np.uint8)[indices])
    if suffix != ".gif":  # whose writer may number the colours anew
        np.testing.assert_array_equal(pixels.values, indices)


def test_a_palette_of_greys_in_order_says_nothing(tmp_path):
    greys = [(value, value, value) for value in range(256)]
    pixels = read_pixels(save(tmp_path / "a.png", indexed(VALUES, *greys)))
    np.testing.assert_array_equal(pixels.values, VALUES)
    assert pixels.palette is None
    assert read_pixels(save(tmp_path / "b.png", indexed(VALUES, *greys[::-1]))).palette is not None


def test_colours_stay_three_channels(tmp_path):
    colours = np.array(COLOURS, np.uint8)[VALUES % 3]
    pixels = read_pixels(save(tmp_path / "a.png", colours))
    np.testing.assert_array_equal(pixels.values, colours)
    assert pixels.is_coloured
    assert pixels.one_channel() is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_three_channels_that_are_alike_are_one(tmp_path, mode):
    pixels = read_pixels(save(tmp_path / "a.png", Image.fromarray(VALUES).convert(mode)))
    assert pixels.is_coloured
    np.testing.assert_array_equal(pixels.one_channel(), VALUES)


def test_one_channel_is_itself():
    assert Pixels(VALUES).one_channel() is VALUES


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_mask_with_transparent_pixels_is_refused(tmp_path, mode):
    picture = Image.fromarray(VALUES).convert(mode)
    picture.putalpha(Image.fromarray(np.where(VALUES == 7, 254, 255).astype(np.uint8)))
    path = save(tmp_path / "a.png", picture)
    for read in (read_pixels, read_grey):
        with pytest.raises(SampleError) as error:
            read(path)
        assert str(error.value) == ("a.png has transparent pixels; a mask should be opaque, with a class in each pixel")


def test_other_colour_spaces_are_refused_by_their_name(tmp_path):
    path = save(tmp_path / "a.tif", Image.new("CMYK", (3, 2)))
    with pytest.raises(SampleError, match=r"^a\.tif has mode CMYK; a mask should have one channel, or colours as RGB$"):
        read_pixels(path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, np.float32])
def test_arrays_are_values_of_any_number_type(tmp_path, dtype):
    np.save(tmp_path / "a.npy", VALUES.astype(dtype))
    pixels = read_pixels(tmp_path / "a.npy")
    np.testing.assert_array_equal(pixels.values, VALUES)
    assert pixels.values.dtype == dtype


def test_arrays_of_truths_are_0_and_1(tmp_path):
    np.save(tmp_path / "a.npy", VALUES > 2)
    values = read_pixels(tmp_path / "a.npy").values
    np.testing.assert_array_equal(values, (VALUES > 2).astype(np.uint8))
    assert values.dtype == np.uint8


@pytest.mark.parametrize("shape", [(1, 2, 3), (2, 3, 1), (2, 1, 3)])
def test_arrays_may_have_one_axis_too_many_of_length_1(tmp_path, shape):
    np.save(tmp_path / "a.npy", VALUES.reshape(shape))
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.npy").values, VALUES)
    assert mask_size(tmp_path / "a.npy") == (2, 3)


def test_a_mask_of_one_row_keeps_its_row(tmp_path):
    np.save(tmp_path / "a.npy", VALUES[:1])
    assert read_pixels(tmp_path / "a.npy").values.shape == mask_size(tmp_path / "a.npy") == (1, 3)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 4, 5)), r"a\.npy has the shape \(3, 4, 5\); a mask should be height x width"),
        (np.zeros(5), r"a\.npy has the shape \(5,\); a mask should be height x width"),
        (np.zeros((0, 5)), r"a\.npy has the shape \(0, 5\); a mask should be height x width"),
        (np.array([["x"]]), r"a\.npy should hold one array of numbers"),
        (np.zeros((2, 2), complex), r"a\.npy should hold one array of numbers"),
        (np.array([[0.0, np.nan]]), r"a\.npy holds values that are not numbers"),
        (np.array([[0.0, np.inf]]), r"a\.npy holds values that are not numbers"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array)
    for read in (read_pixels, read_grey):
        with pytest.raises(SampleError, match=f"^{reason}$"):
            read(tmp_path / "a.npy")


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00\xff\xff"])
def test_files_that_are_no_arrays_are_refused(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    for read in (read_pixels, mask_size):
        with pytest.raises(SampleError, match=r"^a\.npy is not a readable array: "):
            read(tmp_path / "a.npy")


def test_arrays_run_no_code(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[print]], object), allow_pickle=True)
    with pytest.raises(SampleError, match=r"^a\.npy is not a readable array: .*Python objects"):
        read_pixels(tmp_path / "a.npy")


def test_several_arrays_in_one_file_are_no_mask(tmp_path):
    np.savez(tmp_path / "a.npz", VALUES, VALUES)
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    with pytest.raises(SampleError, match=r"^a\.npy should hold one array of numbers$"):
        read_pixels(tmp_path / "a.npy")


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(SampleError, match=r"^folder\.npy is not a regular file$"):
        read_pixels(tmp_path / "folder.npy")
    with pytest.raises(SampleError, match=r"^gone\.npy does not exist$"):
        mask_size(tmp_path / "gone.npy")
    for read in (read_pixels, read_grey, mask_size):
        with pytest.raises(SampleError, match=r"gone\.png does not exist"):
            read(tmp_path / "gone.png")


def test_the_size_is_height_and_width_of_whatever_kind(tmp_path):
    assert mask_size(save(tmp_path / "a.png", VALUES)) == (2, 3)
    np.save(tmp_path / "a.npy", VALUES.T)
    assert mask_size(tmp_path / "a.npy") == (3, 2)


def test_brightness_is_that_of_rec_601_and_of_palettes_their_colours(tmp_path):
    """A threshold on a palette cuts what is seen, not how its colours are numbered."""
    colours = np.array(COLOURS, np.uint8)
    expected = np.rint(colours @ [0.299, 0.587, 0.114])[VALUES % 3]
    for picture in (indexed(VALUES % 3, *COLOURS), Image.fromarray(colours[VALUES % 3])):
        np.testing.assert_allclose(read_grey(save(tmp_path / "a.png", picture)), expected, atol=1)


def test_brightness_of_one_channel_is_its_values(tmp_path):
    np.testing.assert_array_equal(read_grey(save(tmp_path / "a.png", VALUES)), VALUES)
    white = Image.fromarray((VALUES > 2).astype(np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(read_grey(save(tmp_path / "b.png", white)), (VALUES > 2) * 255)
    deep = VALUES.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_grey(save(tmp_path / "c.png", deep)), deep)
    np.save(tmp_path / "d.npy", VALUES / 255)
    np.testing.assert_array_equal(read_grey(tmp_path / "d.npy"), VALUES / 255)
