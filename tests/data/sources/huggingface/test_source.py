"""Data sets of Hugging Face's library give the images, masks and labels that were saved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import HuggingFace, open_source
from auxseg.data.sources.source import Item, SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source
from tests.data.sources.huggingface.folders import (
    HW,
    IMAGE_TYPE,
    SPECIES,
    draw,
    encoded,
    save_arrow,
    save_dict,
    save_parquet,
    save_to_disk,
    table,
)

SPLITS = {"train": [*range(12)], "validation": [20, 21, 22], "test": [30, 31]}
NUMBERS = {f"{split}/{row}": number for split, numbers in SPLITS.items() for row, number in enumerate(numbers)}
UNLABELLED = {
    id: [*(["mask"] if number % 3 == 0 else []), *(["species"] if number % 5 == 0 else []), "boxes"]
    for id, number in NUMBERS.items()
}
FORMS = {"arrow": save_dict, "parquet": save_parquet}


@pytest.fixture(params=FORMS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return FORMS[request.param](tmp_path / "trees", {split: table(numbers) for split, numbers in SPLITS.items()})


def test_the_source_keeps_its_contract(folder: Path) -> None:
    check_source(HuggingFace(folder), unlabelled=UNLABELLED, folder=folder)


def test_samples_are_those_that_were_saved_in_any_order(folder: Path) -> None:
    source = HuggingFace(folder)
    items = list(source.items())
    assert {item.id: item.split for item in items} == {
        id: {"validation": "val"}.get(id.split("/")[0], id.split("/")[0]) for id in NUMBERS
    }
    for place in np.random.default_rng(0).permutation(len(items)):
        item, number = items[place], NUMBERS[items[place].id]
        image, mask = draw(number)
        sample = source.read(item)
        np.testing.assert_array_equal(sample.image, image)
        if number % 3:
            np.testing.assert_array_equal(sample.mask, mask)
        else:
            assert sample.mask is None
        assert sample.classes == ({"species": SPECIES[number % 2]} if number % 5 else {})
        assert not sample.dropped
    assert source.remarks[0] == "the column image is the image, annotation the mask; labels are species"
    assert source.remarks[1] == "columns that are not read: caption; --fields NAME=COLUMN makes a label of one"


def test_both_forms_make_the_same_store(tmp_path: Path) -> None:
    rows = {split: table(numbers) for split, numbers in SPLITS.items()}
    hashes = [
        Store.open(
            prepare(HuggingFace(save(tmp_path / name, rows)), tmp_path / f"{name}.h5", size=32).path
        ).content_hash
        for name, save in FORMS.items()
    ]
    assert hashes[0] == hashes[1]


@pytest.mark.slow
def test_processes_read_the_same(folder: Path, tmp_path: Path) -> None:
    hashes = [
        Store.open(prepare(HuggingFace(folder), tmp_path / f"{n}.h5", size=32, processes=n).path).content_hash
        for n in (1, 2)
    ]
    assert hashes[0] == hashes[1]


def test_one_saved_split_and_files_without_a_split(tmp_path: Path) -> None:
    source = HuggingFace(save_to_disk(tmp_path / "one", table([1, 2, 4]), "test"))
    assert list(source.items()) == [Item(f"test/{row}", "test") for row in range(3)]
    source = HuggingFace(save_to_disk(tmp_path / "none", table([1, 2, 4])))
    assert list(source.items()) == [Item(f"row/{row}", None) for row in range(3)]
    report = prepare(source, tmp_path / "out.h5", size=32, split="0-0-100")
    assert report.num_written == 3


def with_split(rows: pyarrow.Table, words: list[str | None], column: str = "split") -> pyarrow.Table:
    return rows.append_column(column, pyarrow.array(words, pyarrow.string()))


@pytest.mark.parametrize("part", [None, "train", "full"])
def test_a_column_may_hold_the_split(tmp_path: Path, part: str | None) -> None:
    words = ["train", "validation", "Test", "trainval"]
    source = HuggingFace(save_to_disk(tmp_path / "one", with_split(table([1, 2, 4, 5]), [*words]), part))
    assert [item.split for item in source.items()] == ["train", "val", "test", "trainval"]
    assert source.remarks[0].startswith("the column image is the image, annotation the mask; split is the split; ")
    assert not any("no official split" in remark for remark in source.remarks)
    assert source.read(source.items()[1]).classes == {"species": "oak"}
    report = prepare(source, tmp_path / "out.h5", size=32)
    assert set(Store.open(report.path).split.tolist()) == {0, 1, 2}


def test_the_names_of_a_class_label_are_the_splits(tmp_path: Path) -> None:
    rows = table([1, 2, 5])
    said = rows.schema.metadata[b"huggingface"].replace(b'["oak", "elm"]', b'["train", "validation"]')
    renamed = rows.rename_columns([{"species": "part"}.get(name, name) for name in rows.column_names])
    renamed = renamed.replace_schema_metadata({"huggingface": said.replace(b'"species"', b'"part"')})
    source = HuggingFace(save_to_disk(tmp_path / "a", renamed), fields={"split": "part"})
    assert [item.split for item in source.items()] == ["val", "train", None]
    assert source.read(source.items()[0]).classes == {}
    assert source.provenance()["fields"] == "split=part"


def test_a_column_counts_over_folders_only_where_it_is_asked_for(tmp_path: Path) -> None:
    parts = {name: with_split(table([1, 2]), ["test", "train"]) for name in ("train", "validation")}
    folder = save_dict(tmp_path / "two", parts)
    source = HuggingFace(folder)
    assert [item.split for item in source.items()] == ["train", "train", "val", "val"]
    assert any("columns that are not read" in remark and "split" in remark for remark in source.remarks)
    asked = HuggingFace(folder, fields={"split": "split"})
    assert [item.split for item in asked.items()] == ["test", "train"] * 2


def test_a_split_that_does_not_exist_is_refused_by_row_and_may_be_a_label(tmp_path: Path) -> None:
    folder = save_to_disk(tmp_path / "a", with_split(table([1, 2, 4]), ["train", None, "tset"]))
    with pytest.raises(InputError, match=r"a, row 2 of the table: the column split should hold .*, not 'tset'; --fie"):
        HuggingFace(folder)
    labelled = HuggingFace(folder, fields={"part": "split"})
    assert [item.split for item in labelled.items()] == [None] * 3
    assert labelled.read(labelled.items()[2]).classes["part"] == "tset"


def test_fields_say_which_column_is_what(tmp_path: Path) -> None:
    folder = save_to_disk(tmp_path / "a", table([1, 2, 4], image="left", mask="right"))
    with pytest.raises(InputError, match=r"has no column of images; its columns: left \(struct<.*caption \(string\)"):
        HuggingFace(folder)
    fields = {"image": "left", "mask": "right", "id": "caption", "tree": "species"}
    source = open_source("huggingface", folder, fields=fields)
    assert [item.id for item in source.items()] == ["tree 1", "tree 2", "tree 4"]
    assert source.read(source.items()[0]).classes == {"tree": "elm"}
    assert source.provenance()["fields"] == "image=left mask=right id=caption tree=species"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"image": "imag"},
            r"has no column 'imag' \(did you mean 'image'\?\); its columns: image, annotation, species",
        ),
        ({"mask": "caption"}, "the column caption holds string, but mask needs images"),
        ({"id": "annotation"}, r"the column annotation holds struct<.*>, but id needs texts or numbers"),
        (
            {"group": "species", "mask": "annotation", "id": "species"},
            "the id 0 occurs twice; leave --fields id=... out",
        ),
        ({"box": "caption"}, "a kind of label may not be called 'box'"),
    ],
)
def test_fields_that_fit_no_column_are_refused(tmp_path: Path, fields: dict[str, str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        HuggingFace(save_to_disk(tmp_path / "a", table([1, 2, 4, 7])), fields=fields)


def test_files_that_number_classes_otherwise_are_refused(tmp_path: Path) -> None:
    rows = table([1, 2])
    said = rows.schema.metadata[b"huggingface"].replace(b'["oak", "elm"]', b'["elm", "oak"]')
    for number, part in enumerate((rows, rows.replace_schema_metadata({"huggingface": said}))):
        pyarrow.parquet.write_table(part, tmp_path / f"train-0000{number}-of-00002.parquet")
    with pytest.raises(InputError, match="numbers its classes in another way than the first file"):
        open_source("huggingface", tmp_path)


def test_a_class_that_is_called_as_something_else_is_no_label(tmp_path: Path) -> None:
    for name in ("box", "mask"):
        rows = table([1, 2])
        names = [name if each == "species" else each for each in rows.column_names]
        said = rows.schema.metadata[b"huggingface"].replace(b'"species"', f'"{name}"'.encode())
        renamed = rows.rename_columns(names).replace_schema_metadata({"huggingface": said})
        source = open_source("huggingface", save_parquet(tmp_path / name, {"train": renamed}))
        assert {**source.read(source.items()[0]).classes} == {}
        assert any("columns that are not read" in remark and name in remark for remark in source.remarks)


def test_images_may_be_bytes_alone_or_files_beside(tmp_path: Path) -> None:
    image, mask = draw(1)
    (tmp_path / "files").mkdir()
    Image.fromarray(image).save(tmp_path / "files" / "a.png")
    rows = pyarrow.table(
        {
            "pixel_values": pyarrow.array(
                [
                    {"bytes": None, "path": "files/a.png"},
                    {"bytes": None, "path": "https://example.org/a.png"},
                    {"bytes": b"no image", "path": None},
                    {"bytes": None, "path": None},
                    {"bytes": None, "path": "files/b.png"},
                ],
                IMAGE_TYPE,
            ),
            "label": pyarrow.array([encoded(mask)] * 5, pyarrow.large_binary()),
        }
    )
    save_arrow(tmp_path / "train.arrow", rows)
    source = HuggingFace(tmp_path)
    items = source.items()
    np.testing.assert_array_equal(source.read(items[0]).image, image)
    np.testing.assert_array_equal(source.read(items[0]).mask, mask)
    for item, reason in zip(
        items[1:],
        ["nothing is downloaded", "cannot be decoded as an image", "is empty", r"b\.png does not exist"],
        strict=True,
    ):
        with pytest.raises(SampleError, match=reason):
            source.read(item)


def test_masks_of_jpeg_are_refused(tmp_path: Path) -> None:
    image, mask = draw(1)
    rows = pyarrow.table({"image": [encoded(image)], "mask": [encoded(255 * (mask > 0).astype(np.uint8), "JPEG")]})
    save_arrow(tmp_path / "train.arrow", rows)
    with pytest.raises(InputError, match=r"mask of train/0 is a JPEG image; JPEG changes the values.* --threshold 128"):
        HuggingFace(tmp_path)
    source = HuggingFace(tmp_path, threshold=128)
    np.testing.assert_array_equal(source.read(source.items()[0]).mask, mask > 0)


def test_a_file_that_is_cut_off_is_refused(folder: Path) -> None:
    path = sorted([*folder.rglob("*train*.parquet"), *folder.rglob("train/*.arrow")])[1]
    content = path.read_bytes()
    for share in np.linspace(0, 0.99, 12):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match=rf"{path.name}.*; copy or download it again"):
            HuggingFace(folder)


def test_a_stream_that_is_cut_off_between_batches_is_refused(tmp_path: Path) -> None:
    folder = save_to_disk(tmp_path / "a", table([1, 2, 4, 5]), num_files=1)
    path = next(folder.glob("*.arrow"))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match=r"data-00000-of-00001\.arrow cannot be read: it is cut off"):
        HuggingFace(folder)


def test_damage_never_goes_by_another_name(folder: Path) -> None:
    path = sorted([*folder.rglob("*test*.parquet"), *folder.rglob("test/*.arrow")])[0]
    content, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            source = HuggingFace(folder)
            for item in source.items()[-2:]:
                source.read(item)
        except (InputError, SampleError):
            pass


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("dataset_dict.json", {"splits": ["../other"]}, "should name the folders of the splits"),
        ("dataset_dict.json", {}, "should name the folders of the splits"),
        ("dataset_dict.json", {"splits": ["gone"]}, r"state\.json cannot be read as JSON"),
        ("train/state.json", {"_data_files": [{"filename": "../../etc/passwd"}]}, "should name files beside it"),
        ("train/state.json", {"_data_files": [{"filename": "gone.arrow"}]}, r"gone\.arrow does not exist, but"),
        (
            "train/state.json",
            {"_data_files": [], "_indices_data_files": [{"filename": "i"}]},
            "a selection of the rows",
        ),
        ("train/state.json", [], "should hold an object"),
    ],
)
def test_descriptions_that_are_wrong_are_refused(tmp_path: Path, file: str, content: object, reason: str) -> None:
    folder = save_dict(tmp_path / "a", {"train": table([1, 2, 4])})
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(InputError, match=reason):
        HuggingFace(folder)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"should hold dataset_dict\.json or state\.json.* or \.parquet files"):
        HuggingFace(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        HuggingFace(tmp_path / "gone")
    save_arrow(tmp_path / "train-0.arrow", table([1, 2]))
    save_arrow(tmp_path / "train-1.arrow", table([1, 2], mask="gt"))
    with pytest.raises(InputError, match=r"train-1\.arrow has the columns image, gt, .*, the first file image, annot"):
        HuggingFace(tmp_path)


def test_masks_are_understood_as_anywhere_else(tmp_path: Path) -> None:
    folder = save_to_disk(tmp_path / "a", table([1, 2, 4]), "train")
    assert HuggingFace(folder).mask_classes == ("background", "class 1", "class 2")
    (folder / "classes.txt").write_text("ground\ntrunk\ncrown\n")
    assert HuggingFace(folder).mask_classes == ("ground", "trunk", "crown")
    (folder / "classes.txt").unlink()
    merged = HuggingFace(folder, instances="merge").read(Item("train/0")).mask
    np.testing.assert_array_equal(merged, draw(1)[1] > 0)


def test_only_the_size_of_a_batch_is_in_memory(tmp_path: Path) -> None:
    """Rows far apart are read without those between them."""
    folder = save_parquet(tmp_path / "a", {"train": table([*range(1, 40)])})
    source = HuggingFace(folder)
    first = source.read(source.items()[0]).image
    last = source.read(source.items()[-1]).image
    np.testing.assert_array_equal(first, draw(1)[0])
    np.testing.assert_array_equal(last, draw(39)[0])
    assert first.shape == (*HW, 3)
