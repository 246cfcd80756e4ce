"""Images with all their channels and bits: arrays, PNG of 16 bits, and what is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from auxseg.data.channels import Channels, unnamed
from auxseg.data.sources.pictures.native import decide_channels, native_size, read_native, refuse_other
from auxseg.data.sources.pictures.native_images import native_images
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

IMAGE = np.random.default_rng(0).integers(0, 2**16, (21, 34, 4), np.uint16)


@pytest.mark.parametrize(
    "values",
    [
        IMAGE,
        IMAGE.transpose(2, 0, 1),
        np.asfortranarray(IMAGE),
        IMAGE.astype(">u2"),
    ],
    ids=["last", "first", "fortran", "big endian"],
)
def test_arrays_are_read_in_either_layout(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", values)
    found = read_native(tmp_path / "a.npy")
    assert found.dtype == np.dtype("=u2")
    np.testing.assert_array_equal(found, IMAGE)
    assert native_size(tmp_path / "a.npy") == (21, 34)


def test_an_array_of_two_axes_is_one_channel(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGE[..., 0])
    np.testing.assert_array_equal(read_native(tmp_path / "a.npy"), IMAGE[..., :1])


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (IMAGE.astype(np.float32), "holds float32, expected uint8 or uint16"),
        (IMAGE.astype(np.int16), "holds int16, expected"),
        (IMAGE[None], r"has shape \(1, 21, 34, 4\)"),
        (IMAGE[:0], r"has shape \(0, 34, 4\)"),
        (IMAGE[:4, :, :4], ".*does not tell its channels"),
        (np.zeros((20, 30, 17), np.uint8), ".*does not tell its channels"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, values: np.ndarray, fault: str) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(SampleError, match=rf"^a\.npy {fault}"):
        read_native(tmp_path / "a.npy")


def test_an_array_that_says_it_is_huge_is_refused_by_its_header(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"shape": (40000, 40000, 4), "fortran_order": False, "descr": "<u2"})
    with pytest.raises(SampleError, match=r"a\.npy holds .* bytes"):
        read_native(tmp_path / "a.npy")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_of_sixteen_bits_keeps_them(tmp_path: Path, channels: int) -> None:
    image = IMAGE[..., :channels]
    order = [2, 1, 0, 3][:channels] if channels > 1 else [0]
    cv2.imwrite(str(tmp_path / "a.png"), image[..., order])
    np.testing.assert_array_equal(read_native(tmp_path / "a.png"), image)
    assert native_size(tmp_path / "a.png") == (21, 34)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_png_of_eight_bits_keeps_its_channels(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray((IMAGE >> 8).astype(np.uint8), "RGBA").convert(mode)
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_native(tmp_path / "a.png"), np.asarray(picture).reshape(21, 34, -1))


def test_a_palette_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.eye(20, dtype=np.uint8), "P").save(tmp_path / "a.png")
    with pytest.raises(SampleError, match=r"a\.png has mode P, expected one of L, LA, RGB, RGBA, or 16 bits"):
        read_native(tmp_path / "a.png")


def test_a_damaged_png_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), IMAGE[..., :3])
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(SampleError, match=r"a\.png is damaged"):
        read_native(tmp_path / "a.png")


def test_the_first_image_that_can_be_read_decides(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"nothing")
    np.save(tmp_path / "b.npy", IMAGE)
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    assert decide_channels(paths, "native") == (unnamed(4, "uint16"), "b.npy")
    names = ("red", "green", "blue", "nir")
    assert decide_channels(paths, "red, green,blue,nir") == (Channels(names, "uint16"), "b.npy")


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("red,green", "names 2 channels, but .*b.npy has 4; name them all"),
        ("red,,green", "a channel is called ''"),
        ("red,red", "two channels have the same name"),
    ],
)
def test_names_that_do_not_fit_are_refused(tmp_path: Path, asked: str, fault: str) -> None:
    np.save(tmp_path / "b.npy", IMAGE)
    with pytest.raises(InputError, match=rf"^--channels {asked}: {fault}"):
        decide_channels([tmp_path / "b.npy"], asked)


def test_nothing_to_decide_by_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no image could be read to see its channels: a\.npy does not exist"):
        decide_channels([tmp_path / "a.npy"], "native")


def test_an_image_of_other_channels_names_both() -> None:
    with pytest.raises(SampleError, match=r"^b has 4 channels of uint16, but a has 1 channel of uint16 \(grey\)$"):
        refuse_other(IMAGE.shape[2], IMAGE.dtype, "b", unnamed(1, "uint16"), "a has")


def test_grey_with_alpha_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    """Made by hand, by the standard."""
    height, width = IMAGE.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in IMAGE[..., :2])
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 4, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(SampleError, match=r"a\.png has 16 bits and transparency beside its channels"):
        read_native(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16"])
def test_a_first_image_of_rgb_loses_no_channel_of_the_others(tmp_path: Path, mode: str) -> None:
    for number, kind in enumerate(("RGB", "L", mode)):
        Image.new(kind, (8, 8)).save(tmp_path / f"{number}.png")
    paths = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"0\.png is 8-bit RGB, but .*2\.png has other channels or more bits"):
        native_images(paths, "native", "auto")
    assert native_images(paths[:2], "native", "auto").reader is None
