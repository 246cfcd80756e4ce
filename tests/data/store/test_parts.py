"""A part of a picture is what is cut from the whole, only its rows are read, and windows in batches stay the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig, CropConfig
from auxseg.data.geometry import WHOLE, Part
from auxseg.data.layers import PixelForm
from auxseg.data.loading.loader import Rows, TrainLoader
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.blocks import BLOCK
from auxseg.data.store.open_file import OpenFile
from auxseg.data.store.store import Store
from auxseg.errors import RunError
from tests.data.layered import FORMS, LayeredSource, draw_layer
from tests.data.pictures import DrawnSource, draw_sample

SIZES = [(140, 350), (200, 180), (33, 90), (96, 130)]
SIDE = 64


def source() -> DrawnSource:
    """Pictures of many sizes with layers, some smaller than a window, one without its depth."""
    samples = []
    for number, hw in enumerate(SIZES):
        layers = {name: draw_layer(name, number, hw) for name in FORMS if (number, name) != (1, "depth")}
        samples.append(replace(draw_sample(number, hw), layers=layers))
    drawn = DrawnSource(samples, ["train"] * len(SIZES))
    drawn.layers = FORMS
    return drawn


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    prepare(source(), folder / "own.h5", size="original")
    prepare(LayeredSource(), folder / "fixed.h5", size=(48, 72))
    return folder


def views(folder: Path) -> dict[str, Store]:
    own, fixed = Store.open(folder / "own.h5"), Store.open(folder / "fixed.h5")
    return {
        "own sizes": own,
        "padded to windows": own.at_own_sizes(SIDE),
        "one size of many": own.at_size(40),
        "one size": fixed,
        "shrunk": fixed.at_size((24, 30)),
    }


def slices(length: int) -> st.SearchStrategy[slice]:
    bounds = st.tuples(st.integers(0, length - 1), st.integers(1, length))
    return bounds.filter(lambda pair: pair[0] < pair[1]).map(lambda pair: slice(*pair))


@given(data=st.data())
@settings(max_examples=60)
def test_a_part_is_cut_from_the_whole(folder: Path, data: st.DataObject) -> None:
    store = data.draw(st.sampled_from(list(views(folder).values())))
    row = data.draw(st.integers(0, len(store) - 1))
    height, width = store.place(row).size
    part: Part = data.draw(slices(height)), data.draw(slices(width))
    whole, labels = store.read(row)
    found, found_labels = store.read(row, part)
    np.testing.assert_array_equal(found, whole[part])
    np.testing.assert_array_equal(found_labels, labels[part])
    np.testing.assert_array_equal(store.read_mask(row, part), labels[part])
    np.testing.assert_array_equal(store.place(row).is_inside(part), store.place(row).is_inside()[part])
    layers = store.read_layers(row)
    for name, values in store.read_layers(row, part).items():
        is_cut = isinstance(store.layers[name].form, PixelForm)
        np.testing.assert_array_equal(values, layers[name][part] if is_cut else layers[name])


class WholeRows:
    """A store that reads whole pictures and cuts parts out of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, row: int, part: Part = WHOLE) -> tuple[np.ndarray, np.ndarray]:
        image, mask = self._store.read(row)
        return image[part], mask[part]

    def read_layers(self, row: int, part: Part = WHOLE) -> dict[str, np.ndarray]:
        layers = self._store.read_layers(row)
        return {
            name: values[part] if isinstance(self._store.layers[name].form, PixelForm) else values
            for name, values in layers.items()
        }


@pytest.mark.parametrize("augment", [NO_AUGMENTATION, AugmentConfig(flip=0.5, scale=(0.5, 1.3), rotation=20)])
def test_windows_have_the_bits_that_whole_pictures_give(folder: Path, augment: AugmentConfig) -> None:
    store = Store.open(folder / "own.h5").at_own_sizes(SIDE)

    def batches(rows: Rows) -> list[Any]:
        crop = CropConfig(size=SIDE, foreground=0.5)
        loader = TrainLoader(rows, store.rows("train"), 4, augment=augment, seed=3, crop=crop)
        return [batch for step in loader.steps(0, 4) for batch in step]

    whole: Any = WholeRows(store)
    for found, expected in zip(batches(store), batches(whole), strict=True):
        assert found.ids == expected.ids
        for name in ("image", "clean", "mask", "box", "inside"):
            torch.testing.assert_close(getattr(found, name), getattr(expected, name), rtol=0, atol=0, equal_nan=True)
        for name, values in found.layers.items():
            torch.testing.assert_close(values, expected.layers[name], rtol=0, atol=0, equal_nan=True)


def test_only_the_rows_of_a_part_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, read = Store.open(folder / "own.h5").at_own_sizes(SIDE), []
    fill = OpenFile.fill

    def counted(self: OpenFile, array: np.ndarray, *rest: Any) -> None:
        read.append(array.nbytes)
        fill(self, array, *rest)

    monkeypatch.setattr(OpenFile, "fill", counted)
    height, width = SIZES[0]
    assert height * width * 3 > 2 * BLOCK
    store.read(0, (slice(60, 70), slice(3, 20)))
    assert read == [10 * width * 3, 10 * width]
    read.clear()
    crop = CropConfig(size=SIDE, foreground=0.0)
    loader = TrainLoader(store.with_layers([]), np.array([0]), 1, augment=NO_AUGMENTATION, seed=0, crop=crop)
    next(loader.steps(0, 1))
    assert sum(read) == SIDE * width * 4


def test_a_part_of_a_damaged_mask_is_refused_when_it_is_seen(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.h5"
    content = bytearray((folder / "own.h5").read_bytes())
    store = Store.open(folder / "own.h5")
    assert store.own is not None
    ((place, length), *_) = store.own.mask.parts(0, 100 * SIZES[0][1])
    assert length > SIZES[0][1]
    content[place : place + 5] = bytes([200]) * 5
    path.write_bytes(content)
    damaged = Store.open(path)
    damaged.read(0, (slice(0, 100), slice(None)))
    for part in ((slice(90, 110), slice(None)), WHOLE):
        with pytest.raises(RunError, match=r"the mask of .* holds class 200"):
            damaged.read(0, part)
