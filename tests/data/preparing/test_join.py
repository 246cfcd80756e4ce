"""Stores that are joined are one store with the hash of one file; what cannot be joined is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.preparing import join as joining
from auxseg.data.preparing.convert import convert
from auxseg.data.preparing.join import join, joined_provenance
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.layered import LayeredSource
from tests.data.old_stores import write_old
from tests.data.pictures import DrawnSource, draw_sample, hashes, open_hdf5
from tests.data.store.shards.sharded import assert_same_samples

SPLITS = ("train", "train", "val", "test")


def drawn(first: int, count: int = 4, **changes: object) -> DrawnSource:
    samples = [replace(draw_sample(number), **changes) for number in range(first, first + count)]
    return DrawnSource(samples, [SPLITS[number % 4] for number in range(first, first + count)])


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("parts")
    return (
        prepare(drawn(0), folder / "a.h5", size=16).path,
        prepare(drawn(4), folder / "b.h5", size=16).path,
    )


def test_it_is_what_one_preparation_would_have_written(parts, tmp_path):
    before = hashes(parts[0].parent)
    done = join(parts, tmp_path / "whole")
    whole = Store.open(done.path)
    one = Store.open(prepare(drawn(0, 8), tmp_path / "one.h5", size=16).path)
    assert whole.content_hash == one.content_hash == done.content_hash
    assert_same_samples(one, whole)
    assert (done.num_samples, done.num_shards, done.num_copied) == (8, 2, 0)
    assert hashes(parts[0].parent) == before
    assert all(file.samefile(part) for file, part in zip(whole.files, parts, strict=True))


def test_where_links_are_impossible_files_are_copied(parts, tmp_path, monkeypatch):
    def refuse(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(joining.os, "link", refuse)
    done = join(parts, tmp_path / "whole")
    assert done.num_copied == 2
    for file, part in zip(Store.open(done.path).files, parts, strict=True):
        assert file.read_bytes() == part.read_bytes()


def test_it_outlives_its_stores(parts, tmp_path):
    copies = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for part, copy in zip(parts, copies, strict=True):
        shutil.copy(part, copy)
    (tmp_path / "link.h5").symlink_to(copies[1])
    whole = join([copies[0], tmp_path / "link.h5"], tmp_path / "whole").path
    for copy in copies:
        copy.unlink()
    assert len([Store.open(whole).read(row) for row in range(8)]) == 8


def test_folders_of_shards_and_old_stores_are_joined_too(parts, tmp_path):
    old = write_old(parts[0], tmp_path / "old.h5")
    many = prepare(drawn(4, 3), tmp_path / "many", size=16, shard_size=2).path
    last = prepare(drawn(7, 3), tmp_path / "last.h5", size=16).path
    longer = Store.open(join([old, many, last], tmp_path / "longer").path)
    assert len(longer.files) == 4
    one = Store.open(prepare(drawn(0, 10), tmp_path / "one.h5", size=16).path)
    assert longer.content_hash == one.content_hash
    assert_same_samples(one, longer)


def test_layers_and_original_masks_are_joined(tmp_path):
    sources = LayeredSource(8, [(1, "things"), (6, "depth")]), *(LayeredSource(8) for _ in range(2))
    for source, rows in zip(sources[1:], (slice(0, 4), slice(4, 8)), strict=True):
        source._items = source._items[rows]
        source._samples = sources[0]._samples
    settings: dict[str, Any] = {"size": "original", "original_masks": True}
    one, *parts = (
        prepare(source, tmp_path / name, **settings).path for source, name in zip(sources, "oab", strict=True)
    )
    whole = Store.open(join(parts, tmp_path / "whole").path)
    assert whole.content_hash == Store.open(one).content_hash
    assert_same_samples(Store.open(one), whole)


def test_one_file_is_made_of_several_and_several_of_one(parts, tmp_path):
    whole = join(parts, tmp_path / "whole").path
    one = convert(whole, tmp_path / "one.h5").path
    many = convert(one, tmp_path / "many", shard_size=3).path
    stores = [Store.open(path) for path in (whole, one, many)]
    assert [len(store.files) for store in stores] == [2, 1, 3]
    assert len({store.content_hash for store in stores}) == 1
    assert stores[2].provenance == stores[1].provenance == stores[0].provenance
    for store in stores[1:]:
        assert_same_samples(stores[0], store)


def test_a_shard_is_a_store_that_can_be_converted(tmp_path):
    """Although it knows the names of classes that none of its samples has."""
    many = Store.open(prepare(drawn(0, 3), tmp_path / "many", size=16, shard_size=1).path)
    again = Store.open(convert(many.files[2], tmp_path / "again.h5").path)
    assert again.vocabulary.labels == many.vocabulary.labels
    assert again.classes["colour"].tolist() == [0]


def test_what_was_left_out_of_any_is_told_of_all(tmp_path):
    bad = drawn(0, classes={"colour": "red"})
    bad._bad = ["drawn 1"]
    parts = [
        prepare(bad, tmp_path / "a.h5", size=16).path,
        prepare(
            drawn(4, classes={"colour": "red"}, notes=("a note",), dropped=("torn",)), tmp_path / "b.h5", size=16
        ).path,
    ]
    whole = Store.open(join(parts, tmp_path / "whole").path)
    assert whole.skipped == (("drawn 1", "it is bad"),)
    assert [id for id, _ in whole.dropped] == ["drawn 4", "drawn 5", "drawn 6", "drawn 7"]
    assert whole.provenance["notes"] == {"a note": 4}
    assert whole.provenance["boxes"]["num_kept"] == 7


def test_a_store_may_lack_classes_of_labels_that_others_have(tmp_path):
    """The first knows red and round alone, the shards of the second more, and not in one order."""
    changes = [{"colour": "red"}, {"colour": "blue"}, {"colour": "red", "shape": "round"}, {"colour": "amber"}]
    samples = [replace(draw_sample(number), classes={"shape": "flat"} | changes[number // 2]) for number in range(8)]
    settings: dict[str, Any] = {"size": 16, "original_masks": True}

    def made(name: str, first: int, end: int, **more: Any) -> Path:
        splits = [SPLITS[number % 4] for number in range(first, end)]
        return prepare(DrawnSource(samples[first:end], splits), tmp_path / name, **settings, **more).path

    parts = made("a.h5", 0, 2), made("b", 2, 6, shard_size=2), made("c.h5", 6, 8)
    assert [len(Store.open(part).vocabulary.labels["colour"]) for part in parts] == [1, 2, 1]
    before = hashes(tmp_path)
    done = join(parts, tmp_path / "whole")
    one, whole = Store.open(made("one.h5", 0, 8)), Store.open(done.path)
    assert dict(whole.vocabulary.labels) == {"colour": ("amber", "blue", "red"), "shape": ("flat", "round")}
    assert whole.content_hash == one.content_hash == done.content_hash
    assert_same_samples(one, whole)
    assert (done.num_copied, done.num_rewritten) == (0, 4)
    assert {name: value for name, value in hashes(tmp_path).items() if name in before} == before
    again = join([whole.files[0], parts[2]], tmp_path / "again")
    assert (again.num_copied, again.num_rewritten) == (0, 1)
    assert whole.files[0].samefile(Store.open(again.path).files[0])


def test_where_it_comes_from_is_what_all_say_and_what_each_says():
    one = {"source": "folder", "notes": {"a": 1}, "seed": 0, "date": "x", "remarks": ["r"], "boxes": {"num_boxes": 1}}
    other = {"source": "coco", "notes": {"a": 2, "b": 1}, "seed": 0, "date": "y", "remarks": ["r", "s"]}
    found = joined_provenance([one, other])
    assert found["source"] == "folder, coco"
    assert found["notes"] == {"a": 3, "b": 1}
    assert found["remarks"] == ["r", "s"]
    assert found["seed"] == 0
    assert "date" not in found
    assert found["joined"] == [{"source": "folder", "date": "x"}, {"source": "coco", "date": "y"}]


def test_what_is_alike_in_each_is_alike_in_all():
    def one(*sets, **more):
        numbers = {"num_groups": len(sets), "num_samples": sum(map(len, sets)), "num_across_splits": 0}
        boxes = {"choice": "largest", "num_boxes": 3, "num_samples": 2, "num_kept": 2, **more}
        said = [f"near-duplicates: {len(sets)} groups of {sum(map(len, sets))} images in all", "r"]
        return {"source": "s", "near_duplicates": numbers, "alike": [*map(list, sets)], "remarks": said, "boxes": boxes}

    named = {"names": ["body", "face"], "kept": [0, -1]}
    found = joined_provenance([one(("a", "b"), **named), one(("c", "d"), names=["face"], kept=[0, 0])])
    assert found["near_duplicates"] == {"num_groups": 2, "num_samples": 4, "num_across_splits": 0}
    assert found["alike"] == [["a", "b"], ["c", "d"]]
    assert found["remarks"] == ["r"]
    assert (found["boxes"]["names"], found["boxes"]["kept"]) == (["body", "face"], [0, -1, 1, 1])
    other = {**one(("c", "d"), **named), "near_duplicates": None}
    assert "near_duplicates" not in joined_provenance([one(("a", "b"), **named), other])


@pytest.mark.parametrize(
    ("make", "settings", "reason"),
    [
        (
            lambda: drawn(4),
            {"size": 32},
            r"b\.h5 has images of 32 px, but .*a\.h5 has images of 16 px; prepare ",
        ),
        (lambda: drawn(4), {"size": 16, "resize": "letterbox"}, r"b\.h5 has resize letterbox, but .*a\.h5 has resize "),
        (
            lambda: drawn(4, classes={"colour": "red"}),
            {"size": 16},
            r"b\.h5 has no label 'shape', but .*a\.h5 has the label 'shape'; prepare ",
        ),
        (lambda: LayeredSource(4), {"size": 16}, r"b\.h5 has the layer 'depth', but .*a\.h5 has no layer 'depth'"),
        (lambda: drawn(3), {"size": 16}, r"the id 'drawn 3' stands twice, in .*a\.h5 and in .*b\.h5; ids are unique"),
    ],
)
def test_what_does_not_fit_is_named(
    parts, tmp_path, make: Callable[[], DrawnSource], settings: dict[str, Any], reason: str
):
    other = prepare(make(), tmp_path / "b.h5", **settings).path
    with pytest.raises(InputError, match=reason):
        join([parts[0], other], tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.h5"]


def test_too_few_and_itself_are_refused(parts, tmp_path):
    with pytest.raises(InputError, match="expected at least two to join, found 1"):
        join(parts[:1], tmp_path / "whole")
    many = prepare(drawn(8), tmp_path / "many", size=16, shard_size=2).path
    with pytest.raises(
        InputError, match="many is one of the stores, one of their files, or holds one; choose another name"
    ):
        join([many, parts[0]], many, overwrite=True)
    join(parts, tmp_path / "whole")
    with pytest.raises(InputError, match="whole already exists; --overwrite replaces it"):
        join(parts, tmp_path / "whole")


def test_a_damaged_store_is_named_and_nothing_is_left(parts, tmp_path):
    damaged = tmp_path / "b.h5"
    shutil.copy(parts[1], damaged)
    with open_hdf5(damaged, "a") as file:
        file["image"][1, 3, 3, 0] ^= np.uint8(1)
    with pytest.raises(RunError, match=r"b\.h5 is damaged: it does not hold what its content hash covers; prepare it"):
        join([parts[0], damaged], tmp_path / "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["b.h5"]
