"""An inspection counts what is there and names what looks wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.preparing import duplicates
from auxseg.data.preparing.findings import Finding
from auxseg.data.preparing.inspect import Inspection, inspect, share_words
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Box, Orientation, Sample
from auxseg.data.store.store import Store
from tests.data.pictures import DrawnSource, draw_mask, draw_sample, open_hdf5


def prepared(tmp_path: Path, samples: list[Sample], splits: list[str], **settings) -> Store:
    return Store.open(prepare(DrawnSource(samples, splits), tmp_path / "out.h5", size=32, **settings).path)


def inspected(tmp_path: Path, samples: list[Sample], splits: list[str], **settings) -> Inspection:
    return inspect(prepared(tmp_path, samples, splits, **settings))


def test_it_counts_samples_classes_and_missing_labels(tmp_path):
    samples = [draw_sample(index) for index in range(9)]
    samples[2] = replace(samples[2], mask=None, classes={"shape": "round"})
    samples[8] = replace(samples[8], boxes=())
    inspection = inspected(tmp_path, samples, [*["train"] * 6, "val", "test", "test"])
    train, val, test = (inspection.splits[split] for split in ("train", "val", "test"))
    assert (train.num_samples, val.num_samples, test.num_samples) == (6, 1, 2)
    assert train.classes == {"colour": {"blue": 1, "green": 2, "red": 2}, "shape": {"round": 3, "square": 3}}
    assert train.missing == {"mask": 1, "box": 0, "colour": 1, "shape": 0}
    assert test.missing == {"mask": 0, "box": 1, "colour": 0, "shape": 0}
    assert inspection.findings == ()


def test_a_search_that_was_cut_short_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates, "MAX_CANDIDATES", 0)
    greys = [
        Sample(f"grey {level}", np.full((30, 30, 3), level, np.uint8), draw_mask(0)[:30, :30]) for level in (50, 90)
    ]
    findings = inspected(tmp_path, greys, ["train", "test"], val_fraction=0).findings
    assert [finding.kind for finding in findings] == ["unfinished search"]
    assert "train and test" in findings[0].text


def test_it_measures_masks_without_padding(tmp_path):
    sample = draw_sample(0, (20, 40))
    mask = np.zeros((20, 40), np.uint8)
    mask[:, :10], mask[:, 10:20] = 1, IGNORE
    inspection = inspected(tmp_path, [replace(sample, mask=mask)], ["train"], resize="letterbox")
    train = inspection.splits["train"]
    assert train.mask_shares == pytest.approx({"background": 2 / 3, "thing": 1 / 3})
    assert train.ignored_share == pytest.approx(1 / 4)
    assert np.isnan(inspection.splits["test"].ignored_share)


def test_it_knows_the_sizes_of_photographs(tmp_path):
    samples = [draw_sample(index, hw) for index, hw in enumerate([(60, 40), (30, 40), (50, 90)])]
    sizes = inspected(tmp_path, samples, ["train"] * 3).original_sizes
    assert sizes == {"smallest": (30, 40), "median": (60, 40), "largest": (50, 90)}


def test_it_says_whether_original_masks_are_kept(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    for kept in (False, True):
        inspection = inspected(tmp_path, samples, ["train", "val", "test"], original_masks=kept, overwrite=True)
        assert inspection.to_json()["original_masks"] is kept


def test_it_warns_of_leaks(tmp_path):
    samples = [draw_sample(index) for index in range(6)]
    samples += [replace(samples[0], id="copy"), replace(samples[1], id="near", image=samples[1].image + 1)]
    findings = inspected(tmp_path, samples, [*["train"] * 6, "test", "test"]).findings
    assert [(finding.kind, finding.rows) for finding in findings] == [("leak", (0, 6)), ("near leak", (1, 7))]
    assert findings[0].text == "drawn 0 (train) and copy (test) are the same picture"


def test_it_warns_of_groups_that_an_official_split_divides(tmp_path):
    samples = [replace(draw_sample(index), group=f"animal {index % 2}") for index in range(4)]
    findings = inspected(tmp_path, samples, ["train", "train", "test", "train"]).findings
    assert [(finding.kind, finding.rows) for finding in findings] == [("divided group", (0, 2))]


def test_it_warns_of_empty_masks(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    samples[0] = replace(samples[0], mask=np.zeros((40, 50), np.uint8))
    samples[1] = replace(samples[1], mask=np.full((40, 50), IGNORE, np.uint8))
    findings = inspected(tmp_path, samples, ["train"] * 3).findings
    assert [finding.text for finding in findings] == [
        "the mask of drawn 0 is all background",
        "all pixels of the mask of drawn 1 are ignored",
    ]


def test_it_warns_of_odd_boxes(tmp_path):
    samples = [replace(draw_sample(index), boxes=(Box(3, 3, 3.5 if index == 1 else 30, 9),)) for index in range(3)]
    path = prepared(tmp_path, samples, ["train"] * 3).path
    with open_hdf5(path, "a") as file:
        file["box"][2] = [0.5, 0.5, 1.1, 0.9]
    findings = inspect(Store.open(path)).findings
    assert [(finding.kind, finding.rows) for finding in findings] == [("tiny box", (1,)), ("box outside", (2,))]


def test_it_names_labels_that_were_left_out(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    samples[1] = replace(samples[1], dropped=("its mask is torn",))
    inspection = inspected(tmp_path, samples, ["train"] * 3)
    assert inspection.dropped == (("drawn 1", "its mask is torn"),)
    assert inspection.findings == (Finding("label left out", "drawn 1: its mask is torn", (1,)),)


def test_it_warns_of_undecided_orientations(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    samples[2] = replace(samples[2], orientation=Orientation(3, False, False))
    (finding,) = inspected(tmp_path, samples, ["train"] * 3).findings
    assert (finding.kind, finding.rows) == ("undecided orientation", (2,))
    assert "1 of 1 images" in finding.text
    assert "(drawn 2)" in finding.text


def test_it_warns_of_splits_without_masks(tmp_path):
    samples = [draw_sample(index) for index in range(4)]
    samples[3] = replace(samples[3], mask=None)
    findings = inspected(tmp_path, samples, [*["train"] * 3, "test"]).findings
    assert [finding.text for finding in findings] == ["none of the 1 samples of test has a mask"]
    nothing = inspected(tmp_path, [replace(each, mask=None) for each in samples], ["train"] * 4, overwrite=True)
    assert [finding.text for finding in nothing.findings] == ["no sample has a mask"]


def with_classes(names: tuple[str, ...], values: list[int]) -> DrawnSource:
    """Samples whose masks hold these values in turn."""
    masks = [np.where(draw_mask(index) == 1, values[index % len(values)], values[0]) for index in range(4)]
    samples = [replace(draw_sample(index), mask=mask.astype(np.uint8)) for index, mask in enumerate(masks)]
    source = DrawnSource(samples, ["train"] * 4)
    source.mask_classes = names
    return source


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (("background", "cat", "dog"), [0, 2], [("absent class", "1 of 3 mask classes never occur: cat")]),
        (
            ("background", *(f"class {number}" for number in range(1, 39))),
            [0, 38],
            [
                (
                    "gap in ids",
                    "the ids in the masks have gaps, so 37 of 39 mask classes never occur: class 1, class 2, class 3 "
                    "and 34 more; the masks hold the ids 0, 38",
                )
            ],
        ),
        (
            ("background", "class 1", "class 2"),
            [1, 2],
            [
                (
                    "no background",
                    "no mask holds the id 0 (background); check that ids start at 0 and that 0 is the background",
                )
            ],
        ),
    ],
)
def test_it_warns_of_mask_classes_that_never_occur(tmp_path, names, values, expected):
    report = prepare(with_classes(names, values), tmp_path / "out.h5", size=32)
    for findings in (report.findings, inspect(Store.open(report.path)).findings):
        assert [(finding.kind, finding.text) for finding in findings if finding.kind != "empty mask"] == expected


def test_without_a_background_every_class_may_be_absent(tmp_path):
    source = with_classes(("sky", "road"), [1])
    source.has_background = False
    inspection = inspect(Store.open(prepare(source, tmp_path / "out.h5", size=32).path))
    assert [finding.text for finding in inspection.findings] == ["1 of 2 mask classes never occur: sky"]


def test_it_counts_boxes_by_name(tmp_path):
    samples = [replace(draw_sample(index), boxes=(Box(1, 1, 30, 30, "ab"[index % 2]),)) for index in range(4)]
    inspection = inspected(tmp_path, samples, [*["train"] * 3, "test"])
    assert inspection.splits["train"].boxes == {"a": 2, "b": 1}
    assert inspection.splits["test"].boxes == {"a": 0, "b": 1}
    nameless = [replace(each, boxes=(Box(1, 1, 30, 30),)) for each in samples]
    assert inspected(tmp_path, nameless, ["train"] * 4, overwrite=True).splits["train"].boxes == {}


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "absent"),
        (float("nan"), "-"),
        (1.0, "100.0%"),
        (0.25, "25.0%"),
        (0.0004, "0.04%"),
        (0.000012, "0.001%"),
        (1e-9, "<0.001%"),
        (0.9999, ">99.9%"),
        (0.0005, "0.05%"),
    ],
)
def test_shares_are_never_rounded_to_nothing(share, words):
    assert share_words(share) == words


def test_it_becomes_json(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    inspection = inspected(tmp_path, [*samples, replace(samples[0], id="copy")], [*["train"] * 3, "test"])
    values = json.loads(json.dumps(inspection.to_json(), allow_nan=False))
    assert values["splits"]["train"]["num_samples"] == 3
    assert values["splits"]["val"]["mask_shares"]["thing"] is None
    assert [finding["rows"] for finding in values["findings"]] == [[0, 3]]


def test_the_real_photographs_hold_one_near_copy(real_data, tmp_path):
    from auxseg.data.sources import open_source

    source = open_source("oxford-iiit-pet", real_data / "oxford-iiit-pet-sample")
    inspection = inspect(Store.open(prepare(source, tmp_path / "pets.h5", size=32, processes=2).path))
    assert [split.num_samples for split in inspection.splits.values()] == [270, 30, 100]
    assert [split.missing["box"] for split in inspection.splits.values()][2] == 100
    assert [finding.text for finding in inspection.findings] == [
        "Abyssinian_151 (train) and Abyssinian_99 (test) are nearly the same picture",
        "297 boxes in 296 samples; the store keeps one per sample (the largest; --box NAME keeps another), 296 in all",
    ]


def test_rare_classes_are_found_over_all_splits(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    for sample in samples[:2]:
        assert sample.mask is not None
        sample.mask[0, :2] = 2
    source = DrawnSource(samples, ["train", "test", "train"])
    source.mask_classes = ("background", "thing", "speck")
    prepare(source, tmp_path / "store.h5", size=40)
    (finding,) = inspect(tmp_path / "store.h5").findings
    assert finding.kind == "rare class"
    assert "1 of 3 mask classes have under 0.5% of the labelled pixels each: speck (0.0" in finding.text
