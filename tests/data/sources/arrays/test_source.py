"""NYUv2 as MTAN publishes it becomes samples with mask, depth and normals, and then a store."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.layers import MapForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE
from auxseg.data.sources import open_source
from auxseg.data.sources.arrays import Arrays
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.sources.arrays.folders import HW, draw_arrays, put, write_arrays, write_cityscapes

COUNTS = {"train": 10, "val": 3}


@pytest.fixture
def folder(tmp_path):
    return write_arrays(tmp_path / "nyuv2", COUNTS)


def test_the_source_keeps_its_contract(folder) -> None:
    (folder / "train" / "depth" / "1.npy").unlink()
    (folder / "train" / "label" / "2.npy").unlink()
    check_source(Arrays(folder), unlabelled={"train/1": ["depth"], "train/2": ["mask"]}, folder=folder)


def test_a_sample_holds_what_the_arrays_hold(folder) -> None:
    source = Arrays(folder)
    for item in source.items():
        drawn, sample = draw_arrays(int(item.id.split("/")[1])), source.read(item)
        np.testing.assert_array_equal(sample.image, np.rint(drawn["image"] * 255))
        assert sample.mask is not None
        np.testing.assert_array_equal(sample.mask, np.where(drawn["label"] < 0, IGNORE, drawn["label"]))
        depth, normals = sample.layers["depth"].values, sample.layers["normal"].values
        np.testing.assert_array_equal(np.isnan(depth), drawn["depth"] == 0)
        np.testing.assert_array_equal(np.nan_to_num(depth), drawn["depth"])
        np.testing.assert_allclose(np.nan_to_num(normals), drawn["normal"], atol=1e-6)
        assert np.isnan(normals[0, 4]).all()


def test_val_is_the_test_split_unless_there_is_one(folder) -> None:
    splits = [item.split for item in Arrays(folder).items()]
    assert splits == ["trainval"] * 10 + ["test"] * 3
    write_arrays(folder, {"test": 2})
    assert [item.split for item in Arrays(folder).items()] == ["train"] * 10 + ["val"] * 3 + ["test"] * 2


def test_labels_without_an_image_are_named(folder, tmp_path) -> None:
    (folder / "train" / "image" / "4.npy").unlink()
    report = prepare(Arrays(folder), tmp_path / "a.h5", size=32)
    assert report.skipped == (("train/4", "it has labels, but no image in train/image/"),)
    assert report.num_written == 12


def test_classes_have_names_from_a_file_or_numbers(folder) -> None:
    assert Arrays(folder).mask_classes == ("class 0", "class 1", "class 2")
    (folder / "classes.txt").write_text("floor\nwall\nbed\nsofa\n")
    assert Arrays(folder).mask_classes == ("floor", "wall", "bed", "sofa")


def test_a_further_folder_of_ids_is_a_further_mask(folder) -> None:
    parts = np.random.default_rng(0).integers(0, 5, HW)
    parts[0, 0] = 4
    put(folder / "train" / "parts" / "0.npy", parts)
    sample = Arrays(folder).read(Arrays(folder).items()[0])
    assert sample.layers["parts"].form.in_words() == "a mask of 5 classes"
    np.testing.assert_array_equal(sample.layers["parts"].values, parts)


def test_the_first_of_several_masks_is_the_mask_and_floats_are_ids_too(folder) -> None:
    for split, number in COUNTS.items():
        (folder / split / "label").rename(folder / split / "label_7")
        for name in range(number):
            put(folder / split / "label_19" / f"{name}.npy", np.full(HW, 3.0))
    source = Arrays(folder)
    assert source.layers["label_19"].in_words() == "a mask of 4 classes"
    assert (
        "label_7 is the mask, of label_7, label_19; the others are layers (--fields mask=... takes another)"
        in source.remarks
    )


def test_disparities_are_not_known_where_they_are_0(folder) -> None:
    disparity = np.full(HW, 7.0)
    disparity[0, 0] = 0
    put(folder / "train" / "disparity" / "0.npy", disparity)
    values = Arrays(folder).read(Arrays(folder).items()[0]).layers["disparity"].values
    assert np.isnan(values).sum() == 1


def test_masks_of_yes_and_no_are_masks(folder) -> None:
    put(folder / "train" / "salient" / "0.npy", np.eye(*HW, dtype=bool))
    sample = Arrays(folder).read(Arrays(folder).items()[0])
    assert sample.layers["salient"].values.sum() == min(HW)


def test_the_store_does_not_say_where_the_folder_lies(folder) -> None:
    assert Arrays(folder).provenance() == {"name": "arrays", "path": "nyuv2"}


def test_a_label_that_cannot_be_read_is_left_out_and_named(folder) -> None:
    (folder / "train" / "depth" / "0.npy").write_bytes(b"nonsense")
    put(folder / "train" / "label" / "0.npy", np.full(HW, 0.5))
    put(folder / "train" / "normal" / "0.npy", np.zeros((4, 4, 7)))
    sample = Arrays(folder).read(Arrays(folder).items()[0])
    assert sample.mask is None
    assert not sample.layers
    assert [reason.split(":")[0] for reason in sample.dropped] == [
        "depth/0.npy is not a .npy file",
        "its normal has the shape (4, 4, 7), expected height and width with 3 channels, first or last",
        "its label holds numbers that are not whole",
    ]


def test_it_becomes_a_store(folder, tmp_path) -> None:
    report = prepare(open_source("arrays", folder), tmp_path / "a.h5", size=16)
    store = Store.open(report.path)
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [9, 1, 3]
    assert not report.dropped
    assert all(layer.present.all() for layer in store.layers.values())
    assert not store.vocabulary.has_background
    assert any("val is the test split" in remark for remark in report.remarks)


@pytest.fixture
def cityscapes(tmp_path):
    """As MTAN publishes it: masks of 2, 7 and 19 classes, and inverse depth."""
    return write_cityscapes(tmp_path / "cityscapes", {"train": 6, "val": 2})


def test_fields_say_which_folder_holds_what(cityscapes) -> None:
    source = open_source("arrays", cityscapes, fields={"mask": "label_7", "disparity": "depth"})
    check_source(source, folder=cityscapes)
    assert [*source.layers] == ["disparity", "label_2", "label_19"]
    assert source.layers["disparity"] == MapForm(unit="px")
    assert source.mask_classes == tuple(f"class {number}" for number in range(7))
    sample = source.read(source.items()[0])
    label = np.load(cityscapes / "train" / "label_7" / "0.npy")
    assert sample.mask is not None
    np.testing.assert_array_equal(sample.mask, np.where(label < 0, IGNORE, label))
    depth = np.load(cityscapes / "train" / "depth" / "0.npy")
    np.testing.assert_array_equal(np.isnan(sample.layers["disparity"].values), depth == 0)
    assert source.provenance()["fields"] == "mask=label_7 disparity=depth"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mask": "label_8"}, r"mask=label_8 names no folder \(did you mean 'label_.'\?\)"),
        ({"image": "label_7"}, "images are in the folder image"),
        ({"mask": "depth", "disparity": "depth"}, "two of mask=depth, disparity=depth or of the folders are one"),
        ({"label_19": "depth"}, "two of label_19=depth or of the folders are one"),
    ],
)
def test_fields_that_fit_no_folder_are_refused(cityscapes, fields, reason) -> None:
    with pytest.raises(InputError, match=reason):
        Arrays(cityscapes, fields=fields)
