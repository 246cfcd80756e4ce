"""Large images: a small copy of means, rows on demand, and a way out for every file that cannot be read so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.channels import RGB
from auxseg.data.sources.pictures.by_rows import rows_of
from auxseg.errors import InputError
from auxseg.run.prediction import large_image
from auxseg.run.prediction.large_image import LargeImage, open_large

IMAGE = np.random.default_rng(0).integers(0, 256, (50, 83, 3), np.uint8)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(large_image, "LARGEST_WHOLE", IMAGE.shape[0] * IMAGE.shape[1] - 1)
    monkeypatch.setattr(large_image, "SMALL_SIDE", 12)
    np.save(tmp_path / "a.npy", IMAGE)
    return tmp_path / "a.npy"


@pytest.mark.parametrize("band", [1, 2**24])
def test_the_small_copy_holds_means(path: Path, monkeypatch: pytest.MonkeyPatch, band: int) -> None:
    monkeypatch.setattr(large_image, "_BAND_BYTES", band)
    rows = open_large(path, RGB, "apply", by_tiles=True)
    assert rows is not None
    image = LargeImage.read(rows)
    assert (image.step, image.small.shape, image.shape) == (7, (8, 12, 3), IMAGE.shape)
    for row in range(8):
        for column in range(12):
            mean = IMAGE[7 * row : 7 * row + 7, 7 * column : 7 * column + 7].reshape(-1, 3).mean(0)
            np.testing.assert_allclose(image.small[row, column], mean, atol=0.5 + 1e-9)
    np.testing.assert_array_equal(image[3:9], IMAGE[3:9])


def test_every_pixel_of_the_small_copy_has_its_middle_in_one_band(path: Path) -> None:
    rows = open_large(path, RGB, "apply", by_tiles=True)
    assert rows is not None
    image = LargeImage.read(rows)
    found = np.zeros(8, int)
    for first, last in ((0, 3), (3, 20), (20, 24), (24, 50)):
        small, middles = image.middles(slice(first, last))
        found[small] += 1
        expected = [min(7 * row + 3, 49) - first for row in range(8)[small]]
        assert middles.tolist() == expected
        assert all(0 <= middle < last - first for middle in expected)
    assert (found == 1).all()
    assert image.middle_columns.tolist() == [min(7 * column + 3, 82) for column in range(12)]


def test_what_is_not_large_is_read_as_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_image, "LARGEST_WHOLE", IMAGE.shape[0] * IMAGE.shape[1])
    assert open_large(path, RGB, "apply", by_tiles=False) is None
    assert open_large(path.parent / "none.jpg", RGB, "apply", by_tiles=False) is None


def test_what_cannot_be_read_part_by_part_is_refused_with_a_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(path: Path, exif: str = "apply", *, by_tiles: bool = True) -> str:
        with pytest.raises(InputError) as found:
            open_large(path, RGB, exif, by_tiles=by_tiles)
        return str(found.value)

    assert refusal(path, by_tiles=False).endswith(
        "for images that are looked at whole; ask with --tiles, or make it smaller"
    )
    for name in ("a.png", "a.jpg"):
        Image.fromarray(IMAGE).save(path.parent / name)
        assert refusal(path.parent / name).endswith(
            "files that have to be decoded whole (PNG, JPEG and TIFF with losses or palettes are); save it as .npy, or "
            "as TIFF without compression or in tiles"
        )
    turned = path.parent / "turned.tif"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(IMAGE).save(turned, exif=exif)
    assert "has the EXIF orientation 6" in refusal(turned)
    assert open_large(turned, RGB, "ignore", by_tiles=True) is not None
    np.save(path.parent / "deep.npy", IMAGE.astype(np.uint16))
    assert "has 3 channels of uint16, but the model was trained on" in refusal(path.parent / "deep.npy")
    monkeypatch.setattr(large_image, "MOST_PIXELS", 100)
    assert refusal(path) == f"{path}: has 83 x 50 pixels, over the limit of 100; cut it"
    rows = rows_of(path, RGB)
    assert rows is not None
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match=r"a.npy: a.npy ended within its values"):
        LargeImage.read(rows)
