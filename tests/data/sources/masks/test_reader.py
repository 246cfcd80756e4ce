"""Values and colours become the ids that were agreed on, and a pixel that none stands for costs its mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.sample import IGNORE
from auxseg.data.sources.arrays.values import to_instances
from auxseg.data.sources.masks.files import Pixels
from auxseg.data.sources.masks.reader import MaskReader, pack, show_colour, to_colour, unpack, used_colours
from auxseg.data.sources.source import SampleError
from tests.data.sources.masks.drawn import indexed, save

BLACK, RED, GREEN = (0, 0, 0), (255, 0, 0), (0, 255, 0)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)


def array(folder: Path, values: object, dtype: type = np.uint8) -> Path:
    np.save(folder / "a.npy", np.array(values, dtype))
    return folder / "a.npy"


def coloured(folder: Path, *colours: tuple[int, int, int]) -> Path:
    Image.fromarray(np.array([colours], np.uint8)).save(folder / "a.png")
    return folder / "a.png"


def chosen(folder: Path, indices: list[int], *colours: tuple[int, int, int]) -> Path:
    """A mask whose values are numbers of colours."""
    return save(folder / "a.png", indexed(np.array([indices], np.uint8), *colours))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, np.float32])
def test_values_become_the_classes_they_stand_for(tmp_path, dtype):
    reader = MaskReader(("background", "a", "b"), {0: 0, 38: 1, 75: 2})
    mask = reader.read(array(tmp_path, [[0, 38, 75, IGNORE]], dtype))
    assert mask.tolist() == [[0, 1, 2, IGNORE]]
    assert mask.dtype == np.uint8


def test_255_is_a_class_where_it_is_one(tmp_path):
    assert MaskReader(("a", "b"), {0: 0, 255: 1}).read(array(tmp_path, [[0, 255]])).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("values", "dtype", "held"),
    [
        ([[0, 2]], np.uint8, "2"),
        ([[2, 9, 4, 3]], np.uint8, "2, 3, 4 ..."),
        ([[0, 500]], np.uint16, "500"),
        ([[0, 256]], np.int64, "256"),
        ([[-1, 1]], np.int64, "-1"),
        ([[0.5, 1]], np.float32, "0.5"),
        ([[255.5, 1]], np.float64, "255.5"),
    ],
)
def test_values_without_a_class_are_named_with_those_that_are_known(tmp_path, values, dtype, held):
    with pytest.raises(SampleError) as error:
        MaskReader(("background", "cat"), {0: 0, 1: 1}).read(array(tmp_path, values, dtype))
    assert str(error.value) == f"its mask holds {held}; known are 0 to 1 (background, cat)"


def test_known_values_with_gaps_are_listed_and_long_lists_are_cut(tmp_path):
    path = array(tmp_path, [[3]])
    with pytest.raises(SampleError, match=r"known are 0, 38 \(background, cat\)$"):
        MaskReader(("background", "cat"), {0: 0, 38: 1}).read(path)
    names = tuple(f"n{index}" for index in range(9))
    with pytest.raises(SampleError, match=r"known are 10, 11, .*, 18 \(n0, n1, n2, n3, n4, n5, n6, n7, \.\.\.\)$"):
        MaskReader(names, {10 + index: index for index in range(9)}).read(path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([[0, 1, 7]], [[0, 1, 1]]), ([[0, 7, 255]], [[0, 1, IGNORE]]), ([[0, 7, 500, 255]], [[0, 1, 1, 1]])],
)
def test_merged_objects_are_one_foreground(tmp_path, values, expected):
    """255 is ignored only where no object has a higher number, which 255 would then be, too."""
    reader = MaskReader(("background", "foreground"), merges=True)
    assert reader.read(array(tmp_path, values, np.uint16)).tolist() == expected


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([[0, 7, 65535]], np.uint16, [[0, 1, IGNORE]]),
        ([[0, 500, 255, 65535]], np.uint16, [[0, 1, 1, IGNORE]]),
        ([[0, 7, 255, -1]], np.int32, [[0, 1, IGNORE, IGNORE]]),
        ([[-1, 65535]], np.int32, [[IGNORE, IGNORE]]),
        ([[0, 7, 255]], np.uint8, [[0, 1, IGNORE]]),
        ([[0, 7, 255]], np.int64, [[0, 1, IGNORE]]),
        ([[0, 256, 255]], np.uint16, [[0, 1, 1]]),
    ],
)
def test_merged_masks_and_layers_of_instances_agree_about_what_is_not_known(tmp_path, values, dtype, expected):
    reader = MaskReader(("background", "foreground"), merges=True)
    mask = reader.read(array(tmp_path, values, dtype))
    assert mask.tolist() == expected
    layer, notes = to_instances(np.array(values, dtype), "cells")
    np.testing.assert_array_equal(layer == UNKNOWN, mask == IGNORE)
    np.testing.assert_array_equal((layer > 0) & (layer != UNKNOWN), mask == 1)
    assert bool(notes) == bool((np.array(values)[mask == IGNORE] == IGNORE).any())


@pytest.mark.parametrize(("threshold", "expected"), [(1, [0, 1, 1, 1]), (128, [0, 0, 1, 1]), (128.5, [0, 0, 0, 1])])
def test_a_threshold_belongs_to_the_foreground_and_is_all_that_counts(tmp_path, threshold, expected):
    reader = MaskReader(("background", "foreground"), {0: 1}, threshold=threshold)
    assert reader.read(array(tmp_path, [[0, 127, 128, 255]])).tolist() == [expected]


def test_colours_become_the_classes_they_stand_for(tmp_path):
    reader = MaskReader(("background", "leaf", "stem"), colours={RED: 1, BLACK: 0, GREEN: 2, (9, 9, 9): IGNORE})
    assert reader.read(coloured(tmp_path, GREEN, BLACK, RED, (9, 9, 9))).tolist() == [[2, 0, 1, IGNORE]]


@settings(max_examples=40)
@given(st.dictionaries(COLOURS, st.integers(0, 3), min_size=1, max_size=6), st.data())
def test_a_colour_is_never_taken_for_another(colours, data):
    """Also not for its neighbour in the sorted table."""
    reader = MaskReader(("a", "b", "c", "d"), colours=colours)
    seen = data.draw(st.lists(st.sampled_from(sorted(colours)) | COLOURS, min_size=1, max_size=6))
    pixels = Pixels(np.array([seen], np.uint8))
    if all(colour in colours for colour in seen):
        assert reader._by_colour(Path("a.png"), pixels).tolist() == [[colours[colour] for colour in seen]]
    else:
        with pytest.raises(SampleError, match="which belongs to no class"):
            reader._by_colour(Path("a.png"), pixels)


def test_a_colour_of_no_class_is_named_by_how_often_it_occurs(tmp_path):
    reader = MaskReader(("background", "leaf"), colours={BLACK: 0, RED: 1, (9, 9, 9): IGNORE})
    known = "which belongs to no class; known are (0, 0, 0) (background), (255, 0, 0) (leaf), (9, 9, 9) (ignored)"
    with pytest.raises(SampleError) as error:
        reader.read(coloured(tmp_path, GREEN, BLACK, GREEN, (1, 2, 3), GREEN))
    assert str(error.value) == f"a.png has 3 pixels of the colour (0, 255, 0) and 1 other colours, {known}"
    with pytest.raises(SampleError) as error:
        reader.read(coloured(tmp_path, (254, 0, 0), RED))
    assert str(error.value) == f"a.png has 1 pixels of the colour (254, 0, 0), {known}"


def test_colours_count_for_palettes_and_ids_for_files_without_any(tmp_path):
    reader = MaskReader(("background", "leaf"), {0: 0, 5: 1}, colours={BLACK: 0, RED: 1})
    assert reader.read(chosen(tmp_path, [1, 0], RED, BLACK)).tolist() == [[0, 1]]
    assert reader.read(array(tmp_path, [[5, 0]])).tolist() == [[1, 0]]


def test_indices_beyond_a_palette_are_refused(tmp_path, monkeypatch):
    pixels = Pixels(np.array([[0, 2]], np.uint8), np.array([BLACK, RED], np.uint8))
    monkeypatch.setattr("auxseg.data.sources.masks.reader.read_pixels", lambda _: pixels)
    with pytest.raises(SampleError, match=r"^a\.png has indices beyond its palette$"):
        MaskReader(("a", "b"), colours={BLACK: 0, RED: 1}).read(tmp_path / "a.png")
    assert used_colours(pixels) == {0: BLACK}


def test_colours_without_a_table_are_refused_with_a_way_out(tmp_path):
    with pytest.raises(SampleError) as error:
        MaskReader(("a", "b"), {0: 0, 1: 1}).read(coloured(tmp_path, RED, BLACK))
    assert str(error.value) == (
        "a.png holds colours; say which class each is: classes.txt with lines 'name r g b', or --colours"
    )


def test_a_palette_that_disagrees_where_a_pixel_is_is_refused_with_a_way_out(tmp_path):
    reader = MaskReader(("a", "b"), {0: 0, 1: 1}, palette={0: (BLACK, "0.png"), 1: (RED, "0.png"), 2: (RED, "7.png")})
    assert reader.read(chosen(tmp_path, [0, 1], BLACK, RED, GREEN)).tolist() == [[0, 1]]
    with pytest.raises(SampleError) as error:
        reader.read(chosen(tmp_path, [0, 1], BLACK, GREEN))
    assert str(error.value).startswith(
        "in the palette of a.png index 1 is (0, 255, 0), in that of 0.png (255, 0, 0); give the classes' colours "
        "(--colours FILE with lines 'name r g b')"
    )


def test_an_index_that_no_palette_has_told_of_is_believed(tmp_path):
    reader = MaskReader(("a", "b"), {0: 0, 1: 1}, palette={0: (BLACK, "0.png")})
    assert reader.read(chosen(tmp_path, [0, 1], BLACK, GREEN)).tolist() == [[0, 1]]


@given(COLOURS)
def test_a_colour_survives_as_a_number(colour):
    values = np.array([[colour]], np.uint8)
    assert unpack(pack(values)[0, 0]) == to_colour(values[0, 0]) == colour
    assert show_colour(colour) == str(colour)


def test_numbers_of_colours_are_those_of_html():
    assert pack(np.array([[[0x12, 0x34, 0x56], [255, 0, 0]]], np.uint8)).tolist() == [[0x123456, 0xFF0000]]


def test_used_colours_are_those_that_pixels_have():
    palette = np.array([BLACK, RED, GREEN], np.uint8)
    assert used_colours(Pixels(np.array([[2, 0, 2]], np.uint8), palette)) == {0: BLACK, 2: GREEN}
    assert used_colours(Pixels(np.array([[2, 0]], np.uint8))) == {}
