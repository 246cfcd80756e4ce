"""What is written, left out and lost is counted sample by sample, and a data set that lost everything is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.preparing.record import LARGEST, Record, RecordSettings, make_record
from auxseg.data.preparing.tally import Tally
from auxseg.data.sample import IGNORE, Box, Orientation, Sample
from auxseg.data.sources.source import Item
from auxseg.data.store.writing.writer import StoreWriter
from auxseg.errors import RunError
from auxseg.records.values.size import Size
from tests.data.pictures import DrawnSource, draw_sample

SETTINGS = RecordSettings(Size.of(16), "squash", ("background", "thing"))


def record(box: str = LARGEST, **changes: Any) -> Record:
    return make_record(replace(draw_sample(0), **changes), replace(SETTINGS, box=box))


def bare() -> dict[str, Any]:
    """No label at all."""
    return {"mask": None, "boxes": (), "classes": {}}


def tallied(*records: Record) -> Tally:
    tally = Tally()
    for index, each in enumerate(records):
        tally.add(Item(str(index)), each)
    return tally


def test_every_sample_has_its_place_in_the_columns() -> None:
    tally = tallied(record(), record(**bare()), record(boxes=(Box(1, 1, 9, 9, "b"), Box(2, 2, 4, 4, "a"))))
    assert [item.id for item in tally.written] == ["0", "1", "2"]
    assert tally.mask_ids == [(0, 1), (), (0, 1)]
    assert tally.box_names == ["thing", "", "b"]
    assert (tally.num_masks, tally.num_labelled) == (2, 2)
    assert (tally.num_boxes, tally.num_samples_with_boxes, tally.num_boxes_kept) == (3, 2, 2)


@pytest.mark.parametrize("label", ["mask", "boxes", "classes"])
def test_one_label_of_any_kind_makes_a_sample_labelled(label: str) -> None:
    kept = {label: getattr(draw_sample(0), label)}
    assert tallied(record(**(bare() | kept))).num_labelled == 1


def test_ignored_pixels_are_no_class_that_occurs() -> None:
    mask = np.zeros((40, 50), np.uint8)
    mask[:5] = IGNORE
    assert tallied(record(mask=mask)).mask_ids == [(0,)]


def test_a_box_of_another_name_is_counted_and_not_kept() -> None:
    tally = tallied(record("head"))
    assert (tally.num_boxes, tally.num_samples_with_boxes, tally.num_boxes_kept) == (1, 1, 0)
    assert tally.box_names == [""]


def test_notes_are_counted_and_reasons_keep_their_sample() -> None:
    tally = tallied(record(notes=("x", "y")), record(notes=("x",), dropped=("torn\0", "wet")))
    assert tally.notes == {"x": 2, "y": 1}
    assert tally.dropped == [("1", "torn\\0"), ("1", "wet")]


def test_undecided_orientations_keep_their_sample() -> None:
    tally = tallied(record(orientation=Orientation(6, False, False)), record(orientation=Orientation(6, True)))
    assert tally.undecided == ["0"]


def test_a_skipped_sample_is_named_as_it_can_be_kept() -> None:
    tally = Tally()
    tally.skip(Item("caf\udce9"), "gone\0")
    assert tally.skipped == [("caf\\xe9", "gone\\0")]
    assert tally.written == []


def test_where_nothing_could_be_used_the_first_reason_is_told() -> None:
    tally = Tally()
    tally.skip(Item("a"), "it is torn")
    tally.skip(Item("b"), "it is wet")
    with pytest.raises(RunError, match=r"^none of 2 samples could be used; the first, a: it is torn$"):
        tally.check(2)


def test_where_every_mask_is_lost_the_first_reason_is_told_and_one_mask_is_enough() -> None:
    unknown = np.full((40, 50), 7, np.uint8)
    lost = record(mask=unknown)
    tally = tallied(record(mask=None), lost, record(mask=unknown + 1))
    with pytest.raises(RunError, match=r"^none of the masks could be used; the first, 1: its mask holds 7; known are"):
        tally.check(3)
    tallied(lost, record()).check(2)


def test_where_every_label_is_lost_the_first_reason_is_told_and_one_label_is_enough() -> None:
    outside = record(mask=None, boxes=(Box(90, 90, 99, 99),), classes={})
    with pytest.raises(RunError, match=r"^none of the labels could be used; the first, 0: its box from \(90, 90\)"):
        tallied(outside, record(**bare())).check(2)
    tallied(outside, record(mask=None, boxes=(), classes={"colour": "red"})).check(2)


def test_a_data_set_that_never_had_a_label_is_no_error() -> None:
    tallied(record(**bare())).check(1)


def test_the_names_of_boxes_are_numbered_by_the_alphabet() -> None:
    boxes = [(Box(1, 1, 9, 9, name),) for name in ("head", "", "ear", "head")]
    tally = tallied(*(record(boxes=each) for each in boxes), record(boxes=()))
    assert tally.boxes("largest") == {
        "choice": "largest",
        "num_boxes": 4,
        "num_samples": 4,
        "num_kept": 4,
        "names": ["ear", "head"],
        "kept": [1, -1, 0, 1, -1],
    }


def test_boxes_without_names_need_no_numbers() -> None:
    described = tallied(record(boxes=(Box(1, 1, 9, 9),))).boxes("largest")
    assert (described["names"], described["kept"]) == ([], [])


def write(path: Path, samples: list[Sample]) -> tuple[Tally, StoreWriter]:
    tally = Tally()
    with StoreWriter(path / "a.h5", SETTINGS.size) as writer:
        for sample in samples:
            made = make_record(sample, SETTINGS)
            writer.append(made)
            tally.add(Item(sample.id), made)
    return tally, writer


def test_findings_come_from_masks_orientations_splits_and_boxes(tmp_path) -> None:
    samples = [draw_sample(index) for index in range(3)]
    samples[0] = replace(samples[0], mask=np.zeros((40, 50), np.uint8), orientation=Orientation(6, True))
    samples[1] = replace(samples[1], mask=None, orientation=Orientation(3))
    samples[2] = replace(samples[2], mask=None, boxes=(Box(1, 1, 9, 9), Box(2, 2, 5, 5)))
    tally, writer = write(tmp_path, samples)
    found = tally.findings(DrawnSource(samples, [None] * 3), SETTINGS, writer, np.array([0, 0, 2], np.uint8))
    assert [finding.kind for finding in found] == ["mixed orientations", "absent class", "no masks", "boxes left out"]
    assert found[1].text == "1 of 2 mask classes never occur: thing"
    assert found[2].text == "none of the 1 samples of test has a mask"
    assert found[3].text.startswith("4 boxes in 3 samples")


def test_a_sound_data_set_has_no_findings(tmp_path) -> None:
    samples = [draw_sample(index) for index in range(2)]
    tally, writer = write(tmp_path, samples)
    assert tally.findings(DrawnSource(samples, [None] * 2), SETTINGS, writer, np.array([0, 1], np.uint8)) == []
