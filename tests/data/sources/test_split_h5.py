"""Divided HDF5 files are read row by row, in every number format they come in, and never touched."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Box, Sample
from auxseg.data.sources import SplitH5
from auxseg.data.sources.hdf5_column import Column
from auxseg.data.sources.source import Item, SampleError
from auxseg.data.sources.split_h5 import INTERPOLATED
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks.classification import ClassificationTask
from auxseg.testing import check_source
from tests.data.pictures import SPLIT_SIZES, draw_mask, draw_sample, hashes, make_split_h5, open_hdf5, split_columns

FIRST = Item("train-000000", "train")


@pytest.fixture
def data(tmp_path) -> Path:
    return make_split_h5(tmp_path / "data")


def rewrite(path: Path, **datasets: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values


def changed(path: Path, key: str, values: np.ndarray) -> None:
    rewrite(path, **{key: values})


def read(data: Path, id: str = FIRST.id) -> Sample:
    return SplitH5(data).read(Item(id, id.partition("-")[0]))


def test_the_folders_are_the_split(data):
    items = SplitH5(data).items()
    assert {split: sum(item.split == split for item in items) for split in SPLIT_SIZES} == SPLIT_SIZES
    assert items[0] == FIRST
    assert [item.split for item in items] == ["train"] * 6 + ["val"] * 3 + ["test"] * 2


def test_a_row_holds_all_labels(data):
    sample = read(data, "val-000001")
    np.testing.assert_array_equal(sample.image, draw_sample(101).image[:24, :32])
    np.testing.assert_array_equal(sample.mask, draw_mask(101)[:24, :32])
    assert sample.boxes == (Box(2, 2, 12, 20),)
    assert sample.classes == {"species": "dog"}
    assert sample.notes == ()


TO_IMAGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uint8": lambda values: np.rint(values * 255).astype(np.uint8),
    "float to 1": lambda values: values,
    "double to 1": lambda values: values.astype(np.float64),
    "float to 255": lambda values: values * 255,
    "int64": lambda values: np.rint(values * 255).astype(np.int64),
}
TO_MASKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uint8 0 1": lambda values: values.astype(np.uint8),
    "uint8 0 255": lambda values: values.astype(np.uint8) * 255,
    "float 0 1": lambda values: values,
    "float 0 255": lambda values: values * 255,
    "bool": lambda values: values.astype(bool),
    "without the last axis": lambda values: values[..., 0],
}


@pytest.mark.parametrize("to_masks", TO_MASKS.values(), ids=TO_MASKS)
@pytest.mark.parametrize("to_images", TO_IMAGES.values(), ids=TO_IMAGES)
def test_fault_25_every_number_format_gives_the_same_bytes(tmp_path, to_images, to_masks):
    formats = {"images": to_images, "masks": to_masks}
    data = make_split_h5(tmp_path / "data", lambda key, values: formats.get(key, lambda same: same)(values))
    for row in range(SPLIT_SIZES["train"]):
        sample = read(data, f"train-{row:06d}")
        np.testing.assert_array_equal(sample.image, draw_sample(row).image[:24, :32])
        np.testing.assert_array_equal(sample.mask, draw_mask(row)[:24, :32])


def test_fault_25b_interpolated_masks_are_found_counted_and_cut(data, tmp_path):
    masks = split_columns("train")["masks"]
    masks[2, 3, 3:7, 0] = 0.25, 0.49, 0.5, 0.75
    changed(data / "train" / "masks.h5", "masks", masks)
    sample = read(data, "train-000002")
    assert sample.mask is not None
    assert set(np.unique(sample.mask)) == {0, 1}
    assert sample.mask[3, 3:7].tolist() == [0, 0, 1, 1]
    assert sample.notes == (INTERPOLATED,)
    report = prepare(SplitH5(data), tmp_path / "out.h5", size=16)
    assert report.notes == {INTERPOLATED: 1}
    assert Store.open(report.path).provenance["notes"] == {INTERPOLATED: 1}


@pytest.mark.parametrize("top", [1, 255])
@pytest.mark.parametrize("row", [1, 38, None])
def test_empty_masks_do_not_decide_what_foreground_is(tmp_path, monkeypatch, top, row):
    monkeypatch.setitem(SPLIT_SIZES, "train", 40)
    data = make_split_h5(tmp_path / "data")
    looked_at = set(np.linspace(0, 39, 16).astype(int).tolist())
    assert row not in looked_at
    masks = np.zeros((40, 24, 32), np.uint8)
    if row is not None:
        masks[row, 3:9, 4:8] = top
    changed(data / "train" / "masks.h5", "masks", masks)
    for number in range(40):
        mask = read_mask(data, number)
        np.testing.assert_array_equal(mask, masks[number] // top)


def test_interpolated_masks_may_hold_no_255(data):
    masks = split_columns("train")["masks"] * 200
    masks[2, 3, 3:7, 0] = 0, 100.5, 127.6, 180
    changed(data / "train" / "masks.h5", "masks", masks)
    sample = read(data, "train-000002")
    assert sample.mask is not None
    assert sample.mask[3, 3:7].tolist() == [0, 0, 1, 1]
    assert sample.notes == (INTERPOLATED,)
    np.testing.assert_array_equal(read_mask(data, 0), draw_mask(0)[:24, :32])


def test_pictures_of_integers_may_be_black_for_long(tmp_path, monkeypatch):
    monkeypatch.setitem(SPLIT_SIZES, "train", 40)
    data = make_split_h5(tmp_path / "data")
    images = np.zeros((40, 24, 32, 3), np.uint8)
    changed(data / "train" / "images.h5", "images", images)
    assert not read(data).image.any()
    looked_at = np.linspace(0, 39, 16).astype(int).tolist()
    images[looked_at[3], 0, 0, 0] = 1
    row = next(row for row in range(40) if row not in looked_at)
    images[row] = 200
    changed(data / "train" / "images.h5", "images", images)
    assert (read(data, f"train-{row:06d}").image == 200).all()


def read_mask(data: Path, row: int) -> np.ndarray:
    mask = read(data, f"train-{row:06d}").mask
    assert mask is not None
    return mask


def test_fault_11_height_and_width_stay_what_they_are(data, tmp_path):
    sample = read(data)
    assert sample.image.shape == (24, 32, 3)
    assert sample.mask is not None
    assert sample.mask.shape == (24, 32)
    store = Store.open(prepare(SplitH5(data), tmp_path / "out.h5", size=16, resize="letterbox").path)
    row = int(np.flatnonzero(store.ids == FIRST.id)[0])
    assert store.original_sizes[row].tolist() == [24, 32]
    # x0 y0 x1 y1 = 1 2 11 20, halved; two rows of padding above.
    np.testing.assert_allclose(store.boxes[row] * 16, [0.5, 3.0, 5.5, 12.0], rtol=1e-6)


def test_fault_23_sources_are_never_written(data, tmp_path):
    before = hashes(data)
    for path in data.rglob("*.h5"):
        path.chmod(0o444)
    for index in range(2):
        prepare(SplitH5(data), tmp_path / f"{index}.h5", size=16)
    assert hashes(data) == before


def test_fault_23_opening_reads_few_rows(tmp_path, monkeypatch):
    monkeypatch.setitem(SPLIT_SIZES, "train", 60)
    data = make_split_h5(tmp_path / "data")
    rows: list[int] = []
    read_row = Column.read

    def note(self: Column, row: int) -> np.ndarray:
        if "train" in str(self.path):
            rows.append(row)
        return read_row(self, row)

    monkeypatch.setattr(Column, "read", note)
    source = SplitH5(data)
    assert len(source.items()) == 65
    assert len(rows) == 3 * 16
    source.read(FIRST)
    assert len(rows) == 3 * 16 + 4


def test_fault_23_a_file_that_another_process_has_open_is_read(data):
    hold = "import sys, h5py\nfile = h5py.File(sys.argv[1], 'r+')\nprint('open', flush=True)\nsys.stdin.read()"
    environment = os.environ | {"HDF5_USE_FILE_LOCKING": "TRUE"}
    command = [sys.executable, "-c", hold, str(data / "train" / "images.h5")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert read(data).id == FIRST.id
        holder.communicate("")


def first_pixel(source: SplitH5) -> list[int]:
    return source.read(FIRST).image[0, 0].tolist()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_fault_24_every_process_opens_files_for_itself(data, method):
    source = SplitH5(data)
    here = first_pixel(source)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(first_pixel, [source] * 4) == [here] * 4
    assert first_pixel(pickle.loads(pickle.dumps(source))) == here


def test_it_keeps_the_contract_of_a_source(data):
    check_source(SplitH5(data), folder=data)


def test_fault_24_other_datasets_in_a_file_are_left_alone(data):
    values = split_columns("train")["images"]
    rewrite(
        data / "train" / "images.h5",
        Lab_img=values * 0,
        chunked_images=values * 0,
        images=values,
        images_chunk=values[None] * 0,
    )
    np.testing.assert_array_equal(read(data).image, draw_sample(0).image[:24, :32])


@pytest.mark.parametrize("name", ["chunked_images", "images_chunk"])
def test_a_rechunked_copy_alone_is_taken(data, name):
    rewrite(data / "train" / "images.h5", Lab_img=np.zeros((6, 24, 32, 3)), **{name: split_columns("train")["images"]})
    np.testing.assert_array_equal(read(data).image, draw_sample(0).image[:24, :32])


def test_rows_in_blocks_are_taken_one_by_one(data):
    for key, values in split_columns("train").items():
        rewrite(data / "train" / f"{key}.h5", **{f"{key}_chunk": values.reshape(2, 3, *values.shape[1:])})
    for row in range(6):
        sample = read(data, f"train-{row:06d}")
        np.testing.assert_array_equal(sample.image, draw_sample(row).image[:24, :32])
        np.testing.assert_array_equal(sample.mask, draw_mask(row)[:24, :32])
        assert sample.boxes[0].x0 == 1 + row
        assert sample.classes == {"species": ("cat", "dog")[row % 2]}


def test_fault_12_no_tail_is_dropped(data):
    # As a rechunking in blocks of four leaves it: two of the six rows are missing in one file.
    rewrite(data / "train" / "masks.h5", masks_chunk=split_columns("train")["masks"][:4].reshape(1, 4, 24, 32, 1))
    with pytest.raises(InputError, match=r"train/images\.h5 holds 6 rows, but .*train/masks\.h5 4"):
        SplitH5(data)


def test_fault_12_every_row_comes_into_the_store(data, tmp_path):
    store = Store.open(prepare(SplitH5(data), tmp_path / "out.h5", size=16).path)
    assert {split: len(store.rows(split)) for split in SPLIT_SIZES} == SPLIT_SIZES


def test_fault_29_the_store_says_how_it_was_divided(data, tmp_path):
    official = Store.open(prepare(SplitH5(data), tmp_path / "official.h5", size=16).path)
    assert [len(official.rows(split)) for split in SPLIT_SIZES] == [6, 3, 2]
    divided = Store.open(prepare(SplitH5(data), tmp_path / "divided.h5", size=16, split="80-10-10").path)
    assert [len(divided.rows(split)) for split in SPLIT_SIZES] == [9, 1, 1]
    assert divided.provenance["split"] == "80-10-10"


@pytest.mark.parametrize("size", [1, 2])
def test_fault_26_one_row_is_enough(tmp_path, size):
    data = make_split_h5(tmp_path / "data", lambda key, values: values[:size])
    assert len(SplitH5(data).items()) == 3 * size
    assert read(data).image.shape == (24, 32, 3)
    assert read(data).classes == {"species": "cat"}


def test_labels_are_optional_and_may_be_missing(data):
    boxes, binary = split_columns("train")["bboxes"], split_columns("train")["binary"].astype(float)
    boxes[0], binary[0] = np.nan, np.nan
    changed(data / "train" / "bboxes.h5", "bboxes", boxes)
    changed(data / "train" / "binary.h5", "binary", binary)
    assert (read(data).boxes, read(data).classes) == ((), {})
    (data / "val" / "bboxes.h5").unlink()
    (data / "val" / "binary.h5").unlink()
    assert (read(data, "val-000000").boxes, read(data, "val-000000").classes) == ((), {})


def test_presets_that_ask_for_the_species_can_use_it(data, tmp_path):
    vocabulary = Store.open(prepare(SplitH5(data), tmp_path / "out.h5", size=16).path).vocabulary
    assert vocabulary.labels == {"species": ("cat", "dog")}
    tasks = build_tasks(load_recipe("mtl-segnet-no-pretrained", {"tasks.classification.label": "species"}), vocabulary)
    assert isinstance(tasks["classification"], ClassificationTask)
    assert tasks["classification"].class_names == ("cat", "dog")


def spoil(key: str, value: float, *, row: int = 1) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        values = split_columns("train")[key].astype(float)
        values[row, 0] = value
        changed(data / "train" / f"{key}.h5", key, values)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (spoil("images", np.nan), r"row 1 of images\.h5 holds values that are not numbers"),
        (spoil("masks", np.inf), r"row 1 of masks\.h5 holds values that are not numbers"),
        (spoil("bboxes", np.nan), r"row 1 of bboxes\.h5 is not a box: nan, 2, 12, 20"),
        (spoil("binary", 2), r"row 1 of binary\.h5 is 2, but should be 0 \(cat\) or 1 \(dog\)"),
    ],
)
def test_bad_rows_say_why(data, change, reason):
    change(data)
    source = SplitH5(data)
    with pytest.raises(SampleError, match=reason):
        source.read(Item("train-000001", "train"))
    assert source.read(FIRST).id == FIRST.id


def test_a_row_beyond_the_range_of_the_file_is_bad(tmp_path, monkeypatch):
    monkeypatch.setitem(SPLIT_SIZES, "train", 40)
    data = make_split_h5(tmp_path / "data")
    values = split_columns("train")["images"]
    looked_at = set(np.linspace(0, 39, 16).astype(int).tolist())
    row = next(row for row in range(40) if row not in looked_at)
    values[row] *= 255
    changed(data / "train" / "images.h5", "images", values)
    with pytest.raises(SampleError, match=rf"row {row} of images\.h5 reaches from 0.* to 2.*, other rows from 0 to 1"):
        read(data, f"train-{row:06d}")


def test_a_box_outside_the_picture_costs_that_box(data, tmp_path):
    spoil("bboxes", 40)(data)
    report = prepare(SplitH5(data), tmp_path / "out.h5", size=16)
    ((id, reason),) = report.dropped
    assert (id, report.skipped) == ("train-000001", ())
    assert "is empty, or not within the image of 32 x 24" in reason


def swap_axes(data: Path) -> None:
    changed(data / "train" / "images.h5", "images", np.moveaxis(split_columns("train")["images"], -1, 1))


def swap_sides(data: Path) -> None:
    changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"].swapaxes(1, 2))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "lengths": (
        lambda data: changed(data / "val" / "bboxes.h5", "bboxes", split_columns("val")["bboxes"][:2]),
        r"val/images\.h5 holds 3 rows, but .*val/bboxes\.h5 2$",
    ),
    "no images": (lambda data: (data / "test" / "images.h5").unlink(), r"test/images\.h5 does not exist"),
    "no masks": (lambda data: (data / "test" / "masks.h5").unlink(), r"test/masks\.h5 does not exist"),
    "no folder": (lambda data: (data / "val").rename(data / "validation"), r"val does not exist; .* train, val, test"),
    "channels first": (swap_axes, r"images\.h5 should hold rows of \(height, width, 3\).*: the channels come first"),
    "swapped sides": (swap_sides, r"masks of 32 x 24 \(height x width\), but .* images of 24 x 32"),
    "grey": (
        lambda data: changed(data / "train" / "images.h5", "images", np.zeros((6, 24, 32, 1))),
        r"should hold rows of \(height, width, 3\), but its rows have the shape \(24, 32, 1\)$",
    ),
    "rank": (
        lambda data: changed(data / "train" / "images.h5", "images", np.zeros((6, 24))),
        r"images should have 4 axes, but has the shape \(6, 24\)",
    ),
    "mask channels": (
        lambda data: changed(data / "train" / "masks.h5", "masks", np.zeros((6, 24, 32, 2))),
        r"should hold rows of \(height, width\) or \(height, width, 1\), but its rows have the shape \(24, 32, 2\)$",
    ),
    "mask channels first": (
        lambda data: changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"].swapaxes(1, 3)),
        r"masks\.h5 should hold rows of .*the shape \(1, 32, 24\): the channels come first, swap the axes$",
    ),
    "pictures of 0 and 1": (
        lambda data: changed(
            data / "train" / "images.h5", "images", split_columns("train")["images"].round().astype("u1")
        ),
        r"train/images\.h5 should hold 0 to 255, because its numbers are uint8, but all its numbers are at most 1",
    ),
    "class ids": (
        lambda data: changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"].astype("u1") * 2),
        r"should hold 0 and 1, or 0 and 255, but reaches from 0 to 2",
    ),
    "whole numbers without 255": (
        lambda data: changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"] * 200),
        r"should hold 0 and 1, or 0 and 255, but reaches from 0 to 200",
    ),
    "overshooting masks of 0 and 1": (
        lambda data: changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"] * 1.125),
        r"should hold 0 and 1, or 0 and 255, but reaches from 0 to 1\.125",
    ),
    "corners": (
        lambda data: changed(data / "train" / "bboxes.h5", "bboxes", np.zeros((6, 5))),
        "should hold rows of 4 numbers",
    ),
    "classes": (
        lambda data: changed(data / "train" / "binary.h5", "binary", np.zeros((6, 2))),
        "should hold rows of one number",
    ),
    "no HDF5": (
        lambda data: (data / "train" / "images.h5").write_text("no"),
        r"images\.h5 is not an HDF5 file",
    ),
    "no dataset": (
        lambda data: rewrite(data / "train" / "images.h5", pictures=np.zeros(3), Lab_img=np.zeros(3)),
        r"should hold the dataset 'images'; its datasets: Lab_img, pictures",
    ),
    "text": (
        lambda data: rewrite(data / "train" / "binary.h5", binary=np.array([b"cat"] * 6)),
        r"binary should hold numbers",
    ),
    "normalised images": (
        lambda data: changed(data / "train" / "images.h5", "images", split_columns("train")["images"] * 2 - 1),
        r"should hold 0 to 1 or 0 to 255, but reaches from -1 to",
    ),
    "trimaps": (
        lambda data: changed(data / "train" / "masks.h5", "masks", split_columns("train")["masks"] + 1),
        r"should hold 0 and 1, or 0 and 255, but reaches from 1 to 2",
    ),
    "normalised boxes": (
        lambda data: changed(data / "train" / "bboxes.h5", "bboxes", split_columns("train")["bboxes"] / 255),
        r"boxes should be in pixels, but all their numbers are at most 1",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_together_is_refused(data, change, reason):
    change(data)
    with pytest.raises(InputError, match=reason) as refused:
        SplitH5(data)
    assert "\n" not in str(refused.value)


def test_a_row_that_cannot_be_read_is_a_bad_sample(data):
    path = data / "train" / "images.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=split_columns("train")["images"], chunks=(1, 24, 32, 3), compression="gzip")
    file = open_hdf5(path)
    place = file["images"].id.get_chunk_info(1)
    file.close()
    content = bytearray(path.read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = bytes(place.size)
    path.write_bytes(content)
    with pytest.raises(SampleError, match=r"row 1 of images\.h5 cannot be read"):
        read(data, "train-000001")
    assert read(data).id == FIRST.id
