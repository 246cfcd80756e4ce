"""The official layout is read as its authors mean it, and bad samples say why they are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources import SOURCES, Folder, OxfordIIITPet, open_source
from auxseg.data.sources.source import Item, SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.pictures import draw_mask, draw_sample, hashes, make_pets, to_trimap, write_xml

CAT = "Tabby_0"


@pytest.fixture
def pets(tmp_path) -> Path:
    return make_pets(tmp_path / "pets")


def read(pets: Path, id: str = CAT, border: str = "foreground") -> Sample:
    source = OxfordIIITPet(pets, border)
    return source.read(next(item for item in source.items() if item.id == id))


def trimap_of(pets: Path, id: str = CAT) -> Path:
    return pets / "annotations" / "trimaps" / f"{id}.png"


def test_the_lists_say_what_there_is(pets):
    Image.new("RGB", (9, 9)).save(pets / "images" / "Tabby_99.jpg")
    items = OxfordIIITPet(pets).items()
    assert items[:2] == [Item("Tabby_0", "trainval"), Item("old_hound_1", "trainval")]
    assert [item.id for item in items if item.split == "test"] == ["old_hound_3", "old_hound_7"]
    assert len(items) == 8


def test_breed_and_species_come_from_the_name_and_the_list(pets):
    assert read(pets).classes == {"breed": "Tabby", "species": "cat"}
    assert read(pets, "old_hound_1").classes == {"breed": "old_hound", "species": "dog"}


@pytest.mark.parametrize(("border", "value"), [("foreground", 1), ("ignore", IGNORE), ("class", 2)])
def test_the_border_counts_as_the_setting_says(pets, border, value):
    drawn = draw_mask(0)
    is_border = to_trimap(drawn) == 3
    mask = read(pets, border=border).mask
    assert mask is not None
    assert is_border.any()
    assert (mask[is_border] == value).all()
    np.testing.assert_array_equal(mask[~is_border], drawn[~is_border])
    names = OxfordIIITPet(pets, border).mask_classes
    assert names == ("background", "pet", *(["border"] if border == "class" else []))


def test_boxes_become_half_open(pets):
    assert read(pets).boxes == draw_sample(0).boxes
    write_xml(pets, CAT, [Box(0, 0, 1, 2, "cat"), Box(3, 3, 50, 40, "cat")])
    assert [(box.x0, box.y0, box.x1, box.y1) for box in read(pets).boxes] == [(0, 0, 1, 2), (3, 3, 50, 40)]


def test_a_sample_without_xml_has_no_box(pets):
    assert read(pets, "old_hound_3").boxes == ()


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("GIF", "P"), ("BMP", "RGB")])
def test_pictures_of_other_formats_named_jpg_are_read(pets, kind, mode):
    path = pets / "images" / f"{CAT}.jpg"
    Image.open(path).convert(mode).save(path, kind)
    assert read(pets).image.shape == (40, 50, 3)


def test_the_image_is_turned_only_with_its_trimap(pets):
    path = pets / "images" / f"{CAT}.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(path).save(path, exif=exif)
    assert read(pets).image.shape == (40, 50, 3)
    Image.open(trimap_of(pets)).transpose(Image.Transpose.ROTATE_270).save(trimap_of(pets))
    assert read(pets).image.shape == (50, 40, 3)


def spoil_image(pets: Path) -> None:
    path = pets / "images" / f"{CAT}.jpg"
    path.write_bytes(path.read_bytes()[:400])


def spoil_trimap_values(pets: Path) -> None:
    Image.fromarray(np.array([[0, 1, 7]], np.uint8)).save(trimap_of(pets))


def spoil_trimap_mode(pets: Path) -> None:
    Image.new("RGB", (50, 40)).save(trimap_of(pets))


def spoil_trimap_size(pets: Path) -> None:
    Image.fromarray(np.ones((40, 49), np.uint8)).save(trimap_of(pets))


def remove_trimap(pets: Path) -> None:
    trimap_of(pets).unlink()


def spoil_xml(pets: Path) -> None:
    (pets / "annotations" / "xmls" / f"{CAT}.xml").write_text("<annotation><object>")


def spoil_xml_encoding(pets: Path) -> None:
    (pets / "annotations" / "xmls" / f"{CAT}.xml").write_text('<?xml version="1.0" encoding="foo"?><annotation/>')


def spoil_box_text(pets: Path) -> None:
    path = pets / "annotations" / "xmls" / f"{CAT}.xml"
    path.write_text(path.read_text().replace("<xmin>", "<xmin>left of "))


def remove_corner(pets: Path) -> None:
    path = pets / "annotations" / "xmls" / f"{CAT}.xml"
    path.write_text("<annotation><object><bndbox><xmin>1</xmin></bndbox></object></annotation>")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_trimap_values, "its trimap holds the values 0, 1, 7; only 1, 2 and 3 are known"),
        (spoil_trimap_mode, "its trimap has mode RGB"),
        (spoil_trimap_size, r"its mask is 40 x 49 \(height x width\), its image 40 x 50"),
        (remove_trimap, r"Tabby_0\.png does not exist"),
        (spoil_xml, r"Tabby_0\.xml is not a readable box annotation"),
        (spoil_xml_encoding, r"Tabby_0\.xml is not a readable box annotation: unknown encoding"),
        (spoil_box_text, r"Tabby_0\.xml: could not convert"),
        (remove_corner, r"Tabby_0\.xml: object '' has no bndbox/ymin"),
    ],
)
def test_bad_labels_are_left_out_alone_and_say_why(pets, spoil, reason):
    whole = read(pets)
    spoil(pets)
    sample = read(pets)
    (found,) = sample.dropped
    assert re.search(reason, found)
    is_mask = "trimap" in spoil.__name__
    assert (sample.mask is None, sample.boxes == ()) == (is_mask, not is_mask)
    assert sample.classes == whole.classes


def test_a_photograph_that_cannot_be_read_is_a_bad_sample(pets):
    spoil_image(pets)
    with pytest.raises(SampleError, match=r"Tabby_0\.jpg is damaged"):
        read(pets)


def test_a_box_a_pixel_outside_the_photograph_is_clipped(pets, tmp_path):
    write_xml(pets, CAT, [Box(-1, 5, 51, 20, "cat")])
    report = prepare(OxfordIIITPet(pets), tmp_path / "out.h5", size=32)
    assert (report.dropped, report.notes) == ((), {})
    store = Store.open(report.path)
    np.testing.assert_allclose(store.boxes[store.ids == CAT][0] * [50, 40, 50, 40], [0, 5, 50, 20], rtol=1e-6)


def test_a_box_outside_the_photograph_is_left_out_alone(pets, tmp_path):
    write_xml(pets, CAT, [Box(60, 5, 72, 20, "cat")])
    report = prepare(OxfordIIITPet(pets), tmp_path / "out.h5", size=32)
    ((id, reason),) = report.dropped
    assert (id, report.skipped) == (CAT, ())
    assert "its box 'cat' from (60, 5) to (72, 20) is empty, or not within the image of 50 x 40" in reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Tabby_0", "line 7: expected"),
        ("Tabby_9 1 3 1", "line 7: expected"),
        ("Tabby_0 1 1 1", "line 7: Tabby_0 is listed twice"),
    ],
)
def test_lists_that_cannot_be_understood_are_refused(pets, line, reason):
    path = pets / "annotations" / "trainval.txt"
    path.write_text(path.read_text() + line)
    with pytest.raises(InputError, match=reason):
        OxfordIIITPet(pets)


def test_comments_and_empty_lines_in_lists_are_skipped(pets):
    path = pets / "annotations" / "trainval.txt"
    path.write_text("#Image CLASS-ID SPECIES BREED ID\n\n" + path.read_text())
    assert len(OxfordIIITPet(pets).items()) == 8


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"trainval\.txt cannot be read; in the official layout"):
        OxfordIIITPet(tmp_path)


def test_an_unknown_border_is_refused(pets):
    with pytest.raises(InputError, match="foreground, ignore, class, not 'edge'"):
        OxfordIIITPet(pets, "edge")


def test_fault_23_sources_are_never_written(pets, tmp_path):
    before = hashes(pets)
    prepare(OxfordIIITPet(pets), tmp_path / "out.h5", size=16)
    assert hashes(pets) == before


def test_it_keeps_the_contract_of_a_source(pets):
    check_source(OxfordIIITPet(pets), folder=pets)


def test_sources_are_opened_by_name(pets):
    assert isinstance(open_source("oxford-iiit-pet", pets, border="ignore"), OxfordIIITPet)
    with pytest.raises(InputError, match="unknown source 'pets'; there are: oxford-iiit-pet"):
        open_source("pets", pets)
    with pytest.raises(InputError, match="border is a setting of oxford-iiit-pet; folder has none"):
        open_source("folder", pets, border="ignore")
    assert isinstance(open_source("folder", pets), Folder)
    assert list(SOURCES) == [
        *("oxford-iiit-pet", "split-h5", "folder", "coco", "voc", "yolo", "index", "arrays"),
        "huggingface",
    ]


def test_the_real_sample_is_whole(real_data, tmp_path):
    source = OxfordIIITPet(real_data / "oxford-iiit-pet-sample", "class")
    report = prepare(source, tmp_path / "pets.h5", size=32, processes=2)
    store = Store.open(report.path)
    assert report.skipped == ()
    assert store.vocabulary.labels["breed"] == ("Abyssinian", "Bengal", "american_bulldog")
    assert np.isfinite(store.boxes).all(1).sum() == 296
    assert not np.isfinite(store.boxes[store.rows("test")]).any()
    assert store.provenance["details"]["path"] == "oxford-iiit-pet-sample"
    counts = np.sum([np.bincount(store.read(row)[1].ravel(), minlength=3) for row in range(len(store))], axis=0)
    assert (counts > 10_000).all()
