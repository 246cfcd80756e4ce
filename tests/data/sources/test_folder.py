"""A folder is read with whatever labels it has, and nothing that is in it is dropped unseen."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources import Folder, open_source
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.pictures import draw_mask, draw_sample, hashes


def make(folder: Path, count: int = 6) -> Path:
    """Pictures 0 to 5; masks of 0 and 1 for all but picture 2."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for index in range(count):
        Image.fromarray(draw_sample(index).image).save(folder / "images" / f"{index}.{('png', 'bmp')[index % 2]}")
        if index != 2:
            save_mask(folder, index, draw_mask(index))
    return folder


def save_mask(folder: Path, index: int, mask: np.ndarray) -> None:
    Image.fromarray(mask).save(folder / "masks" / f"{index}.png")


def save_masks(folder: Path, values: list[int]) -> None:
    """Masks whose background and foreground have these values, from 0 upwards and from there in turn."""
    for index in (0, 1, 3, 4, 5):
        mask = draw_mask(index)
        mask[mask == 1] = values[1 + index % (len(values) - 1)]
        mask[draw_mask(index) == 0] = values[0]
        save_mask(folder, index, mask)


@pytest.fixture
def data(tmp_path) -> Path:
    return make(tmp_path / "data")


def read(data: Path, id: str = "0") -> Sample:
    source = Folder(data)
    return source.read(next(item for item in source.items() if item.id == id))


def mask_of(data: Path, id: str = "0") -> np.ndarray:
    mask = read(data, id).mask
    assert mask is not None
    return mask


def test_pictures_and_masks_meet_by_name(data):
    (data / "images" / "notes.txt").write_text("no picture")
    source = Folder(data)
    assert [item.id for item in source.items()] == list("012345")
    for index in (0, 1, 3):
        np.testing.assert_array_equal(read(data, str(index)).image, draw_sample(index).image)
        np.testing.assert_array_equal(mask_of(data, str(index)), draw_mask(index))
    assert source.mask_classes == ("background", "foreground")


def test_a_picture_without_a_mask_is_a_sample(data, tmp_path):
    assert read(data, "2").mask is None
    store = Store.open(prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10").path)
    assert store.has_mask[store.ids == "2"].tolist() == [False]
    assert store.has_mask.sum() == 5


def test_no_masks_at_all_are_no_trouble(data):
    for path in (data / "masks").iterdir():
        path.unlink()
    (data / "masks").rmdir()
    assert read(data).mask is None


def test_black_and_white_is_background_and_foreground(data):
    save_masks(data, [0, 255])
    assert Folder(data).mask_classes == ("background", "foreground")
    np.testing.assert_array_equal(mask_of(data), draw_mask(0))
    (data / "classes.txt").write_text("street\ncar\n")
    assert Folder(data).mask_classes == ("street", "car")
    np.testing.assert_array_equal(mask_of(data), draw_mask(0))


def test_255_beside_class_ids_is_ignored(data):
    save_masks(data, [0, 1, 255])
    both = draw_mask(0)
    both[0] = IGNORE
    save_mask(data, 0, both)
    assert Folder(data).mask_classes == ("background", "foreground")
    assert mask_of(data, "1")[draw_mask(1) == 1].tolist() == [IGNORE] * int(draw_mask(1).sum())
    (data / "classes.txt").write_text("a\nb\nc\n")
    save_masks(data, [0, 255])
    assert set(np.unique(mask_of(data))) == {0, IGNORE}


def test_many_classes_go_into_the_store_and_are_counted(data, tmp_path):
    save_masks(data, [0, 1, 3, 2])
    (data / "classes.txt").write_text("\ufeffground\nleaf\n\nstem \nflower\n", "utf-8")
    store = Store.open(prepare(Folder(data), tmp_path / "out.h5", size=32, split="100-0-0").path)
    assert store.vocabulary.mask_classes == ("ground", "leaf", "stem", "flower")
    shares = inspect(store).splits["train"].mask_shares
    assert list(shares) == ["ground", "leaf", "stem", "flower"]
    assert sum(shares.values()) == pytest.approx(1)
    assert all(share > 0 for share in shares.values())


def test_classes_without_names_are_numbered(data):
    save_masks(data, [0, 1, 2])
    assert Folder(data).mask_classes == ("background", "class 1", "class 2")
    assert (Folder(data).category_ids, Folder(data).remarks) == ((), ())


def test_palettes_give_their_indices(data):
    picture = Image.fromarray(draw_mask(0) * 2)
    picture.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0])
    assert picture.mode == "P"
    picture.save(data / "masks" / "0.png")
    (data / "classes.txt").write_text("ground\nleaf\nstem\n")
    np.testing.assert_array_equal(mask_of(data), draw_mask(0) * 2)


