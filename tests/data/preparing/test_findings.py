"""Each kind of trouble is one sentence with what was found and what to do, and nothing is said where all is well."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.preparing.findings import (
    Finding,
    absent_classes,
    boxes_left_out,
    grouped,
    missing_masks,
    named,
    orientations,
    rare_classes,
)

TRAIN, VAL, TEST = 0, 1, 2


def texts(findings) -> list[tuple[str, str]]:
    return [(finding.kind, finding.text) for finding in findings]


def absent(names: tuple[str, ...], held: set[int], has_background: bool = True) -> list[tuple[str, str]]:
    occurs = np.array([number in held for number in range(len(names))])
    return texts(absent_classes(names, occurs, has_background=has_background))


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, ""), (1, "n0"), (3, "n0, n1, n2"), (4, "n0, n1, n2 and 1 more"), (1503, "n0, n1, n2 and 1,500 more")],
)
def test_three_names_stand_for_all(count: int, words: str) -> None:
    assert named([f"n{index}" for index in range(count)]) == words


def test_findings_of_a_kind_stand_together_in_the_order_they_came() -> None:
    findings = [Finding("leak", "a"), Finding("tiny box", "b", (3,)), Finding("leak", "c")]
    assert list(grouped(findings).items()) == [("leak", [findings[0], findings[2]]), ("tiny box", [findings[1]])]
    assert grouped([]) == {}


def test_where_every_class_occurs_nothing_is_said() -> None:
    assert absent(("background", "cat", "dog"), {0, 1, 2}) == []


def test_without_any_mask_no_class_is_missed() -> None:
    assert absent(("background", "cat"), set()) == []


def test_a_missing_background_is_no_absent_class_but_a_doubt_about_the_ids() -> None:
    assert absent(("ground", "cat", "dog"), {1}) == [
        (
            "no background",
            "no mask holds the id 0 (ground); check that ids start at 0 and that 0 is the background",
        ),
        ("absent class", "1 of 3 mask classes never occur: dog"),
    ]
    assert absent(("sky", "cat", "dog"), {1}, has_background=False) == [
        ("absent class", "2 of 3 mask classes never occur: sky, dog")
    ]


def test_only_classes_without_names_have_gaps_in_their_ids() -> None:
    assert absent(("background", "class 1", "class 2"), {0, 2}) == [
        (
            "gap in ids",
            "the ids in the masks have gaps, so 1 of 3 mask classes never occur: class 1; the masks hold the ids 0, 2",
        )
    ]
    ((kind, _),) = absent(("background", "class 1", "class of its own", "class 3"), {0, 3})
    assert kind == "absent class"
    many = ("background", *(f"class {number}" for number in range(1, 9)))
    ((_, text),) = absent(many, {0, 1, 2, 3, 8})
    assert text.endswith("4 of 9 mask classes never occur: class 4, class 5, class 6 and 1 more; the masks hold the "
                         "ids 0, 1, 2 and 2 more")  # fmt: skip


def missing(has_mask: list[int], split: list[int]) -> list[tuple[str, str]]:
    return texts(missing_masks(np.array(has_mask, bool), np.array(split, np.uint8)))


def test_a_data_set_without_masks_is_said_once() -> None:
    assert missing([0, 0, 0], [TRAIN, VAL, TEST]) == [("no masks", "no sample has a mask")]


def test_a_split_without_masks_is_named_unless_it_is_empty() -> None:
    assert missing([1, 0, 0, 0, 1], [TRAIN, TRAIN, VAL, VAL, TRAIN]) == [
        ("no masks", "none of the 2 samples of val has a mask")
    ]
    assert missing([0, 1, 0], [TRAIN, VAL, TEST]) == [
        ("no masks", "none of the 1 samples of train has a mask"),
        ("no masks", "none of the 1 samples of test has a mask"),
    ]
    assert missing([1, 1, 1], [TRAIN, VAL, TEST]) == missing([1], [TRAIN]) == []


def turned(tags: list[int], is_turned: list[int], undecided: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return texts(orientations(np.array(tags, np.uint8), np.array(is_turned, bool), undecided))


def test_photographs_that_are_treated_alike_need_no_word() -> None:
    assert turned([1, 1], [0, 0]) == turned([6, 3, 1], [1, 1, 0]) == turned([6, 3, 1], [0, 0, 0]) == []


def test_photographs_that_are_treated_in_two_ways_are_counted() -> None:
    assert turned([6, 3, 8, 1, 1], [1, 0, 0, 0, 0]) == [
        (
            "mixed orientations",
            "1 images were turned by their EXIF orientation, and 2 were read as stored; a model treats new images as "
            "the majority was treated",
        )
    ]


def test_undecided_photographs_are_counted_among_those_that_have_an_orientation() -> None:
    assert turned([6, 3, 8, 1], [1, 1, 1, 0], ("a", "b")) == [
        (
            "undecided orientation",
            "2 of 3 images with an EXIF orientation fit their labels both with and without it (a, b); check their "
            "masks, then choose --exif apply or --exif ignore",
        )
    ]


def left_out(**values: object) -> list[tuple[str, str]]:
    return texts(
        boxes_left_out({"choice": "largest", "num_boxes": 1200, "num_samples": 1000, "num_kept": 1000} | values)
    )


def test_boxes_that_are_not_kept_are_counted_with_the_way_to_others() -> None:
    assert left_out() == [
        (
            "boxes left out",
            "1,200 boxes in 1,000 samples; the store keeps one per sample (the largest; --box NAME keeps another), "
            "1,000 in all",
        )
    ]
    ((_, text),) = left_out(choice="head", num_kept=7)
    assert text.endswith("the store keeps one per sample (the only one named 'head'), 7 in all")


@pytest.mark.parametrize("values", [{"num_kept": 1200}, {"num_boxes": 0, "num_kept": 0}])
def test_where_every_box_is_kept_nothing_is_said(values: dict[str, int]) -> None:
    assert left_out(**values) == []


@pytest.mark.parametrize("key", ["num_boxes", "num_samples", "num_kept"])
@pytest.mark.parametrize("value", [None, "7", 7.5])
def test_counts_of_a_file_that_are_no_numbers_are_passed_over(key: str, value: object) -> None:
    """They come from a store, which another version may have written."""
    assert left_out(**{key: value}) == []
    assert list(boxes_left_out({})) == []


def test_rare_classes_are_named_once_with_their_shares() -> None:
    names = ("road", "car", "pole", "sign", "tram")
    ((kind, text),) = texts(rare_classes(names, np.array([979_991, 15_000, 4_999, 9, 0])))
    assert kind == "rare class"
    assert text.startswith(
        "2 of 5 mask classes have under 0.5% of the labelled pixels each: pole (0.5%), sign (<0.001%); "
    )
    assert text.endswith("tasks.segmentation.class_weights=balanced gives them more weight")


def test_classes_of_half_a_percent_and_absent_ones_are_not_rare() -> None:
    assert texts(rare_classes(("road", "pole", "tram"), np.array([995, 5, 0]))) == []
    assert texts(rare_classes(("road", "pole"), np.array([0, 0]))) == []
