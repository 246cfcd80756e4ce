"""Outlines become the masks that pycocotools makes of them; damaged ones cost neither memory nor time."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as reference

from auxseg.data.sources.coco.outlines import filled, runs
from auxseg.data.sources.source import SampleError
from tests.data.sources.coco.masks import compressed, run_lengths

HW = 40, 50


def fill(outline: Any, hw: tuple[int, int]) -> np.ndarray:
    return filled(runs(outline, hw)[0], hw)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 1000), st.floats(0, 1), st.integers(1, 9))
def test_run_lengths_are_those_of_pycocotools(height, width, seed, share, thickness):
    mask = np.random.default_rng(seed).random((height, width)) < share
    mask = np.repeat(mask, thickness, axis=0)
    np.testing.assert_array_equal(fill(compressed(mask), mask.shape), mask)
    np.testing.assert_array_equal(fill(run_lengths(mask), mask.shape), mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@given(st.lists(st.lists(st.floats(-5, 45), min_size=6, max_size=6), min_size=1, max_size=3))
def test_polygons_are_those_of_pycocotools(polygons):
    codes: Any = polygons
    together = reference.decode(reference.merge(reference.frPyObjects(codes, *HW)))
    np.testing.assert_array_equal(fill(polygons, HW), together.astype(bool))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_damaged_run_lengths_do_no_harm(text):
    try:
        filled = fill({"size": list(HW), "counts": text}, HW)
    except SampleError:
        return
    assert filled.shape == HW


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ("o" * 2_000_000, "of 2,000,000 characters are too many for 40 x 50 pixels"),
        ("o" * 20_000, "may have at most 7 characters"),
        ([0] * 1_000_000, "should be whole numbers that add up to 2000 pixels"),
        ([10**300, 1], "should be whole numbers that add up to 2000 pixels"),
        (7, "should be whole numbers that add up to 2000 pixels"),
    ],
    ids=["long", "endless number", "many", "huge", "no list"],
)
def test_absurd_run_lengths_are_refused_at_once(counts, reason):
    start = time.process_time()
    with pytest.raises(SampleError, match=reason):
        runs({"size": [40, 50], "counts": counts}, HW)
    assert time.process_time() - start < 5


def test_two_megabytes_of_run_lengths_take_no_quadratic_time():
    hw = 1000, 1000
    start = time.process_time()
    with pytest.raises(SampleError, match="may have at most 7 characters"):
        runs({"size": list(hw), "counts": "o" * 2_000_000}, hw)
    assert time.process_time() - start < 1
    assert len(runs({"size": list(hw), "counts": "111" + "0" * (10**6 - 3)}, hw)[0]) == 10**6


def test_numbers_as_text_and_floats_are_run_lengths():
    expected = fill({"size": [40, 50], "counts": [100, 50, 1850]}, HW)
    np.testing.assert_array_equal(fill({"size": ["40", 50.0], "counts": ["100", 50.0, 1850]}, HW), expected)


def test_a_polygon_of_endless_edges_is_refused_before_memory_is_taken():
    hw = 4000, 4000
    there_and_back = [value for index in range(20_000) for value in (8000 * (index % 2), index % 3)]
    with pytest.raises(SampleError, match="pass 159,992,000 pixels; at most 20,000,000 are followed"):
        runs([there_and_back], hw)
