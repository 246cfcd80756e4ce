"""`auxseg data` as a person types it: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.data import download
from auxseg.data.sources import SOURCES
from auxseg.data.sources.split_h5 import INTERPOLATED
from auxseg.data.store.store import Store
from auxseg.records.values.size import Size
from tests.data.pictures import TRIMAP_OUTSIDE, draw_mask, draw_sample, make_pets, make_split_h5
from tests.data.sources.huggingface.folders import save_dict, table
from tests.data.sources.index.tables import make as make_table
from tests.data.sources.yolo.folders import SQUARE
from tests.data.sources.yolo.folders import make as make_yolo


@pytest.fixture
def pets(tmp_path) -> Path:
    return make_pets(tmp_path / "pets")


def prepare(pets: Path, *options: str) -> int:
    out = str(pets.parent / "pets.h5")
    return main(["data", "prepare", "oxford-iiit-pet", str(pets), "--out", out, "--processes", "1", *options])


def test_synthesize_writes_a_store(tmp_path, capsys):
    out = tmp_path / "drawn.h5"
    arguments = ["--out", str(out), "--samples", "10", "--size", "32", "--seed", "3", "--processes", "1", "--json"]
    assert main(["data", "synthesize", *arguments]) == 0
    captured = capsys.readouterr()
    nothing = {"skipped": [], "notes": {}, "dropped": [], "remarks": [], "findings": []}
    assert json.loads(captured.out) == {"path": str(out), "num_written": 10} | nothing
    assert "10 samples" in captured.err
    store = Store.open(out)
    assert (len(store), store.size, store.provenance["source"]) == (10, Size.of(32), "synthetic")
    assert store.provenance["details"]["seed"] == "3"


def test_synthesize_writes_a_folder_of_files(tmp_path, capsys):
    out = tmp_path / "drawn"
    given = ["--samples", "3", "--size", "32", "--processes", "1", "--shard-size", "2"]
    assert main(["data", "synthesize", "--out", str(out), *given]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["shard-0000.h5", "shard-0001.h5", "shards.json"]
    assert main(["data", "synthesize", "--out", str(tmp_path / "none"), "--shard-size", "0"]) == 2
    assert "shard_size must be at least 1 sample per file, not 0" in capsys.readouterr().err


def test_rooms_have_layers_which_inspect_shows(tmp_path, capsys):
    out = str(tmp_path / "rooms.h5")
    given = ["--kind", "rooms", "--samples", "10", "--size", "32", "--processes", "1"]
    assert main(["data", "synthesize", "--out", out, *given]) == 0
    capsys.readouterr()
    assert main(["data", "inspect", out]) == 0
    shown = capsys.readouterr().err
    assert "layer depth: a map of numbers, 1 channel, in m" in shown
    assert "normals: known pixels" in shown
    assert "depth: highest" in shown
    assert main(["data", "inspect", out, "--json"]) == 0
    depth = json.loads(capsys.readouterr().out)["splits"]["train"]["layers"]["depth"]
    assert depth["num_samples"] == 7
    assert 0 < depth["lowest"] < depth["highest"] < 9


def test_prepare_takes_every_option(pets):
    options = ["--size", "48", "--split", "50-25-25", "--border", "class", "--resize", "letterbox", "--box", "thing"]
    assert prepare(pets, *options, "--seed", "4") == 0
    store = Store.open(pets.parent / "pets.h5")
    assert (store.size, store.border, store.resize) == (Size.of(48), "class", "letterbox")
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [4, 2, 2]
    assert {"split": "50-25-25", "box": "thing", "seed": 4}.items() <= store.provenance.items()


def test_original_masks_are_kept_on_request_and_said(pets, capsys):
    assert prepare(pets) == 0
    plain = Store.open(pets.parent / "pets.h5")
    assert prepare(pets, "--original-masks", "--overwrite") == 0
    store = Store.open(pets.parent / "pets.h5")
    assert (plain.originals, store.content_hash) == (None, plain.content_hash)
    for row, id in enumerate(store.ids):
        trimap = np.asarray(Image.open(pets / "annotations" / "trimaps" / f"{id}.png"))
        np.testing.assert_array_equal(store.read_original_mask(row), trimap != TRIMAP_OUTSIDE)
    capsys.readouterr()
    assert main(["data", "inspect", str(store.path)]) == 0
    assert "masks are also kept at these sizes, for evaluate --at original" in capsys.readouterr().err


def test_prepare_names_what_it_leaves_out(pets, capsys):
    (pets / "images" / "Tabby_0.jpg").write_text("no picture")
    assert prepare(pets, "--json") == 0
    captured = capsys.readouterr()
    reason = "Tabby_0.jpg cannot be decoded as an image"
    ((id, found),) = json.loads(captured.out)["skipped"]
    assert (id, found.partition(";")[0]) == ("Tabby_0", reason)
    assert f"left out: Tabby_0: {reason}" in captured.err
    assert "7 samples, 1 left out" in captured.err


def test_prepare_strict_fails(pets, capsys):
    (pets / "images" / "Tabby_0.jpg").write_text("no picture")
    assert prepare(pets, "--strict") == 1
    reason = "Tabby_0.jpg cannot be decoded as an image; supported formats are"
    assert capsys.readouterr().err.startswith(f"auxseg: Tabby_0: {reason}")
    assert not (pets.parent / "pets.h5").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "8"], "size must be between 16 and 2048 pixels, not 8"),
        (["--split", "half"], "split must be 'official' or three percentages"),
    ],
)
def test_prepare_refuses_what_does_not_fit(pets, capsys, options, message):
    assert prepare(pets, *options) == 2
    assert message in capsys.readouterr().err


def test_prepare_refuses_an_output_that_exists(pets, capsys):
    assert prepare(pets) == 0
    assert prepare(pets) == 2
    assert "already exists; --overwrite replaces it" in capsys.readouterr().err
    assert prepare(pets, "--overwrite") == 0


def test_prepare_names_every_source(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "prepare", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert [name for name in SOURCES if name not in shown] == []


def test_prepare_counts_what_it_repaired(tmp_path, capsys):
    data = make_split_h5(tmp_path / "data", lambda key, values: values * 0.7 if key == "masks" else values)
    with h5py.File(data / "train" / "masks.h5", "a") as file:
        masks: Any = file["masks"]
        masks[0, 0, 0, 0] = 1.0
    out = tmp_path / "out.h5"
    arguments = ["data", "prepare", "split-h5", str(data), "--out", str(out), "--size", "16", "--processes", "1"]
    assert main([*arguments, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["notes"] == {INTERPOLATED: 11}
    assert f"repaired: 11 of 11 samples: {INTERPOLATED}" in captured.err
    assert main(["data", "inspect", str(out)]) == 0
    assert f"repaired when prepared: 11 samples: {INTERPOLATED}" in capsys.readouterr().err


def test_prepare_refuses_an_unknown_source(pets, capsys):
    assert main(["data", "prepare", "pets", str(pets), "--out", str(pets.parent / "pets.h5")]) == 2
    assert "unknown source 'pets'; there are: oxford-iiit-pet" in capsys.readouterr().err


def test_inspect_prints_tables_and_warnings(pets, capsys):
    (pets / "images" / "Tabby_4.jpg").write_bytes((pets / "images" / "old_hound_3.jpg").read_bytes())
    prepare(pets)
    capsys.readouterr()
    page = pets.parent / "pages" / "pets.html"
    assert main(["data", "inspect", str(pets.parent / "pets.h5"), "--html", str(page), "--json"]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["html"] == str(page)
    assert result["splits"]["test"]["missing"]["box"] == 2
    for words in ("breed: old_hound", "without box", "are the same picture [leak]"):
        assert words in captured.err
    assert "old_hound_3" in page.read_text()


def test_inspect_says_one_kind_of_finding_once(pets, capsys):
    for path in (pets / "annotations" / "trimaps").iterdir():
        Image.fromarray(np.full((40, 50), TRIMAP_OUTSIDE, np.uint8)).save(path)
    prepare(pets)
    capsys.readouterr()
    assert main(["data", "inspect", str(pets.parent / "pets.h5"), "--json"]) == 0
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if "[empty mask]" in line]
    assert lines[0] == "warning: 8 findings of one kind [empty mask]"
    assert lines[1].endswith(" is all background [empty mask]")
    assert len(lines) == 4
    assert "5 more; --json lists all 8" in captured.err
    assert len([each for each in json.loads(captured.out)["findings"] if each["kind"] == "empty mask"]) == 8
    assert "absent" in captured.err
    assert " 0.0%" not in captured.err


def test_prepare_tells_what_looks_wrong(pets, capsys):
    (pets / "annotations" / "xmls" / "Tabby_0.xml").write_text(
        "<annotation><object><name>head</name><bndbox><xmin>60</xmin><ymin>1</ymin><xmax>70</xmax><ymax>9</ymax>"
        "</bndbox></object></annotation>"
    )
    assert prepare(pets, "--json") == 0
    captured = capsys.readouterr()
    assert "label left out: Tabby_0: its box 'head' from (59, 0) to (70, 9) is empty, or not within" in captured.err
    assert "8 samples, 1 label left out" in captured.err
    assert json.loads(captured.out)["dropped"][0][0] == "Tabby_0"
    assert main(["data", "inspect", str(pets.parent / "pets.h5")]) == 0
    assert "[label left out]" in capsys.readouterr().err


def test_prepare_gives_a_source_the_settings_that_were_given(tmp_path, capsys):
    values = {
        "images": [{"id": 1, "file_name": "1.png", "height": 40, "width": 50}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    for split in ("train", "test"):
        (tmp_path / f"{split}.json").write_text(json.dumps(values))
    Image.fromarray(draw_sample(0).image).save(tmp_path / "1.png")
    out = tmp_path / "out.h5"
    command = ["data", "prepare", "coco", str(tmp_path), "--out", str(out), "--size", "16", "--processes", "1"]
    annotations = ["--annotations", f"train={tmp_path / 'train.json'}", "test=test.json"]
    assert main([*command, *annotations, "--exif", "ignore", "--val-fraction", "0"]) == 0
    store = Store.open(out)
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [1, 0, 1]
    assert store.provenance["details"]["exif"] == "ignore"
    capsys.readouterr()
    for texts, message in (
        (["train"], "--annotations should be SPLIT=FILE, such as train=annotations/train.json, not 'train'"),
        (["train=a", "train=b"], "--annotations names train twice"),
    ):
        assert main([*command, "--annotations", *texts]) == 2
        assert message in capsys.readouterr().err
    assert main([*command, "--threshold", "9"]) == 2
    assert "coco has none" in capsys.readouterr().err


def test_inspect_refuses_to_write_over_the_store(pets, capsys):
    prepare(pets)
    store = str(pets.parent / "pets.h5")
    assert main(["data", "inspect", store, "--html", store]) == 2
    assert "is the store itself" in capsys.readouterr().err
    assert len(Store.open(store)) == 8


def test_inspect_refuses_a_page_that_exists(pets, capsys):
    prepare(pets)
    store, page = str(pets.parent / "pets.h5"), pets.parent / "precious.html"
    page.write_text("precious")
    assert main(["data", "inspect", store, "--html", str(page)]) == 2
    assert "precious.html already exists; --overwrite replaces it" in capsys.readouterr().err
    assert page.read_text() == "precious"
    assert main(["data", "inspect", store, "--html", str(page), "--overwrite"]) == 0
    assert "old_hound_3" in page.read_text()


def test_inspect_refuses_what_is_no_store(tmp_path, capsys):
    assert main(["data", "inspect", str(tmp_path / "nothing.h5")]) == 2
    assert "nothing.h5 does not exist" in capsys.readouterr().err


def test_download_says_what_comes_next(tmp_path, capsys, monkeypatch):
    def pretend(to: Path, *, progress) -> Path:
        progress("images.tar.gz", 10, 20)
        return to

    monkeypatch.setattr(download, "download_oxford_iiit_pet", pretend)
    assert main(["data", "download", "oxford-iiit-pet", "--to", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"path": str(tmp_path)}
    assert f"auxseg data prepare oxford-iiit-pet {tmp_path}" in captured.err


def test_download_knows_its_data_sets(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "download", "imagenet", "--to", "."])
    assert stopped.value.code == 2


def test_export_writes_what_prepare_reads(tmp_path, capsys):
    store, out = tmp_path / "drawn.h5", tmp_path / "out"
    assert main(["data", "synthesize", "--out", str(store), "--samples", "10", "--size", "32", "--processes", "1"]) == 0
    capsys.readouterr()
    assert main(["data", "export", str(store), str(out), "--to", "folder", "--json"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["path"], told["images"]) == (str(out), 10)
    assert "the 10 images are those of the store, at the size that they had" in " ".join(captured.err.split())
    again = tmp_path / "again.h5"
    assert main(["data", "prepare", "folder", str(out), "--out", str(again), "--size", "32", "--processes", "1"]) == 0
    assert Store.open(again).vocabulary == Store.open(store).vocabulary
    capsys.readouterr()
    assert main(["data", "export", str(store), str(out)]) == 2
    assert "exists already; give the name of a new directory" in capsys.readouterr().err


def test_prepare_reads_yolo_and_says_what_it_left_out(tmp_path, capsys):
    labels = {"train/a": f"0 {SQUARE}", "train/b": "0 nonsense", "train/c": "-", "val/d": f"1 {SQUARE}"}
    data, out = make_yolo(tmp_path / "data", labels), tmp_path / "out.h5"
    arguments = ["data", "prepare", "yolo", str(data), "--out", str(out), "--size", "16", "--processes", "1"]
    assert main(arguments) == 0
    shown = capsys.readouterr().err
    assert "label left out: train/b: no mask: b.txt, line 1: behind the class should be" in shown
    assert "note: taken for background, because there is no file of labels: 1 image (train/c)" in shown
    assert "out.h5: 4 samples, 1 label left out" in shown
    assert main([*arguments, "--overwrite", "--strict"]) == 1
    assert main([*arguments, "--overwrite", "--threshold", "9"]) == 2
    assert "threshold is a setting of folder, voc, index, huggingface; yolo has none" in capsys.readouterr().err


def test_prepare_reads_what_the_library_datasets_saved(tmp_path, capsys):
    folder = save_dict(
        tmp_path / "trees", {"train": table([*range(8)], "left", "right"), "test": table([8, 9], "left", "right")}
    )
    out = tmp_path / "out.h5"
    command = ["data", "prepare", "huggingface", str(folder), "--out", str(out), "--size", "16", "--processes", "1"]
    assert main([*command, "--fields", "image=left", "mask=right", "--group-near-duplicates"]) == 0
    shown = capsys.readouterr().err
    assert "note: the column left is the image, right the mask; labels are species" in shown
    assert "note: no near-duplicates" in shown
    assert Store.open(out).provenance["near_duplicates"]["num_groups"] == 0
    for fields, message in (
        (["image"], "--fields should be ROLE=NAME, such as mask=label, not 'image'"),
        (["image=left", "image=right"], "--fields names image twice"),
        (["mask=wrong"], "has no column 'wrong'"),
    ):
        assert main([*command, "--overwrite", "--fields", *fields]) == 2
        assert message in capsys.readouterr().err


def test_prepare_reads_a_table_with_the_options_of_masks(tmp_path, capsys):
    path = make_table(tmp_path, "image,mask,split\npics/0.png,gt/0.png,train\npics/1.png,gt/1.png,test\nno.png,,val\n")
    for index in (0, 1):
        Image.fromarray(draw_mask(index) * 200).save(tmp_path / "gt" / f"{index}.png")
    out = tmp_path / "out.h5"
    arguments = ["data", "prepare", "index", str(path), "--out", str(out), "--size", "16", "--processes", "1"]
    assert main([*arguments, "--threshold", "128"]) == 0
    shown = capsys.readouterr().err
    assert "left out: no: no.png does not exist" in shown
    assert "note: index.csv: files that do not exist: 1 of 3 images (no.png)" in shown
    assert Store.open(out).provenance["details"] == {"name": "index", "path": "index.csv", "threshold": "128.0"}


def test_a_store_of_several_files_is_made_joined_and_converted(pets, capsys):
    folder = pets.parent
    assert prepare(pets, "--shard-size", "3", "--size", "32") == 0
    assert sorted(path.name for path in (folder / "pets.h5").iterdir())[-1] == "shards.json"
    drawn = [str(folder / name) for name in ("a.h5", "b.h5")]
    convert = ["data", "convert", str(folder / "pets.h5"), "--out"]
    assert main([*convert, drawn[0]]) == 0
    assert main(["data", "inspect", str(folder / "pets.h5")]) == 0
    capsys.readouterr()
    assert main([*convert, str(folder / "two"), "--shard-size", "4", "--json"]) == 0
    converted = json.loads(capsys.readouterr().out)
    assert converted["content_hash"] == Store.open(drawn[0]).content_hash
    assert main(["data", "join", *drawn[:1] * 2, "--out", str(folder / "whole")]) == 2
    assert "stands twice" in capsys.readouterr().err
    shards = [str(folder / "two" / f"shard-000{number}.h5") for number in range(2)]
    assert main(["data", "join", *shards, "--out", str(folder / "whole"), "--json"]) == 0
    joined = capsys.readouterr()
    assert "whole: 8 samples in 2 files" in joined.err
    assert json.loads(joined.out) == {
        "path": str(folder / "whole"),
        "samples": 8,
        "files": 2,
        "copied": 0,
        "rewritten": 0,
        "content_hash": converted["content_hash"],
    }


@pytest.mark.parametrize("size", ["0", "-3"])
def test_a_file_of_no_samples_is_refused(pets, capsys, size):
    assert prepare(pets, f"--shard-size={size}") == 2
    assert f"shard_size must be at least 1 sample per file, not {size}" in capsys.readouterr().err
    assert not (pets.parent / "pets.h5").exists()