def test_masks_of_one_bit_are_read(data):
    Image.fromarray(draw_mask(0) * 255).convert("1").save(data / "masks" / "0.png")
    np.testing.assert_array_equal(mask_of(data), draw_mask(0))


def test_tables_hold_classes_groups_splits_and_boxes(data, tmp_path):
    (data / "labels.csv").write_text(
        "id,species,breed,group,split\n0,cat,Bengal,one,train\n1,dog,,one,val\n3,,pug,,test\n"
    )
    (data / "boxes.csv").write_text("id,x0,y0,x1,y1,name\n0,1,2,30,20,head\n0,5,5,8.5,9,ear\n")
    sample = read(data)
    assert sample.classes == {"species": "cat", "breed": "Bengal"}
    assert sample.group == "one"
    assert sample.boxes == (Box(1, 2, 30, 20, "head"), Box(5, 5, 8.5, 9, "ear"))
    assert read(data, "1").classes == {"species": "dog"}
    assert (read(data, "3").classes, read(data, "3").group) == ({"breed": "pug"}, None)
    assert (read(data, "4").classes, read(data, "4").boxes) == ({}, ())
    assert [item.split for item in Folder(data).items()] == ["train", "val", None, "test", None, None]
    with pytest.raises(InputError, match="no official split"):
        prepare(Folder(data), tmp_path / "out.h5", size=16)


def test_files_may_stand_for_ids_and_the_split_column_is_the_split(data, tmp_path):
    lines = [f"images/{index}.jpg,{('train', 'val', 'test')[index % 3]}" for index in range(6)]
    (data / "labels.csv").write_text("file,split\n" + "\n".join(lines) + "\n")
    store = Store.open(prepare(Folder(data), tmp_path / "out.h5", size=16).path)
    assert [store.ids[store.rows(split)].tolist() for split in ("train", "val", "test")] == [
        ["0", "3"],
        ["1", "4"],
        ["2", "5"],
    ]


def test_groups_of_the_table_stay_together(tmp_path):
    data = make(tmp_path / "data", 20)
    rows = "\n".join(f"{index},{'ab'[index % 2]},animal {index // 4}" for index in range(20))
    (data / "labels.csv").write_text(f"id,kind,group\n{rows}\n")
    store = Store.open(prepare(Folder(data), tmp_path / "out.h5", size=16, split="60-20-20").path)
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [12, 4, 4]
    for group in range(5):
        assert len(set(store.split[store.groups == f"animal {group}"].tolist())) == 1
    assert not [finding for finding in inspect(store).findings if finding.kind == "divided group"]


def spoil(data: Path, part: str) -> None:
    match part:
        case "size":
            save_mask(data, 0, np.zeros((40, 49), np.uint8))
        case "value":
            (data / "classes.txt").write_text("a\nb\n")
            save_mask(data, 0, np.full((40, 50), 7, np.uint8))
        case "mode":
            Image.new("RGB", (50, 40), (9, 9, 200)).save(data / "masks" / "0.png")
        case "mask":
            (data / "masks" / "0.png").write_bytes(b"no")
        case "image":
            (data / "images" / "0.png").write_bytes(b"no")
        case "box":
            (data / "boxes.csv").write_text("id,x0,y0,x1,y1\n0,50,2,60,20\n")
        case "no image":
            (data / "images" / "0.png").unlink()
        case "deep":
            (data / "classes.txt").write_text("a\nb\n")
            Image.fromarray(np.full((40, 50), 500, np.uint16)).save(data / "masks" / "0.png")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("size", r"its mask is 40 x 49 \(height x width\), its image 40 x 50"),
        ("value", r"its mask holds 7; known are 0 to 1 \(a, b\)"),
        ("mode", r"0\.png holds colours; say which class each is"),
        ("deep", r"its mask holds 500; known are 0 to 1 \(a, b\)"),
        ("mask", r"0\.png cannot be decoded as an image"),
        ("box", r"its box from \(50, 2\) to \(60, 20\) is empty, or not within"),
    ],
)
def test_bad_labels_are_left_out_alone_and_say_why(data, tmp_path, part, reason):
    spoil(data, part)
    report = prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10")
    ((id, found),) = report.dropped
    assert id == "0"
    assert re.search(reason, found)
    assert (report.num_written, report.skipped) == (6, ())
    store = Store.open(report.path)
    assert store.has_mask[store.ids == "0"].tolist() == [part == "box"]


