"""Rows of a file are those of the whole image, read without the rest, and what cannot be read so is said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auxseg.data.channels import RGB, Channels, unnamed
from auxseg.data.sources.pictures import by_rows
from auxseg.data.sources.pictures.by_rows import pixels_of, rows_of
from auxseg.data.sources.pictures.native import read_native
from auxseg.data.sources.source import SampleError
from tests.data.sources.pictures.test_tiff import DEFLATE, image_of, write_tiff

WRITTEN: dict[str, dict[str, Any]] = {
    "strips": {},
    "big-endian": {"order": ">"},
    "planes": {"planar": True},
    "differences": {"compression": DEFLATE, "predictor": 2},
    "tiles": {"compression": DEFLATE, "predictor": 2, "tile": 16},
    "planes in tiles": {"compression": DEFLATE, "planar": True, "tile": 16, "order": ">"},
    "tiles as they are": {"tile": 16},
}
CUTS = [(0, 37), (0, 1), (36, 37), (5, 23), (14, 21), (16, 32)]


def channels_of(image: np.ndarray) -> Channels:
    return unnamed(image.shape[2], "uint16" if image.dtype == np.uint16 else "uint8")


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rows_of_tiff_files(tmp_path: Path, name: str, dtype: type[np.unsignedinteger]) -> None:
    path, image = tmp_path / "a.tif", image_of(4, dtype)
    write_tiff(path, image, **WRITTEN[name])
    np.testing.assert_array_equal(read_native(path), image)
    rows = rows_of(path, channels_of(image))
    assert rows is not None
    assert (rows.shape, rows.dtype, pixels_of(path)) == (image.shape, image.dtype, (37, 45))
    for first, last in CUTS:
        np.testing.assert_array_equal(rows[first:last], image[first:last])


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", ">u2"])
def test_rows_of_arrays(tmp_path: Path, dtype: str, *, is_first: bool) -> None:
    image = image_of(5).astype(dtype)
    np.save(tmp_path / "a.npy", np.ascontiguousarray(np.moveaxis(image, 2, 0)) if is_first else image)
    rows = rows_of(tmp_path / "a.npy", unnamed(5, "uint8" if dtype == "uint8" else "uint16"))
    assert rows is not None
    assert (rows.shape, pixels_of(tmp_path / "a.npy")) == (image.shape, (37, 45))
    for first, last in CUTS:
        np.testing.assert_array_equal(rows[first:last], image[first:last])


def test_grey_is_rgb_for_a_model_of_rgb(tmp_path: Path) -> None:
    grey = image_of(1, np.uint8)
    np.save(tmp_path / "a.npy", grey[..., 0])
    Image.fromarray(grey[..., 0]).save(tmp_path / "a.tif")
    for path in (tmp_path / "a.npy", tmp_path / "a.tif"):
        rows = rows_of(path, RGB)
        assert rows is not None
        np.testing.assert_array_equal(rows[3:9], np.repeat(grey[3:9], 3, axis=2))


def test_only_the_parts_that_hold_the_rows_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (2000, 50, 3), np.uint8)
    paths = {name: tmp_path / f"{name}.tif" for name in ("strips", "tiles")}
    write_tiff(paths["strips"], image, compression=DEFLATE, rows=16)
    write_tiff(paths["tiles"], image, tile=16)
    np.save(tmp_path / "array.npy", image)
    for path in (*paths.values(), tmp_path / "array.npy"):
        rows = rows_of(path, RGB)
        assert rows is not None
        counted = Counted(io.FileIO(path))
        monkeypatch.setattr(by_rows, "open_file", lambda *_, file=counted: file)
        np.testing.assert_array_equal(rows[960:1000], image[960:1000])
        assert 0 < counted.num_bytes < path.stat().st_size / 20
        monkeypatch.undo()


class Counted(io.BufferedReader):
    """A file that counts the bytes that are read of it."""

    num_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.num_bytes += len(content)
        return content


def test_what_is_not_read_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(image_of(3, np.uint8)).save(tmp_path / "a.png")
    assert rows_of(tmp_path / "a.png", RGB) is None
    assert pixels_of(tmp_path / "a.png") == (37, 45)
    assert pixels_of(tmp_path / "none.png") is None
    np.save(tmp_path / "a.npy", np.asfortranarray(image_of(3, np.uint8)))
    with pytest.raises(SampleError, match=r"^a.npy holds its columns one after another; save np.ascontiguousarray"):
        rows_of(tmp_path / "a.npy", RGB)
    write_tiff(tmp_path / "a.tif", image_of(4))
    with pytest.raises(SampleError, match=r"a.tif has 4 channels of uint16, but the model was trained on"):
        rows_of(tmp_path / "a.tif", RGB)
    write_tiff(tmp_path / "b.tif", image_of(3, np.uint8), compression=DEFLATE, rows=37)
    assert rows_of(tmp_path / "b.tif", RGB) is not None
    monkeypatch.setattr(by_rows, "_MOST_OF_A_PART", 37 * 45 * 3 - 1)
    with pytest.raises(SampleError, match=r"has parts of 37 rows, which are decoded as a whole; save it without"):
        rows_of(tmp_path / "b.tif", RGB)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    image = image_of(3, np.uint8)
    np.save(tmp_path / "a.npy", image)
    rows = rows_of(tmp_path / "a.npy", RGB)
    assert rows is not None
    with (tmp_path / "a.npy").open("rb+") as file:
        file.truncate(1000)
    with pytest.raises(SampleError, match="ended within its values"):
        rows[30:37]
