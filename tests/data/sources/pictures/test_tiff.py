"""TIFF files of many channels, against an independent writer made of the standard's text and zlib."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image

from auxseg.data.sources.pictures.native import native_size, read_native
from auxseg.data.sources.source import SampleError

RANDOM = np.random.default_rng(0)
DEFLATE, NONE = 8, 1


def write_tiff(
    path: Path,
    image: np.ndarray,
    *,
    order: Literal["<", ">"] = "<",
    planar: bool = False,
    compression: int = NONE,
    predictor: int = 1,
    tile: int = 0,
    rows: int = 7,
    sample_format: int = 1,
) -> None:
    """A TIFF file in strips of ``rows`` or in square tiles, as TIFF 6.0 describes it."""
    height, width, channels = image.shape
    planes = [image[..., channel, None] for channel in range(channels)] if planar else [image]
    parts: list[bytes] = []
    for plane in planes:
        for block in _tiles(plane, tile) if tile else [plane[top : top + rows] for top in range(0, height, rows)]:
            values = block.copy()
            if predictor == 2:
                values[:, 1:] -= block[:, :-1]
            raw = values.astype(values.dtype.newbyteorder(order)).tobytes()
            parts.append(zlib.compress(raw) if compression == DEFLATE else raw)
    content = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 0)
    places = []
    for part in parts:
        places.append(len(content))
        content += part + bytes(len(part) % 2)
    layout = {322: [tile], 323: [tile], 324: places, 325: list(map(len, parts))}
    if not tile:
        layout = {273: places, 278: [rows], 279: list(map(len, parts))}
    bits = image.dtype.itemsize * 8
    tags = {
        256: [width],
        257: [height],
        258: [bits] * channels,
        259: [compression],
        262: [1],
        277: [channels],
        **layout,
    }
    tags |= {284: [2 if planar else 1], 317: [predictor], 339: [sample_format] * channels}
    directory, behind = struct.pack(f"{order}H", len(tags)), b""
    start = len(content)
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            place = start + 2 + 12 * len(tags) + 4 + len(behind)
            behind += packed
            packed = struct.pack(f"{order}I", place)
        directory += struct.pack(f"{order}HHI", tag, 4, len(values)) + packed
    content = content[:4] + struct.pack(f"{order}I", start) + content[8:]
    path.write_bytes(content + directory + struct.pack(f"{order}I", 0) + behind)


def _tiles(plane: np.ndarray, side: int) -> list[np.ndarray]:
    height, width = plane.shape[:2]
    shape = (height + -height % side, width + -width % side, plane.shape[2])
    padded = np.zeros(shape, plane.dtype)
    padded[:height, :width] = plane
    return [
        padded[top : top + side, left : left + side] for top in range(0, height, side) for left in range(0, width, side)
    ]


def image_of(channels: int, dtype: type[np.unsignedinteger] = np.uint16) -> np.ndarray:
    return RANDOM.integers(0, np.iinfo(dtype).max, (37, 45, channels), dtype, endpoint=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 4, 5, 16])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"order": ">"},
        {"planar": True},
        {"compression": DEFLATE, "predictor": 2},
        {"compression": DEFLATE, "predictor": 2, "tile": 16},
        {"compression": DEFLATE, "planar": True, "tile": 16, "order": ">"},
    ],
    ids=str,
)
def test_every_value_is_read(
    tmp_path: Path, channels: int, dtype: type[np.unsignedinteger], settings: dict[str, object]
) -> None:
    image = image_of(channels, dtype)
    write_tiff(tmp_path / "a.tif", image, **settings)  # pyright: ignore[reportArgumentType]
    found = read_native(tmp_path / "a.tif")
    assert found.dtype == image.dtype
    np.testing.assert_array_equal(found, image)
    assert native_size(tmp_path / "a.tif") == (37, 45)


@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_files_of_opencv_are_read(tmp_path: Path, compression: int) -> None:
    image = image_of(3)
    cv2.imwrite(str(tmp_path / "a.tif"), image[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, compression])
    np.testing.assert_array_equal(read_native(tmp_path / "a.tif"), image)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg", None])
def test_files_of_pillow_are_read_as_pillow_reads_them(tmp_path: Path, compression: str | None) -> None:
    Image.fromarray(image_of(3, np.uint8)).save(tmp_path / "a.tif", compression=compression)
    with Image.open(tmp_path / "a.tif") as picture:
        np.testing.assert_array_equal(read_native(tmp_path / "a.tif"), np.asarray(picture))


def test_white_is_zero(tmp_path: Path) -> None:
    image = image_of(1, np.uint8)
    write_tiff(tmp_path / "a.tif", image)
    content = (tmp_path / "a.tif").read_bytes()
    before = struct.pack("<HHII", 262, 4, 1, 1)
    assert content.count(before) == 1
    (tmp_path / "a.tif").write_bytes(content.replace(before, struct.pack("<HHII", 262, 4, 1, 0)))
    np.testing.assert_array_equal(read_native(tmp_path / "a.tif"), 255 - image)


def test_other_values_are_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", image_of(4), sample_format=2)
    with pytest.raises(SampleError, match=r"a\.tif should hold uint8 or uint16"):
        read_native(tmp_path / "a.tif")


def test_more_channels_than_a_store_holds_are_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", image_of(17))
    with pytest.raises(SampleError, match=r"a\.tif has 17 channels, expected 1 to 16"):
        read_native(tmp_path / "a.tif")


def test_a_huge_size_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", image_of(4))
    content = (tmp_path / "a.tif").read_bytes()
    for tag, side in ((256, 45), (257, 37)):
        content = content.replace(struct.pack("<HHII", tag, 4, 1, side), struct.pack("<HHII", tag, 4, 1, 2**20))
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(SampleError, match=r"over the limit of 100,000,000"):
        read_native(tmp_path / "a.tif")


@pytest.mark.parametrize("step", range(0, 400, 20))
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, step: int) -> None:
    """Whatever is in it, the fault is a `SampleError`."""
    write_tiff(tmp_path / "a.tif", image_of(4)[:8, :8], compression=DEFLATE, predictor=2)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    random = np.random.default_rng(step)
    for place in random.integers(8, len(content), 6):
        content[place] = random.integers(256)
    (tmp_path / "a.tif").write_bytes(content[: len(content) - step // 40])
    try:
        image = read_native(tmp_path / "a.tif")
    except SampleError:
        return
    assert image.ndim == 3