@pytest.mark.parametrize(
    ("part", "reason"),
    [("image", r"0\.png cannot be decoded as an image"), ("no image", "it has labels, but no image in images/")],
)
def test_bad_samples_are_left_out_and_say_why(data, tmp_path, part, reason):
    spoil(data, part)
    report = prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10")
    ((id, found),) = report.skipped
    assert id == "0"
    assert re.search(reason, found)
    assert report.num_written == 5


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("labels.csv", "id,kind\n0\n", r"labels\.csv, line 2: expected 2 cells, found 1"),
        ("boxes.csv", "id,x0,y0,x1\n", r"boxes\.csv has no column 'y1'; its columns: id, x0, y0, x1"),
        ("classes.txt", "one\n", r"classes\.txt should hold between 2 and 255 different names.* it holds 1"),
        ("classes.txt", "one\none\n", "it holds 2, 1 of them different"),
    ],
)
def test_tables_that_cannot_be_understood_are_refused(data, name, content, reason):
    (data / name).write_text(content)
    with pytest.raises(InputError, match=reason):
        Folder(data)


def test_what_is_no_such_folder_is_refused(tmp_path, data):
    with pytest.raises(InputError, match="images does not exist; it should hold the images"):
        Folder(tmp_path)
    Image.new("RGB", (9, 9)).save(data / "images" / "0.jpg")
    with pytest.raises(InputError, match=r"holds both 0\.jpg and 0\.png; keep only one of them"):
        Folder(data)


def test_interpolated_masks_are_not_taken_for_classes(data):
    save_mask(data, 0, np.tile(np.arange(200, dtype=np.uint8), (40, 1))[:, :50] * 5)
    with pytest.raises(InputError, match=r"values up to 245, so they look interpolated.* --threshold 128"):
        Folder(data)


def test_a_picture_is_turned_with_its_mask_or_without_one(data):
    path, exif = data / "images" / "2.png", Image.Exif()
    exif[0x0112] = 6
    Image.open(path).save(path, exif=exif)
    assert read(data, "2").image.shape == (50, 40, 3)
    save_mask(data, 2, np.zeros((40, 50), np.uint8))
    assert read(data, "2").image.shape == (40, 50, 3)


def test_fault_23_sources_are_never_written(data, tmp_path):
    before = hashes(data)
    prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10", processes=2)
    assert hashes(data) == before


def test_it_keeps_the_contract_of_a_source(data):
    check_source(Folder(data), folder=data)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_masks_of_other_formats_are_not_passed_over(data, all_of_them):
    for path in sorted((data / "masks").iterdir())[: None if all_of_them else 1]:
        Image.open(path).save(path.with_suffix(".JPG"))
        path.unlink()
    with pytest.raises(InputError, match=r"masks holds 0\.JPG; JPEG changes the values of a mask.* --threshold 128"):
        Folder(data)


@pytest.mark.parametrize("name", [None, "0.txt", ".hidden.png"])
def test_a_folder_of_masks_without_a_mask_is_refused(data, name):
    for path in (data / "masks").iterdir():
        path.unlink()
    if name is not None:
        (data / "masks" / name).write_bytes(b"0")
    with pytest.raises(InputError, match=r"masks should hold masks as \.png, .* files, but it is empty"):
        Folder(data)


def test_subfolders_are_read_with_their_masks_and_rows(data, tmp_path):
    for part in ("images", "masks"):
        (data / part / "more").mkdir()
        for index in (3, 4):
            for path in (data / part).glob(f"{index}.*"):
                path.rename(data / part / "more" / path.name)
    (data / "labels.csv").write_text("file,kind\nimages/more/3.bmp,a\nmore\\\\4.png,b\n".replace("\\\\", "\\"))
    source = Folder(data)
    assert [item.id for item in source.items()] == ["0", "1", "2", "5", "more/3", "more/4"]
    sample = read(data, "more/4")
    np.testing.assert_array_equal(sample.mask, draw_mask(4))
    assert sample.classes == {"kind": "b"}
    assert prepare(source, tmp_path / "out.h5", size=16, split="80-10-10").num_written == 6


def test_masks_that_fit_one_image_are_told_from_masks_without_any(data, tmp_path):
    (data / "masks" / "0.png").rename(data / "masks" / "0_mask.png")
    for name in ("0_label.png", "gone.png"):
        (data / "masks" / name).write_bytes((data / "masks" / "0_mask.png").read_bytes())
    several = "masks/ holds several masks that fit the image 0; keep one of them"
    assert dict(prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10").skipped) == {
        "0_label": several,
        "0_mask": several,
        "gone": "it has labels, but no image in images/",
    }


