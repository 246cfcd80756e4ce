"""The layout of Pascal VOC is read as its authors mean it, and XML cannot do harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.preparing.record import CLIPPED
from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources import PascalVOC
from auxseg.data.sources.source import Item, SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.pictures import draw_mask, draw_sample, hashes

CAT = 8


def draw_ids(index: int) -> np.ndarray:
    """A cat with an ignored row above it."""
    mask = draw_mask(index) * CAT
    mask[0] = IGNORE
    return mask


@pytest.fixture
def data(tmp_path) -> Path:
    """Four photographs in the lists, the last of them without mask, and one that is not listed."""
    folder = tmp_path / "VOC2012"
    for part in ("JPEGImages", "SegmentationClass", "Annotations", "ImageSets/Segmentation"):
        (folder / part).mkdir(parents=True)
    for index in range(5):
        Image.fromarray(draw_sample(index).image).save(folder / "JPEGImages" / f"p{index}.jpg", quality=95)
        if index < 3:
            picture = Image.fromarray(draw_ids(index))
            picture.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
            picture.save(folder / "SegmentationClass" / f"p{index}.png")
    for split, ids in (("train", "p0\np1\n"), ("val", "p2\n"), ("trainval", "p0\np1\np2\n"), ("test", "p3\n")):
        (folder / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(ids)
    write_xml(folder, "<xmin>1</xmin><ymin>1</ymin><xmax>50</xmax><ymax>40</ymax>")
    return folder


def write_xml(folder: Path, corners: str) -> None:
    part = "<part><name>head</name><bndbox><xmin>3</xmin></bndbox></part>"
    text = f"<annotation><object><name>cat</name><bndbox>{corners}</bndbox>{part}</object></annotation>"
    (folder / "Annotations" / "p0.xml").write_text(text)


def read(data: Path, id: str = "p0") -> Sample:
    source = PascalVOC(data)
    return source.read(next(item for item in source.items() if item.id == id))


def test_the_lists_are_the_official_split(data, tmp_path):
    assert PascalVOC(data).items() == [Item("p0", "train"), Item("p1", "train"), Item("p2", "val"), Item("p3", "test")]
    store = Store.open(prepare(PascalVOC(data), tmp_path / "out.h5", size=32).path)
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [2, 1, 1]
    assert store.vocabulary.mask_classes[CAT] == "cat"
    assert len(store.vocabulary.mask_classes) == 21
    assert store.has_mask.tolist() == [True, True, True, False]


def test_trainval_alone_is_divided(data, tmp_path):
    for split in ("train", "val"):
        (data / "ImageSets" / "Segmentation" / f"{split}.txt").unlink()
    store = Store.open(prepare(PascalVOC(data), tmp_path / "out.h5", size=32, val_fraction=0.34).path)
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [2, 1, 1]


def test_without_lists_all_photographs_are_samples(data):
    for path in (data / "ImageSets" / "Segmentation").iterdir():
        path.unlink()
    assert PascalVOC(data).items() == [Item(f"p{index}") for index in range(5)]
    assert read(data, "p4").mask is None


def test_palette_indices_are_classes_and_255_is_ignored(data):
    np.testing.assert_array_equal(read(data).mask, draw_ids(0))


def test_boxes_are_half_open_and_of_whole_objects(data):
    assert read(data).boxes == (Box(0, 0, 50, 40, "cat"),)
    assert read(data, "p1").boxes == ()


def corners(x0: int, y0: int, x1: int, y1: int) -> str:
    return f"<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"


@pytest.mark.parametrize(
    ("written", "kept", "notes"),
    [
        ((0, 0, 51, 41), [0, 0, 50, 40], {}),
        ((-1, 1, 50, 40), [0, 0, 50, 40], {CLIPPED: 1}),
        ((1, 1, 52, 40), [0, 0, 50, 40], {CLIPPED: 1}),
        ((3, 4, 20, 30), [2, 3, 20, 30], {}),
    ],
)
def test_boxes_that_reach_out_are_clipped_and_counted_beyond_a_pixel(data, tmp_path, written, kept, notes):
    write_xml(data, corners(*written))
    report = prepare(PascalVOC(data), tmp_path / "out.h5", size=16)
    assert (report.dropped, report.notes) == ((), notes)
    store = Store.open(report.path)
    np.testing.assert_allclose(store.boxes[store.ids == "p0"][0] * [50, 40, 50, 40], kept, rtol=1e-6)


def test_boxes_outside_are_left_out_alone(data, tmp_path):
    write_xml(data, corners(60, 1, 70, 40))
    ((id, reason),) = prepare(PascalVOC(data), tmp_path / "out.h5", size=16).dropped
    assert id == "p0"
    assert "not within the image of 50 x 40" in reason


@pytest.mark.parametrize("suffix", [".JPG", ".jpeg", ".Jpg"])
@pytest.mark.parametrize("listed", [True, False])
def test_photographs_are_found_whatever_the_case_of_their_suffix(data, suffix, listed):
    path = data / "JPEGImages" / "p0.jpg"
    path.rename(path.with_suffix(suffix))
    if not listed:
        for each in (data / "ImageSets" / "Segmentation").iterdir():
            each.unlink()
        assert PascalVOC(data).items() == [Item(f"p{index}") for index in range(5)]
    assert read(data).image.shape == (40, 50, 3)


def test_pictures_that_are_no_photographs_are_refused(data):
    path = data / "JPEGImages" / "p4.jpg"
    path.rename(path.with_suffix(".png"))
    with pytest.raises(
        InputError, match=r"JPEGImages should hold \.jpg or \.jpeg or \.jfif files, but it holds p4\.png"
    ):
        PascalVOC(data)


def test_a_listed_photograph_that_is_missing_is_a_bad_sample(data):
    (data / "JPEGImages" / "p0.jpg").unlink()
    with pytest.raises(SampleError, match=r"p0\.jpg does not exist"):
        read(data)


def test_other_classes_may_be_named(data, tmp_path):
    (data / "classes.txt").write_text("ground\nleaf\n")
    with pytest.raises(InputError, match=r"no mask fits the 2 names of classes\.txt, .*: the masks hold 8"):
        PascalVOC(data)
    (data / "SegmentationClass" / "p1.png").unlink()
    Image.fromarray(draw_mask(1)).save(data / "SegmentationClass" / "p1.png")
    source = PascalVOC(data)
    assert source.mask_classes == ("ground", "leaf")
    assert source.read(source.items()[0]).dropped == ("its mask holds 8; known are 0 to 1 (ground, leaf)",)


def test_a_file_of_boxes_that_cannot_be_understood_costs_no_mask(data):
    (data / "Annotations" / "p0.xml").write_text("<!DOCTYPE a><annotation/>")
    sample = read(data)
    assert "declares a document type (<!DOCTYPE>), which is not allowed" in sample.dropped[0]
    assert sample.boxes == ()
    np.testing.assert_array_equal(sample.mask, draw_ids(0))


def test_bad_samples_say_why(data):
    write_xml(data, "<xmin>1</xmin>")
    assert read(data).dropped == ("p0.xml: object 'cat' has no bndbox/ymin",)
    assert read(data).mask is not None
    (data / "SegmentationClass" / "p1.png").unlink()
    with pytest.raises(SampleError, match=r"p1\.png does not exist"):
        read(data, "p1")
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(data / "SegmentationClass" / "p2.png")
    assert read(data, "p2").dropped == ("its mask is 9 x 9 (height x width), its image 40 x 50",)
    assert read(data, "p2").mask is None


def test_a_photograph_in_two_splits_is_refused(data):
    (data / "ImageSets" / "Segmentation" / "val.txt").write_text("p2\np0\n")
    with pytest.raises(InputError, match=r"val\.txt: p0 is listed in train too"):
        PascalVOC(data)


def test_names_that_lead_elsewhere_are_refused(data):
    (data / "ImageSets" / "Segmentation" / "val.txt").write_text("../p2\n")
    with pytest.raises(InputError, match=r"'\.\./p2' is not the name of an image"):
        PascalVOC(data)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="JPEGImages does not exist; the layout of Pascal VOC has it"):
        PascalVOC(tmp_path)


def test_fault_23_sources_are_never_written(data, tmp_path):
    before = hashes(data)
    prepare(PascalVOC(data), tmp_path / "out.h5", size=16)
    assert hashes(data) == before


def test_it_keeps_the_contract_of_a_source(data):
    check_source(PascalVOC(data), unlabelled={"p3": ["mask", "boxes"], "p1": ["boxes"]}, folder=data)


def without_lists(data: Path) -> None:
    for path in (data / "ImageSets" / "Segmentation").iterdir():
        path.unlink()


def test_colours_of_cvat_are_read_by_its_label_map(data, tmp_path):
    without_lists(data)
    (data / "ImageSets" / "Segmentation" / "default.txt").write_text("p0\n")
    (data / "labelmap.txt").write_text("# label:color_rgb:parts:actions\ncat:250,50,83::\nbackground:0,0,0::\n")
    for index in range(3):
        colours = np.array([(0, 0, 0), (250, 50, 83)], np.uint8)[draw_mask(index)]
        Image.fromarray(colours).save(data / "SegmentationClass" / f"p{index}.png")
    source = PascalVOC(data)
    assert (source.mask_classes, source.category_ids) == (("background", "cat"), (1, 0))
    np.testing.assert_array_equal(source.read(Item("p1")).mask, draw_mask(1))
    assert source.remarks == ("ImageSets/Segmentation/: 1 file is no known list of a split, left out: default.txt",)


def test_names_of_labelme_are_read(data):
    without_lists(data)
    (data / "class_names.txt").write_text("_background_\nleaf\nstem\n")
    for index in range(3):
        Image.fromarray(draw_mask(index) * 2).save(data / "SegmentationClass" / f"p{index}.png")
    source = PascalVOC(data)
    assert source.mask_classes == ("_background_", "leaf", "stem")
    np.testing.assert_array_equal(source.read(Item("p1")).mask, draw_mask(1) * 2)


def test_pascal_vocs_own_names_are_refused_where_they_are_others(data):
    path = data / "Annotations" / "p0.xml"
    path.write_text(path.read_text().replace("<name>cat</name>", "<name>leaf</name>"))
    with pytest.raises(
        InputError, match=r"p0\.xml has an object 'leaf', which is not a class of Pascal VOC.*classes\.txt"
    ):
        PascalVOC(data)
    path.unlink()
    PascalVOC(data)
    Image.fromarray(draw_mask(0) * 21).save(data / "SegmentationClass" / "p0.png")
    with pytest.raises(
        InputError, match=r"the masks hold the id 21, but Pascal VOC has 20 classes; name the classes in"
    ):
        PascalVOC(data)


def test_a_byte_order_mark_is_no_part_of_a_name(data):
    path = data / "ImageSets" / "Segmentation" / "train.txt"
    path.write_bytes("\ufeffp0\r\np1\r\n".encode())
    assert [item.id for item in PascalVOC(data).items()][:2] == ["p0", "p1"]


def test_a_bad_object_costs_its_box_alone(data):
    write_xml(data, corners(1, 1, 50, 40) + "</bndbox></object><object><name>dog</name><bndbox><xmin>wide</xmin>")
    sample = read(data)
    assert sample.boxes == (Box(0, 0, 50, 40, "cat"),)
    assert len(sample.dropped) == 1
    assert sample.mask is not None


def test_the_size_in_the_annotation_decides_about_the_orientation(data):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = data / "JPEGImages" / "p3.jpg"
    Image.open(path).save(path, exif=exif)
    xml = "<annotation><size><width>50</width><height>40</height></size></annotation>"
    (data / "Annotations" / "p3.xml").write_text(xml)
    assert read(data, "p3").image.shape == (40, 50, 3)
    (data / "Annotations" / "p3.xml").write_text(xml.replace("50", "0"))
    assert read(data, "p3").image.shape == (50, 40, 3)


def test_pascal_vocs_own_names_are_said_where_nothing_speaks_for_them(data):
    without_lists(data)
    assert PascalVOC(data).remarks == ()  # a box is a cat
    (data / "Annotations" / "p0.xml").unlink()
    (remark,) = PascalVOC(data).remarks
    assert remark.startswith("the classes got the names of Pascal VOC; if they are others, name the classes in ")
