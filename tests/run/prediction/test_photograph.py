"""Photographs out of files and arrays, and what is refused with a sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from auxseg.errors import InputError
from auxseg.run.prediction import photograph
from auxseg.run.prediction.photograph import read_photograph

ORIENTATION = 0x0112


def picture(height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def saved(path: Path, image: np.ndarray, orientation: int | None = None) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    Image.fromarray(image).save(path, exif=exif)
    return path


def test_every_way_to_give_a_photograph_is_the_same(tmp_path: Path) -> None:
    image = picture()
    path = saved(tmp_path / "photo.png", image)
    for given in (image, path, str(path), Image.fromarray(image)):
        np.testing.assert_array_equal(read_photograph(given), image)


def test_a_grey_array_is_read_like_a_grey_file(tmp_path: Path) -> None:
    grey = picture()[..., 0]
    np.testing.assert_array_equal(read_photograph(grey), read_photograph(saved(tmp_path / "grey.png", grey)))


def test_arrays_in_files_are_read_as_those_of_a_store_are(tmp_path: Path) -> None:
    image = picture()
    np.save(tmp_path / "rows.npy", image)
    np.save(tmp_path / "columns.npy", np.asfortranarray(image))
    np.savez(tmp_path / "packed.npz", image=image)
    for name in ("rows.npy", "columns.npy", "packed.npz"):
        np.testing.assert_array_equal(read_photograph(tmp_path / name), image)
    np.save(tmp_path / "grey.npy", image[..., 0])
    np.testing.assert_array_equal(read_photograph(tmp_path / "grey.npy"), image[..., :1].repeat(3, axis=2))
    np.save(tmp_path / "deep.npy", image.astype(np.uint16))
    with pytest.raises(InputError, match=r"deep\.npy has 3 channels of uint16, but the model was trained on"):
        read_photograph(tmp_path / "deep.npy")


@pytest.mark.parametrize(("exif", "shape"), [("apply", (30, 20, 3)), ("ignore", (20, 30, 3))])
def test_the_orientation_is_applied_or_ignored(tmp_path: Path, exif: str, shape: tuple[int, ...]) -> None:
    path = saved(tmp_path / "turned.png", picture(), orientation=6)
    assert read_photograph(path, exif).shape == shape
    with Image.open(path) as opened:
        assert read_photograph(opened, exif).shape == shape


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe0 cut", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_files_that_are_no_image(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"photo\.jpg: "):
        read_photograph(tmp_path / "photo.jpg")


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("pipe.jpg", "nowhere.jpg", "."):
        with pytest.raises(InputError):
            read_photograph(tmp_path / name)


def test_deep_photographs_are_refused_instead_of_clipped(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((30, 40), 5000, np.uint16)).save(path)
    with pytest.raises(InputError, match=r"deep\.png has more than 8 bits per channel"):
        read_photograph(str(path))


def test_large_photographs_are_refused_by_one_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(photograph, "MAX_PIXELS", 599)
    for given in (picture(), Image.fromarray(picture()), saved(tmp_path / "a.png", picture())):
        with pytest.raises(InputError, match="30 x 20 pixels; the limit is 599"):
            read_photograph(given)


@pytest.mark.parametrize(
    "given",
    [
        None,
        [1, 2],
        b"photo.jpg",
        torch.zeros(3, 4, 4),
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_photograph_is_refused_by_name(given: Any) -> None:
    with pytest.raises(InputError, match=r"an image .* should be|an image should be"):
        read_photograph(given)


def test_an_unknown_orientation_rule_is_refused() -> None:
    with pytest.raises(InputError, match="exif should be one of auto, apply, ignore, not 'turn'"):
        read_photograph(picture(), "turn")
