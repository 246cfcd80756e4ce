"""A table of paths is read with whatever labels it has, as the folder source reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.preparing.record import RecordSettings, make_record
from auxseg.data.sample import Box, Sample
from auxseg.data.sources import Folder, Index
from auxseg.data.sources.source import Item
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.testing import check_source
from tests.data.damage import mutations, read_all
from tests.data.pictures import draw_mask, draw_sample, hashes
from tests.data.sources.index.tables import make

FULL = """image,mask,split,group,kind,x0,y0,x1,y1
pics/0.png,gt/0.png,train,g,red,1,2,20,30
pics/1.png,gt/1.png,val,,,,,,
pics/2.png,,test,,blue,0,0,9,9
"""


def read(path: Path, place: int = 0, **options: object) -> Sample:
    source = Index(path, **options)  # pyright: ignore[reportArgumentType]
    return source.read(source.items()[place])


def test_rows_are_samples_with_their_labels(tmp_path):
    source = Index(make(tmp_path, FULL))
    assert source.items() == [Item("pics/0", "train"), Item("pics/1", "val"), Item("pics/2", "test")]
    assert source.mask_classes == ("background", "foreground")
    first, second, third = (source.read(item) for item in source.items())
    np.testing.assert_array_equal(first.image, draw_sample(0).image)
    np.testing.assert_array_equal(first.mask, draw_mask(0))
    assert (first.boxes, first.classes, first.group) == ((Box(1, 2, 20, 30),), {"kind": "red"}, "g")
    assert (second.boxes, second.classes, second.group) == ((), {}, None)
    assert (third.mask, third.classes) == (None, {"kind": "blue"})
    assert source.provenance() == {"name": "index", "path": "index.csv"}


def test_it_gives_what_the_folder_source_gives(tmp_path):
    data = tmp_path / "data"
    table = make(data, "image,mask,split\n" + "".join(f"pics/{i}.png,gt/{i}.png,train\n" for i in range(4)))
    (data / "pics").rename(data / "images")
    (data / "gt").rename(data / "masks")
    table.write_text(table.read_text().replace("pics", "images").replace("gt", "masks"))
    (data / "labels.csv").write_text("id,split\n" + "".join(f"{index},train\n" for index in range(4)))
    theirs, ours = Folder(data), Index(table)
    assert (ours.mask_classes, ours.category_ids) == (theirs.mask_classes, theirs.category_ids)
    for one, other in zip(ours.items(), theirs.items(), strict=True):
        np.testing.assert_array_equal(ours.read(one).mask, theirs.read(other).mask)
        np.testing.assert_array_equal(ours.read(one).image, theirs.read(other).image)


def test_masks_are_understood_by_names_and_settings(tmp_path):
    path = make(tmp_path, FULL)
    (tmp_path / "classes.txt").write_text("ground 0 0 0\nred 255 0 0\n")
    red = np.stack([draw_mask(0) * 255, draw_mask(0) * 0, draw_mask(0) * 0], -1)
    Image.fromarray(red).save(tmp_path / "gt/0.png")
    assert Index(path).mask_classes == ("ground", "red")
    np.testing.assert_array_equal(read(path).mask, draw_mask(0))
    (tmp_path / "classes.txt").unlink()
    Image.fromarray(draw_mask(0) * 200).save(tmp_path / "gt/0.png")
    Image.fromarray(draw_mask(1) * 130).save(tmp_path / "gt/1.png")
    np.testing.assert_array_equal(read(path, threshold=128).mask, draw_mask(0))
    assert Index(path, threshold=128).provenance()["threshold"] == "128"
    with pytest.raises(InputError, match="exif must be one of"):
        Index(path, exif="maybe")


def test_files_that_are_not_there_are_counted_and_named(tmp_path):
    text = (
        FULL + "".join(f"gone/{name}.png,gt/3.png,train,,,,,,\n" for name in "abcd") + "pics/3.png,no.png,val,,,,,,\n"
    )
    source = Index(make(tmp_path, text))
    assert source.remarks == (
        "index.csv: files that do not exist: 4 of 8 images (a.png, b.png, c.png and 1 more)",
        "index.csv: files that do not exist: 1 of 7 masks (no.png)",
    )
    report = prepare(source, tmp_path / "out.h5", size=16)
    assert report.skipped == tuple((f"gone/{name}", f"{name}.png does not exist") for name in "abcd")
    assert report.dropped == (("pics/3", "no.png does not exist"),)
    assert Store.open(report.path).ids.tolist() == ["pics/0", "pics/1", "pics/2", "pics/3"]


def test_a_table_of_nothing_that_is_there_is_refused(tmp_path):
    path = make(tmp_path, "image\nno/a.png\nno/b.png\n")
    with pytest.raises(InputError, match=r"index\.csv: none of its 2 images exists; the first should be .*no/a\.png"):
        Index(path)
    path.write_text("image,mask\npics/0.png,no/a.png\npics/1.png,\n")
    with pytest.raises(InputError, match=r"index\.csv: none of its 1 masks exists; the first should be .*no/a\.png"):
        Index(path)
    path.write_text("image,mask\n")
    with pytest.raises(InputError, match="the source index holds no samples"):
        prepare(Index(path), tmp_path / "out.h5")


def test_a_table_without_splits_asks_for_percentages(tmp_path):
    source = Index(make(tmp_path, "image\n" + "".join(f"pics/{index}.png\n" for index in range(4))))
    with pytest.raises(InputError, match="this source has no official split"):
        prepare(source, tmp_path / "out.h5")
    assert prepare(source, tmp_path / "out.h5", size=16, split="50-25-25").num_written == 4


def test_lossy_masks_need_a_threshold(tmp_path):
    path = make(tmp_path, FULL.replace("gt/0.png", "gt/0.jpg"))
    Image.fromarray(draw_mask(0) * 255).save(tmp_path / "gt/0.jpg")
    Image.fromarray(draw_mask(1) * 255).save(tmp_path / "gt/1.png")
    with pytest.raises(InputError, match=r"0\.jpg is a mask; JPEG changes the values of a mask.* --threshold 128"):
        Index(path)
    assert read(path, threshold=128).mask is not None


@pytest.mark.parametrize("cells", ["1,2,wide,30", "50,2,60,30", "5,5,5,9"])
def test_a_mask_or_a_box_that_cannot_be_used_is_left_out_alone(tmp_path, cells):
    path = make(tmp_path, FULL.replace("1,2,20,30", cells))
    Image.fromarray(draw_mask(0)[:20]).save(tmp_path / "gt/0.png")
    record = make_record(read(path), RecordSettings(Size.of(16), "squash", ("background", "foreground")))
    assert not record.has_mask
    assert np.isnan(record.box).all()
    assert len(record.dropped) == 2
    assert record.classes == {"kind": "red"}


def test_an_image_is_turned_as_its_mask_says(tmp_path):
    path, exif = make(tmp_path, FULL), Image.Exif()
    exif[0x0112] = 6
    for index in (0, 1, 2):
        picture = tmp_path / "pics" / f"{index}.png"
        Image.open(picture).save(picture, exif=exif)
    Image.fromarray(draw_mask(0).T).save(tmp_path / "gt/0.png")
    (tmp_path / "gt/1.png").unlink()
    assert read(path).image.shape == (50, 40, 3)
    assert read(path, 2).image.shape == (50, 40, 3)  # it has a box alone, and is read like the others
    assert read(path, exif="ignore").image.shape == (40, 50, 3)


def test_names_of_classes_that_mean_nothing_are_doubted(tmp_path):
    assert Index(make(tmp_path, "image,kind\npics/0.png,nan\n")).remarks == (
        "index.csv: 'nan' counts as a class of kind; leave the cell empty where the label is missing",
    )


def test_it_keeps_the_contract_of_a_source(tmp_path):
    path = make(tmp_path, FULL + '"pics/it\'s ä, b.png",,train,,x,,,,\npics/gone.png,,train,,,,,,\n')
    Image.fromarray(draw_sample(5).image).save(tmp_path / "pics" / "it's ä, b.png")
    check_source(Index(path), unlabelled={"pics/1": ["boxes", "kind"], "pics/2": ["mask"]}, folder=tmp_path)


def test_a_store_is_made_by_several_processes_and_nothing_is_written(tmp_path):
    path = make(tmp_path / "data", FULL)
    before = hashes(tmp_path / "data")
    assert prepare(Index(path), tmp_path / "out.h5", size=16, processes=2).num_written == 3
    assert hashes(tmp_path / "data") == before


def test_damaged_tables_are_read_or_refused(tmp_path):
    path = make(tmp_path, FULL)
    content = path.read_bytes() + b"\n" * 70  # mutations are made before the last 64 bytes
    num_used, said = 0, list[str]()
    for changed in mutations(content, 150, seed=3):
        path.write_bytes(changed)
        used, reasons = read_all(lambda: Index(path))
        num_used += used
        said += reasons
    assert 20 < num_used < 450
    assert len(said) > 50
    assert all(reason.strip() and len(reason) < 1500 and "\n" not in reason for reason in said)
