"""Samples and vocabularies are values whose defaults say that nothing is known."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from auxseg.data.sample import EXIFS, IGNORE, MISSING, SPLITS, Box, Orientation, Sample, Vocabulary
from auxseg.records.values.size import Size


def test_the_numbers_that_files_hold_are_pinned() -> None:
    """Stores, class tables and masks of others hold these; the order of the splits is what ``/split`` counts."""
    assert (IGNORE, MISSING) == (255, -1)
    assert SPLITS == ("train", "val", "test")
    assert EXIFS == ("auto", "apply", "ignore")


def test_a_sample_without_labels_says_so_and_makes_none_up() -> None:
    sample = Sample("a", np.zeros((2, 3, 3), np.uint8))
    assert sample.mask is None
    assert sample.group is None
    assert (sample.boxes, dict(sample.classes), sample.notes, sample.dropped) == ((), {}, (), ())
    assert sample.orientation == Orientation(tag=1, is_turned=False, is_decided=True)


def test_two_samples_share_no_labels() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert Sample("a", image).classes is not Sample("b", image).classes


@pytest.mark.parametrize(
    ("value", "field"),
    [(Box(0, 0, 1, 1), "x0"), (Orientation(), "tag"), (Vocabulary(Size.of(8), ("a", "b"), {}), "size")],
)
def test_values_are_never_changed(value: Any, field: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, 3)


def test_classes_are_numbered_by_position_where_the_data_say_nothing() -> None:
    assert Vocabulary(Size.of(8), ("background", "cat", "dog"), {}).category_ids == (0, 1, 2)
    assert Vocabulary(Size.of(8), ("background", "cat"), {}, category_ids=(0, 17)).category_ids == (0, 17)
    assert Vocabulary(Size.of(8), (), {}).category_ids == ()


def test_vocabularies_are_alike_if_models_can_serve_both() -> None:
    """What training counted, and how photographs came into the store, makes no other model."""
    one = Vocabulary(Size.of(8), ("background", "cat"), {"breed": ("pug",)}, "letterbox", {"breed": (3,)})
    assert one == dataclasses.replace(one, counts={}, exif="ignore", category_ids=(0, 17), has_background=False)
    for change in ({"size": 16}, {"mask_classes": ("background", "dog")}, {"labels": {}}, {"resize": "squash"}):
        assert one != dataclasses.replace(one, **change)


def test_replacing_a_part_keeps_the_numbers_of_the_classes() -> None:
    numbered = Vocabulary(Size.of(8), ("background", "cat"), {}, category_ids=(0, 17))
    assert dataclasses.replace(numbered, size=16).category_ids == (0, 17)


def test_a_vocabulary_travels_between_processes() -> None:
    value = Vocabulary(Size.of(8), ("sky", "road"), {"breed": ("pug",)}, counts={"breed": (3,)}, has_background=False)
    back = pickle.loads(pickle.dumps(value))
    assert (back, back.counts, back.has_background) == (value, {"breed": (3,)}, False)
