"""A store appears whole or not at all, equal for equal data, and says what it left out."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.loading.folds import fold_name, in_fold
from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.preparing.record import CLIPPED
from auxseg.data.sample import IGNORE, MISSING, Box, Orientation, Sample
from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from tests.data.pictures import DrawnSource, draw_sample, drawn_source, open_hdf5
from tests.data.preparing.test_record import photograph

SIZE = 32


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stored(tmp_path: Path, source: DrawnSource, **settings) -> Store:
    return Store.open(prepare(source, tmp_path / "out.h5", size=SIZE, **settings).path)


def test_bad_samples_are_left_out_and_named(tmp_path):
    report = prepare(drawn_source(10, bad=["drawn 2", "drawn 9"]), tmp_path / "out.h5", size=SIZE)
    assert report.num_written == 8
    assert report.skipped == (("drawn 2", "it is bad"), ("drawn 9", "it is bad"))
    assert names(tmp_path) == ["out.h5"]


def test_strict_makes_the_first_bad_sample_an_error(tmp_path):
    with pytest.raises(RunError, match="drawn 2: it is bad"):
        prepare(drawn_source(10, bad=["drawn 2"]), tmp_path / "out.h5", size=SIZE, strict=True)
    assert names(tmp_path) == []


def test_nothing_usable_is_an_error(tmp_path):
    source = drawn_source(3, bad=["drawn 0", "drawn 1", "drawn 2"])
    with pytest.raises(RunError, match="none of 3 samples could be used; the first, drawn 0: it is bad"):
        prepare(source, tmp_path / "out.h5", size=SIZE)
    assert names(tmp_path) == []


def test_processes_write_the_same_bytes_in_the_same_order(tmp_path):
    source = drawn_source(30, bad=["drawn 17"])
    reports = [prepare(source, tmp_path / f"{count}.h5", size=SIZE, processes=count) for count in (1, 3)]
    alone, together = (Store.open(report.path) for report in reports)
    assert reports[0].skipped == reports[1].skipped == (("drawn 17", "it is bad"),)
    assert alone.content_hash == together.content_hash
    np.testing.assert_array_equal(alone.ids, together.ids)
    np.testing.assert_array_equal(alone.read(20)[0], together.read(20)[0])


@pytest.mark.parametrize(
    "change",
    [
        {"size": 33},
        {"resize": "letterbox"},
        {"split": "60-20-20"},
        {"val_fraction": 0.3},
        {"seed": 1},
        {"source": drawn_source(19)},
        {"source": drawn_source(20, bad=["drawn 1"])},
        {"source": drawn_source(20, mask=None)},
        {"source": drawn_source(20, boxes=())},
        {"source": drawn_source(20, classes={"colour": "red"})},
        {"source": drawn_source(20, group="one")},
    ],
)
def test_the_content_hash_sees_every_difference(tmp_path, change):
    settings = {"source": drawn_source(20), "size": SIZE}
    hashes = [
        Store.open(prepare(**(settings | extra), out=tmp_path / f"{index}.h5").path).content_hash
        for index, extra in enumerate([{}, {}, change])
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_missing_labels_stay_missing(tmp_path):
    samples = [draw_sample(index) for index in range(4)]
    samples[1] = replace(samples[1], mask=None, boxes=(), classes={"shape": "round"})
    store = stored(tmp_path, DrawnSource(samples, ["train"] * 4))
    assert store.has_mask.tolist() == [True, False, True, True]
    assert (store.read(1)[1] == IGNORE).all()
    assert np.isnan(store.boxes).all(1).tolist() == [False, True, False, False]
    assert store.classes["colour"][1] == MISSING
    assert store.classes["shape"][1] != MISSING


@pytest.mark.parametrize(("choice", "expected"), [("largest", [10, 5, 40, 30]), ("ear", [2, 1, 8, 6]), ("eye", None)])
def test_the_target_among_several_boxes_is_chosen(tmp_path, choice, expected):
    boxes = (Box(2, 1, 8, 6, "ear"), Box(10, 5, 40, 30, "body"), Box(20, 8, 22, 9, "eye"), Box(28, 8, 30, 9, "eye"))
    samples = [replace(draw_sample(0), boxes=boxes), replace(draw_sample(1), boxes=(Box(1, 1, 2, 2, "eye"),))]
    store = stored(tmp_path, DrawnSource(samples, ["train"] * 2), box=choice)
    pixels = store.boxes[store.ids == "drawn 0"][0] * [50, 40, 50, 40]
    np.testing.assert_allclose(pixels, [np.nan] * 4 if expected is None else expected, rtol=1e-5)


def test_a_box_that_no_sample_has_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no sample has exactly one box named 'tail'"):
        prepare(drawn_source(3), tmp_path / "out.h5", size=SIZE, box="tail")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mask": np.full((40, 50), 2, np.uint8)}, r"its mask holds 2; known are 0 to 1 \(background, thing\)"),
        ({"boxes": (Box(60, 5, 81, 9, "thing"),)}, "its box 'thing' from .* not within the image of 50 x 40"),
        ({"boxes": (Box(-9, 5, -1, 9),)}, r"its box from \(-9, 5\) to \(-1, 9\) is"),
        ({"boxes": (Box(5, 5, 5, 9),)}, "is empty"),
        ({"boxes": (Box(5, 5, float("nan"), 9),)}, "is empty, or not within"),
        ({"boxes": (Box(5, 5, float("inf"), 9),)}, "is empty, or not within"),
    ],
)
def test_a_label_that_does_not_fit_is_dropped_and_the_rest_stands(tmp_path, change, reason):
    bad = replace(draw_sample(1), **change)
    report = prepare(DrawnSource([draw_sample(0), bad], ["train", "train"]), tmp_path / "out.h5", size=SIZE)
    ((id, found),) = report.dropped
    assert (report.num_written, report.skipped, id) == (2, (), "drawn 1")
    assert re.search(reason, found)
    store = Store.open(report.path)
    assert store.dropped == report.dropped
    assert store.has_mask.tolist() == [True, "mask" not in change]
    assert np.isnan(store.boxes).all(1).tolist() == [False, "boxes" in change]
    with pytest.raises(RunError, match=f"drawn 1: .*{reason}"):
        prepare(DrawnSource([draw_sample(0), bad], ["train", "train"]), tmp_path / "b.h5", size=SIZE, strict=True)


def test_a_mask_of_another_size_is_dropped(tmp_path):
    bad = draw_sample(1)
    # Past the check of shapes that only tests have: a source of somebody's own has none.
    object.__setattr__(bad, "mask", np.zeros((40, 49), np.uint8))
    report = prepare(DrawnSource([draw_sample(0), bad], ["train"] * 2), tmp_path / "out.h5", size=SIZE)
    assert report.dropped == (("drawn 1", "its mask is 40 x 49 (height x width), its image 40 x 50"),)


def test_a_data_set_that_loses_all_its_masks_is_an_error(tmp_path):
    source = drawn_source(3, mask=np.full((40, 50), 7, np.uint8))
    with pytest.raises(RunError, match="none of the masks could be used; the first, drawn 0: its mask holds 7"):
        prepare(source, tmp_path / "out.h5", size=SIZE)
    assert names(tmp_path) == []


def test_a_data_set_that_loses_all_its_labels_is_an_error(tmp_path):
    source = drawn_source(3, mask=None, boxes=(), classes={}, dropped=("its mask is torn",))
    with pytest.raises(RunError, match="none of the labels could be used; the first, drawn 0: its mask is torn"):
        prepare(source, tmp_path / "out.h5", size=SIZE)
    boxes_alone = drawn_source(3, mask=None, dropped=("its mask is torn",))
    report = prepare(boxes_alone, tmp_path / "out.h5", size=SIZE)
    assert [finding.kind for finding in report.findings] == ["no masks"]


def test_a_good_box_stands_beside_a_bad_one_and_one_that_reaches_out_is_clipped(tmp_path):
    boxes = Box(5, 5, 5, 9), Box(30, 5, 58, 9, "thing"), Box(1, 1, 3, 3, "ear")
    report = prepare(drawn_source(1, boxes=boxes), tmp_path / "out.h5", size=SIZE)
    assert [id for id, _ in report.dropped] == ["drawn 0"]
    assert report.notes == {CLIPPED: 1}
    np.testing.assert_allclose(Store.open(report.path).boxes[0] * [50, 40, 50, 40], [30, 5, 50, 9], rtol=1e-6)


def test_boxes_that_the_store_has_no_room_for_are_counted(tmp_path):
    boxes = Box(2, 1, 8, 6, "ear"), Box(10, 5, 40, 30, "body")
    samples = [replace(draw_sample(index), boxes=boxes if index else boxes[:1]) for index in range(3)]
    report = prepare(DrawnSource(samples, ["train"] * 3), tmp_path / "out.h5", size=SIZE)
    assert [finding.text for finding in report.findings] == [
        "5 boxes in 3 samples; the store keeps one per sample (the largest; --box NAME keeps another), 3 in all"
    ]
    boxes_kept = Store.open(report.path).provenance["boxes"]
    assert (boxes_kept["names"], boxes_kept["kept"]) == (["body", "ear"], [1, 0, 0])
    chosen = prepare(DrawnSource(samples, ["train"] * 3), tmp_path / "ear.h5", size=SIZE, box="body")
    assert "(the only one named 'body'), 2 in all" in chosen.findings[0].text


def test_orientations_that_nothing_decided_about_are_named(tmp_path):
    samples = [
        replace(draw_sample(0), orientation=Orientation(3, False, False)),
        replace(draw_sample(1), orientation=Orientation(6, True)),
        draw_sample(2),
    ]
    report = prepare(DrawnSource(samples, ["train"] * 3), tmp_path / "out.h5", size=SIZE)
    assert [finding.kind for finding in report.findings] == ["undecided orientation", "mixed orientations"]
    assert report.findings[0].text.startswith(
        "1 of 2 images with an EXIF orientation fit their labels both with and without it (drawn 0); "
    )
    assert Store.open(report.path).provenance["undecided_orientations"] == ["drawn 0"]


def test_what_the_source_remarks_is_told_and_kept(tmp_path):
    source = drawn_source(3)
    source.remarks = ("the folder depth/ is not read",)
    report = prepare(source, tmp_path / "out.h5", size=SIZE)
    assert report.remarks == ("the folder depth/ is not read",)
    assert inspect(Store.open(report.path)).remarks == report.remarks


def test_a_store_of_a_test_split_alone(tmp_path):
    store = stored(tmp_path, drawn_source(7), split="0-0-100")
    assert [len(store.rows(split)) for split in ("train", "val", "test")] == [0, 0, 7]


def test_near_duplicates_stay_together_if_asked(tmp_path):
    originals = [Sample(f"photo {index}", np.array(photograph(index))) for index in range(12)]
    copies = [Sample(f"copy {index}", np.array(photograph(index).resize((150, 110)))) for index in range(12)]
    source = DrawnSource([*originals, *copies], [None] * 24)
    splits = []
    for is_grouped in (False, True):
        settings = {"split": "50-25-25", "group_near_duplicates": is_grouped, "overwrite": True}
        store = stored(tmp_path, source, **settings)
        splits.append(store.split)
    plain, grouped = splits
    assert (grouped[:12] == grouped[12:]).all()
    assert (plain[:12] != plain[12:]).any()
    assert np.bincount(grouped).tolist() == [12, 6, 6]
    assert store.provenance["group_near_duplicates"] is True
    assert store.provenance["near_duplicates"] == {"num_groups": 12, "num_samples": 24, "num_across_splits": 0}
    for number in (1, 2, 3):
        fold = in_fold(store, fold_name(number, 3), "train")
        tested = set(fold.ids[fold.rows("test")].tolist())
        assert {id.replace("copy", "photo") in tested for id in tested} <= {True}
        assert {id.replace("photo", "copy") in tested for id in tested} <= {True}


def test_near_duplicates_across_an_official_split_stay_and_are_named(tmp_path):
    samples = [Sample("a", np.array(photograph(0))), Sample("b", np.array(photograph(0).resize((150, 110))))]
    source = DrawnSource(samples, ["train", "test"])
    report = prepare(source, tmp_path / "out.h5", size=32, group_near_duplicates=True)
    (leak,) = [finding for finding in report.findings if finding.kind == "near leak"]
    assert "a (train) and b (test)" in leak.text
    store = Store.open(report.path)
    assert store.split.tolist() == [0, 2]
    assert store.provenance["near_duplicates"]["num_across_splits"] == 1
    assert "near-duplicates: 1 group of 2 images in all" in report.remarks


def test_mask_classes_are_spread_evenly(tmp_path):
    def mask(index: int) -> np.ndarray:
        values = np.zeros((20, 20), np.uint8)
        values[:10, :10] = 1 + (index % 10 == 0)
        return values

    samples = [Sample(f"{index}", np.full((20, 20, 3), index, np.uint8), mask(index)) for index in range(100)]
    source = DrawnSource(samples, [None] * 100)
    source.mask_classes = ("background", "common", "rare")
    store = stored(tmp_path, source, split="60-20-20")
    rare = store.split[[int(id) % 10 == 0 for id in store.ids]]
    assert np.bincount(rare).tolist() == [6, 2, 2]
    assert np.bincount(store.split).tolist() == [60, 20, 20]


def test_ignored_mask_values_are_fine(tmp_path):
    store = stored(tmp_path, drawn_source(1, mask=np.full((40, 50), IGNORE, np.uint8)))
    assert store.has_mask.all()


def test_an_existing_file_is_refused_unless_overwritten(tmp_path):
    out = tmp_path / "out.h5"
    out.write_text("mine")
    with pytest.raises(InputError, match=r"out\.h5 already exists; --overwrite replaces it"):
        prepare(drawn_source(), out, size=SIZE)
    assert out.read_text() == "mine"
    prepare(drawn_source(), out, size=SIZE, overwrite=True)
    assert len(Store.open(out)) == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_directory_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        prepare(drawn_source(), tmp_path / "out.h5", size=SIZE)


def test_directories_are_made(tmp_path):
    assert prepare(drawn_source(), tmp_path / "new" / "newer" / "out.h5", size=SIZE).path.is_file()


def test_an_unwritable_place_is_refused_before_work(tmp_path):
    def fail(done: int, total: int) -> None:
        pytest.fail("work had begun")

    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written to "):
        prepare(drawn_source(), tmp_path / "file" / "out.h5", size=SIZE, progress=fail)
    with pytest.raises(InputError, match="is a directory"):
        prepare(drawn_source(), tmp_path, size=SIZE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 15}, "size must be between 16 and 2048 pixels, not 15"),
        ({"size": 4096}, "size must be between"),
        ({"resize": "crop"}, "resize must be one of"),
        ({"split": "1-2-3"}, "split must be"),
        ({"val_fraction": 1.5}, "val_fraction"),
        ({"processes": 0}, "processes must be at least 1"),
    ],
)
def test_unfit_settings_are_refused(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        prepare(drawn_source(), tmp_path / "out.h5", **settings)
    assert names(tmp_path) == []


def test_an_empty_source_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no samples"):
        prepare(DrawnSource([], []), tmp_path / "out.h5")


@pytest.mark.parametrize("processes", [1, 2])
def test_an_interruption_leaves_what_was_there(tmp_path, processes):
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    out = tmp_path / "out.h5"
    out.write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        prepare(drawn_source(40), out, size=SIZE, overwrite=True, processes=processes, progress=interrupt)
    assert names(tmp_path) == ["out.h5"]
    assert out.read_text() == "mine"
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("limit", [20_000, 60_000])
def test_a_full_disk_leaves_what_was_there(tmp_path, limit):
    out = tmp_path / "out.h5"
    out.write_text("mine")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The samples alone take 20 x 4,096 bytes: a limit on the size of files fails as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(RunError, match="writing the store failed: File too large"):
            prepare(drawn_source(20), out, size=SIZE, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path) == ["out.h5"]
    assert out.read_text() == "mine"
    prepare(drawn_source(20), out, size=SIZE, overwrite=True)


KILLED = """
import os, signal, sys
from pathlib import Path
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource

