"""Stores whose pictures are not square: written, read, seen at another size, refused by what knows squares alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from auxseg.data.geometry import fit
from auxseg.data.loading.loader import collate
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.data.store.versions import LAYERS_VERSION, RECTANGLES_VERSION, SCHEMA_VERSION
from auxseg.data.synthesize import synthesize
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from tests.data.pictures import draw_mask, draw_sample, drawn_source, open_hdf5

ORIGINAL = (40, 50)
STORED = (24, 40)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rectangles") / "drawn.h5"
    return prepare(drawn_source(12), out, size=STORED, resize="letterbox").path


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Store:
    out = tmp_path_factory.mktemp("rectangles") / "rooms.h5"
    return Store.open(synthesize(out, kind="rooms", num_samples=10, size=(32, 48)).path)


def test_a_sample_is_its_source_fitted_into_the_rectangle(path: Path) -> None:
    store, place = Store.open(path), fit(ORIGINAL, STORED, "letterbox")
    assert store.size == store.stored_size == store.vocabulary.size == Size(*STORED)
    row = store.ids.tolist().index("drawn 7")
    image, mask = store.read(row)
    np.testing.assert_array_equal(image, place.image(draw_sample(7).image))
    np.testing.assert_array_equal(mask, place.mask(draw_mask(7)))
    assert store.inside(row) == place.inside
    batch = collate(store, np.array([row]))
    assert batch.image.shape[-2:] == batch.mask.shape[-2:] == batch.inside.shape[-2:] == STORED


def test_the_file_says_what_it_is(path: Path, rooms: Store, tmp_path: Path) -> None:
    for each in (path, rooms.path):
        with open_hdf5(each) as file:
            assert file.attrs["schema_version"] == RECTANGLES_VERSION > max(SCHEMA_VERSION, LAYERS_VERSION)
    square = prepare(drawn_source(12), tmp_path / "square.h5", size=(40, 40)).path
    again = prepare(drawn_source(12), tmp_path / "again.h5", size=40).path
    with open_hdf5(square) as file:
        assert file.attrs["schema_version"] == SCHEMA_VERSION
    assert Store.open(square).content_hash == Store.open(again).content_hash


def test_an_older_version_holds_no_rectangles(path: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.h5"
    shutil.copy(path, older)
    with h5py.File(older, "r+") as file:
        file.attrs["schema_version"] = SCHEMA_VERSION
    with pytest.raises(InputError, match=r"damaged: its size is 24x40, but schema version 1\.1 knows squares alone"):
        Store.open(older)


@pytest.mark.parametrize("size", [Size(12, 20), Size(16, 16), Size(24, 16), Size(10, 40)])
def test_a_view_is_fitted_anew(path: Path, size: Size) -> None:
    """Letterboxed photographs keep their shape; image, mask and box agree about where they lie."""
    stored = Store.open(path)
    store, place = stored.at_size(size), fit(ORIGINAL, size, "letterbox")
    for row in range(len(store)):
        image, mask = store.read(row)
        assert image.shape == (*size, 3)
        assert mask.shape == (*size,)
        assert store.inside(row) == place.inside
        there = stored.place(row).boxes_back(stored.boxes[row, None].astype(np.float64))
        np.testing.assert_allclose(store.boxes[row], place.boxes(there)[0], atol=1e-6)
    back = store.at_size(STORED)
    np.testing.assert_allclose(back.boxes, stored.boxes, atol=1e-6)
    np.testing.assert_array_equal(back.read(3)[0], stored.read(3)[0])


@pytest.mark.parametrize("size", [(25, 40), (24, 41), 32, (0, 8)])
def test_what_is_not_there_is_not_read(path: Path, size: int | tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"holds images of 24x40 px; for .* prepare it again"):
        Store.open(path).at_size(size)


def test_layers_are_as_wide_and_high_as_their_pictures(rooms: Store) -> None:
    for store in (rooms, rooms.at_size((16, 40))):
        layers = store.read_layers(0)
        assert layers["depth"].shape == (*store.size, 1)
        assert layers["normals"].shape == (*store.size, 3)


def test_a_wider_room_shows_the_same_and_more(rooms: Store, tmp_path: Path) -> None:
    square = Store.open(synthesize(tmp_path / "square.h5", kind="rooms", num_samples=10, size=32).path)
    for row in range(len(rooms)):
        np.testing.assert_array_equal(rooms.read_mask(row)[:, 8:40], square.read_mask(row))
        for name, values in square.read_layers(row).items():
            np.testing.assert_allclose(rooms.read_layers(row)[name][:, 8:40], values, atol=2e-3)


@pytest.mark.parametrize("size", [(32, 48), (48, 32)])
def test_a_longer_picture_of_an_animal_shows_the_same_and_more(size: tuple[int, int], tmp_path: Path) -> None:
    square = Store.open(synthesize(tmp_path / "square.h5", num_samples=10, size=32).path)
    longer = Store.open(synthesize(tmp_path / "longer.h5", num_samples=10, size=size).path)
    top, left = (size[0] - 32) // 2, (size[1] - 32) // 2
    for row in range(len(square)):
        np.testing.assert_array_equal(longer.read_mask(row)[top : top + 32, left : left + 32], square.read_mask(row))
        box, other = (store.boxes[row] * store.size.corners for store in (square, longer))
        other = np.clip(other - [left, top, left, top], 0, 32)
        assert np.isnan(box).any() or np.allclose(box, other, atol=1e-4)