def test_what_is_not_read_is_named_and_counted(data, tmp_path):
    for name in ("depth/0.png", "parts/0.png", "images/0.xml", "images/1.xml", "masks/0.mat", "images/Thumbs.db"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).touch()
    (data / "README.md").touch()
    report = prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10")
    assert report.remarks == (
        "images/: 2 files are no image that can be read, left out: 0.xml, 1.xml",
        "masks/: 1 file is no mask that can be read, left out: 0.mat",
        "the folder: 2 files are neither images/ nor masks/ nor a table that is known, left out: depth/, parts/ "
        "(layers.yaml may declare folders as layers)",
    )
    assert Store.open(report.path).provenance["remarks"] == list(report.remarks)


def test_photographs_of_other_suffixes_and_masks_of_other_names_are_read(data):
    Image.open(data / "images" / "1.bmp").save(data / "images" / "1.jfif", "JPEG")
    (data / "images" / "1.bmp").unlink()
    for index in (0, 1, 3, 4, 5):
        name = ("{}_mask.png", "{}.jpg.png", "{}-label.PNG")[index % 3].format(index)
        (data / "masks" / f"{index}.png").rename(data / "masks" / name)
    for index in (0, 1, 3, 4, 5):
        np.testing.assert_array_equal(mask_of(data, str(index)), draw_mask(index))


def test_masks_that_fit_no_photograph_are_refused(data):
    for path in (data / "masks").iterdir():
        path.rename(path.with_stem(f"mask of {path.stem}"))
    with pytest.raises(
        InputError, match=r"no mask fits any image: there is, for example, masks/mask of 0\.png, .* images/ is 0;"
    ):
        Folder(data)


def test_rows_that_fit_no_photograph_are_refused(data):
    (data / "labels.csv").write_text("id,kind\n000,a\n001,b\n")
    with pytest.raises(InputError, match=r"no row of .*labels\.csv fits any image; the first row is for '000', .* '0'"):
        Folder(data)


def test_rows_of_commas_are_empty_and_doubtful_names_are_said(data):
    (data / "labels.csv").write_text("id,kind\n0,cat\n,\n1,Cat\n2,CAT \n , \n3,NaN\n")
    source = Folder(data)
    assert source.remarks == (
        "labels.csv: CAT, Cat, cat count as 3 classes of kind; spell them alike if they are one",
        "labels.csv: 'NaN' counts as a class of kind; leave the cell empty where the label is missing",
    )
    assert read(data, "2").classes == {"kind": "CAT"}


def test_colour_coded_masks_reach_the_store_by_a_table(data, tmp_path):
    for index in (0, 1, 3, 4, 5):
        colours = np.array([(0, 0, 0), (250, 50, 83)], np.uint8)[draw_mask(index)]
        colours[0, 0] = (9, 9, 9) if index == 3 else 0
        Image.fromarray(colours).save(data / "masks" / f"{index}.png")
    table = tmp_path / "colours.txt"
    table.write_text("leaf 250 50 83\nbackground 0 0 0\n")
    report = prepare(open_source("folder", data, colours=table), tmp_path / "out.h5", size=16, split="80-10-10")
    store = Store.open(report.path)
    assert store.vocabulary.mask_classes == ("background", "leaf")
    assert store.vocabulary.category_ids == (1, 0)
    assert store.has_mask.sum() == 4
    ((id, reason),) = report.dropped
    assert (id, "3.png has 1 pixels of the colour (9, 9, 9), which belongs to no class" in reason) == ("3", True)


def test_a_class_0_that_is_no_background_reaches_the_store(data, tmp_path):
    (data / "classes.txt").write_text("sky\nground\n")
    report = prepare(Folder(data), tmp_path / "out.h5", size=16, split="80-10-10")
    assert not Store.open(report.path).vocabulary.has_background


def test_a_pipe_among_the_masks_costs_its_mask_and_no_time(data):
    (data / "masks" / "0.png").unlink()
    os.mkfifo(data / "masks" / "0.png")
    assert read(data).dropped == ("0.png is not a regular file",)


def test_masks_of_other_sizes_than_all_photographs_are_refused(data):
    for index in (0, 1, 3, 4, 5):
        save_mask(data, index, draw_mask(index)[::2, ::2])
    reason = r"no mask has the size of its image: for example, 0\.png is 20 x 25 \(height x width\), 0\.png 40 x 50"
    with pytest.raises(InputError, match=reason):
        Folder(data)


def test_masks_that_cannot_be_read_at_all_are_refused(data):
    for path in (data / "masks").iterdir():
        path.write_bytes(b"no mask")
    with pytest.raises(InputError, match=r"no mask can be read; the first: 0\.png cannot be decoded as an image"):
        Folder(data)