def stop(done, total):
    print(flush=True)
    signal.pause()

prepare(SyntheticSource(20, 32, 0), sys.argv[1], size=32, progress=stop)
"""


@contextmanager
def preparing(out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has written one sample and waits."""
    with subprocess.Popen([sys.executable, "-c", KILLED, str(out)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_a_killed_process_left_is_gone_after_the_next(tmp_path):
    out = tmp_path / "out.h5"
    with preparing(out) as process:
        process.kill()
        process.wait()
        (tmp_path / f".out.h5.{process.pid}.partial").touch()  # as earlier versions called it
    assert len(names(tmp_path)) == 2
    prepare(drawn_source(), out, size=SIZE)
    assert names(tmp_path) == ["out.h5"]


def test_the_second_of_two_processes_that_write_one_store_is_refused(tmp_path):
    with preparing(tmp_path / "out.h5"), pytest.raises(InputError, match=r"out\.h5: another process is writing"):
        prepare(drawn_source(), tmp_path / "out.h5", size=SIZE, overwrite=True)


def test_a_store_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    out = tmp_path / "out.h5"
    monkeypatch.setattr("auxseg.data.store.writing.output.sweep", lambda path: path.write_text("another's"))
    with pytest.raises(InputError, match=r"out\.h5 already exists"):
        prepare(drawn_source(), out, size=SIZE)
    assert out.read_text() == "another's"
    assert names(tmp_path) == ["out.h5"]


def test_a_reading_process_that_dies_is_reported(tmp_path):
    with pytest.raises(RunError, match="a reading process ended"):
        prepare(DyingSource(), tmp_path / "out.h5", size=SIZE, processes=2)
    assert names(tmp_path) == []


class DyingSource(DrawnSource):
    def __init__(self) -> None:
        super().__init__([draw_sample(index) for index in range(4)], ["train"] * 4)

    def read(self, item):
        os._exit(3)


def test_progress_counts_every_sample(tmp_path):
    seen = []
    prepare(drawn_source(6, bad=["drawn 2"]), tmp_path / "out.h5", size=SIZE, progress=lambda *told: seen.append(told))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_provenance_says_how_it_was_made(tmp_path):
    provenance = stored(tmp_path, drawn_source(), split="80-10-10", seed=3).provenance
    assert provenance["source"] == "drawn"
    assert (provenance["split"], provenance["seed"]) == ("80-10-10", 3)
    assert {"auxseg", "date", "details", "val_fraction", "box"} <= set(provenance)


def test_samples_are_single_plain_chunks(tmp_path):
    path = prepare(drawn_source(), tmp_path / "out.h5", size=SIZE).path
    with open_hdf5(path) as file:
        assert file["image"].chunks == (1, SIZE, SIZE, 3)
        assert file["mask"].chunks == (1, SIZE, SIZE)
        assert file["image"].compression is None


def test_long_lists_of_what_was_left_out_fit(tmp_path):
    bad = [f"drawn {index}" for index in range(1, 3000)]
    samples = [replace(draw_sample(0), id=f"drawn {index}") for index in range(3000)]
    store = stored(tmp_path, DrawnSource(samples, ["train"] * 3000, bad))
    assert len(store.skipped) == 2999
