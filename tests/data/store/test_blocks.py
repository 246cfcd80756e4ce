"""Images of many sizes come back exactly, are seen at one size as if prepared so, and damage to them is found."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.geometry import PADDING_GREY
from auxseg.data.layers import PixelForm
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.preparing import record as recording
from auxseg.data.preparing.convert import convert
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.source import Source
from auxseg.data.store.blocks import BLOCK, BlockWriter, read_blocks
from auxseg.data.store.file import StoreFile
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.damage import mutations
from tests.data.layered import LayeredSource
from tests.data.pictures import DrawnSource, draw_sample, open_hdf5
from tests.data.store.spoiling import put

SIZES = [(40, 50), (200, 180), (33, 90), (41, 50), (130, 310), (30, 45)]


def samples() -> list[Sample]:
    return [draw_sample(number, hw) for number, hw in enumerate(SIZES)]


def source() -> Source:
    return DrawnSource(samples(), ["train", "train", "val", "test", "train", "test"])


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return prepare(source(), tmp_path_factory.mktemp("store") / "own.h5", size="original").path


@given(lengths=st.lists(st.one_of(st.integers(0, 40), st.integers(0, 3 * BLOCK), st.just(BLOCK)), max_size=8))
@settings(max_examples=30)
def test_samples_of_any_length_come_back(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("blocks") / "a.h5"
    random = np.random.default_rng(len(lengths))
    contents = [random.bytes(length) for length in lengths]
    with h5py.File(path, "w", libver="v110") as file:
        writer = BlockWriter(file.create_group("group"))
        for content in contents:
            writer.append(content)
        writer.finish()
    whole = path.read_bytes()
    with path.open("rb") as descriptor, StoreFile.open(descriptor.fileno()) as file:
        blocks = read_blocks(file, "group", len(contents), "samples")
    for row, content in enumerate(contents):
        assert b"".join(whole[place : place + length] for place, length in blocks.parts(row)) == content


def test_images_and_masks_come_back_exactly(path):
    store = Store.open(path)
    assert (store.own is not None, store.fits_size) == (True, False)
    for row, sample in enumerate(samples()):
        image, mask = store.read(row)
        assert sample.mask is not None
        np.testing.assert_array_equal(image, sample.image)
        np.testing.assert_array_equal(mask, sample.mask)
        original = store.read_original_mask(row)
        assert original is not None
        np.testing.assert_array_equal(original, sample.mask)
    assert store.keeps_original_masks


@pytest.mark.parametrize("resize", ["squash", "letterbox"])
@pytest.mark.parametrize("size", [32, (48, 64), 400])
def test_one_size_is_a_view_that_equals_what_would_have_been_prepared(tmp_path, resize, size):
    own = prepare(LayeredSource(), tmp_path / "own.h5", size="original", resize=resize).path
    fixed = Store.open(prepare(LayeredSource(), tmp_path / "fixed.h5", size=size, resize=resize).path)
    seen = Store.open(own).at_size(size)
    assert (seen.size, seen.vocabulary) == (fixed.size, fixed.vocabulary)
    np.testing.assert_allclose(seen.boxes, fixed.boxes, atol=1e-6)
    for row in range(len(seen)):
        for found, expected in zip(seen.read(row), fixed.read(row), strict=True):
            np.testing.assert_array_equal(found, expected)
        assert seen.inside(row) == fixed.inside(row)
        expected_layers = fixed.read_layers(row)
        for name, values in seen.read_layers(row).items():
            if values.dtype == np.float16:  # rounded once more, and a mean of opposite directions is sensitive to it
                np.testing.assert_array_equal(np.isnan(values), np.isnan(expected_layers[name]))
                assert np.nanmean(np.abs(values - expected_layers[name]) > 2e-3) < 1e-3
            else:
                np.testing.assert_allclose(values, expected_layers[name], rtol=1e-5, atol=1e-4)


def test_layers_come_back_at_their_own_size(tmp_path):
    missing = {(1, name) for name in LayeredSource.layers}
    made = LayeredSource(missing=missing)
    store = Store.open(prepare(made, tmp_path / "own.h5", size="original").path)
    for row in range(len(store)):
        found = store.read_layers(row)
        for name, form in made.layers.items():
            assert bool(store.layers[name].present[row]) is (row != 1)
            if isinstance(form, PixelForm):
                assert found[name].shape == form.shape(40, 50)


def test_a_long_side_shrinks_and_never_enlarges(tmp_path):
    store = Store.open(prepare(source(), tmp_path / "a.h5", long_side=100).path)
    assert store.own is not None
    assert store.own.shapes.tolist() == [[40, 50], [100, 90], [33, 90], [41, 50], [42, 100], [30, 45]]
    assert not store.keeps_original_masks
    np.testing.assert_array_equal(store.read(0)[0], samples()[0].image)


def test_smaller_images_are_padded_to_a_window(path):
    store = Store.open(path)
    seen = store.at_own_sizes(64)
    image, mask = seen.read(3)
    y0, y1, x0, x1 = seen.inside(3)
    assert image.shape == (64, 64, 3)
    np.testing.assert_array_equal(image[y0:y1, x0:x1], samples()[3].image)
    outside = np.ones((64, 64), bool)
    outside[y0:y1, x0:x1] = False
    assert (image[outside] == PADDING_GREY).all()
    assert (mask[outside] == IGNORE).all()
    assert seen.read(1)[0].shape == (200, 180, 3)
    corners = seen.boxes[3] * 64 - [x0, y0, x0, y0]
    np.testing.assert_allclose(corners, store.boxes[3] * [50, 41, 50, 41], atol=1e-3)


def test_images_of_their_own_sizes_are_evaluated_one_by_one(path):
    shapes = [tuple(batch.image.shape) for batch in EvaluationLoader(Store.open(path), np.arange(3), 8)]
    assert shapes == [(1, 3, *hw) for hw in SIZES[:3]]


def test_the_hash_covers_shapes_and_pixels(path, tmp_path):
    changed = samples()
    changed[2] = replace(changed[2], image=changed[2].image ^ 1)
    turned = [replace(each, image=np.zeros((4, 6, 3), np.uint8), mask=np.zeros((4, 6), np.uint8)) for each in samples()]
    square = [replace(each, image=np.zeros((6, 4, 3), np.uint8), mask=np.zeros((6, 4), np.uint8)) for each in samples()]
    made = [
        prepare(DrawnSource(each, ["train"] * 6), tmp_path / f"{number}.h5", size="original").path
        for number, each in enumerate((changed, turned, square))
    ]
    again = prepare(source(), tmp_path / "again.h5", size="original").path
    assert len({Store.open(each).content_hash for each in (path, *made)}) == 4
    assert Store.open(again).content_hash == Store.open(path).content_hash


def test_converting_keeps_everything(path, tmp_path):
    converted = convert(path, tmp_path / "converted.h5")
    assert converted.content_hash == Store.open(path).content_hash
    np.testing.assert_array_equal(Store.open(converted.path).read(4)[0], samples()[4].image)


def test_a_pickled_store_reads_the_same(path):
    copy = pickle.loads(pickle.dumps(Store.open(path)))
    np.testing.assert_array_equal(copy.read(1)[0], samples()[1].image)


def _shorter(file: Any) -> None:
    file["image/blocks"].resize(1, axis=0)


def _swapped_shapes(file: Any) -> None:
    file["shapes"][2] = 33, 91


def _older(file: Any) -> None:
    file.attrs["schema_version"] = 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_shorter, "/image/first does not say where samples begin"),
        (_swapped_shapes, "/image/first and /shapes do not agree about the sizes of samples"),
        (put("shapes", (0, 0), 0), "/shapes holds 0 x 50"),
        (put("shapes", 0, (2**31 - 1, 2**31 - 1)), "/shapes holds 2147483647 x 2147483647"),
        (put("mask/first", 1, 1999), "/mask/first and /shapes do not agree"),
        (put("image/first", 1, -6000), "/image/first does not say where samples begin"),
        (_older, "the size in its header is not one that schema version 3 knows"),
    ],
)
def test_damage_is_refused_in_one_sentence(path, tmp_path, change: Callable[[Any], None], reason):
    spoiled = tmp_path / "spoiled.h5"
    spoiled.write_bytes(path.read_bytes())
    with open_hdf5(spoiled, "a") as file:
        change(file)
    with pytest.raises(InputError) as found:
        Store.open(spoiled)
    assert reason in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_a_truncated_store_is_refused(path, tmp_path, kept):
    short = tmp_path / "short.h5"
    content = path.read_bytes()
    short.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(InputError, match="truncated"):
        Store.open(short)


@pytest.mark.parametrize("pixels", [0, 15, -1, 10**9])
def test_absurd_long_sides_are_refused(tmp_path, pixels):
    with pytest.raises(InputError, match="long_side must be between 16 and"):
        prepare(source(), tmp_path / "a.h5", long_side=pixels)


def test_an_image_that_no_store_could_be_opened_with_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "MAX_STORED_PIXELS", 10_000)
    report = prepare(source(), tmp_path / "a.h5", size="original")
    assert [id for id, _ in report.skipped] == ["drawn 1", "drawn 4"]
    assert report.skipped[0][1] == (
        "it has 180 x 200 pixels, and would be stored with more than 10,000; set a --long-side"
    )
    assert not prepare(source(), tmp_path / "b.h5", long_side=100).skipped


def test_random_damage_is_refused_or_read(path, tmp_path):
    spoiled = tmp_path / "spoiled.h5"
    for content in mutations(path.read_bytes(), 120, seed=3):
        spoiled.write_bytes(content)
        try:
            store = Store.open(spoiled)
            for row in range(len(store)):
                store.read(row)
        except (InputError, RunError) as error:
            assert "\n" not in str(error)  # noqa: PT017  (most damage is to pixels, and is read)
