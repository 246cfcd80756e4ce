"""Pictures, masks and boxes go into the stored picture together and find back, checked against torchvision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from auxseg.data.geometry import PADDING_GREY, RESIZES, fit
from auxseg.data.sample import IGNORE
from auxseg.errors import InputError

sides = st.integers(1, 90)
stored = st.integers(16, 64)
sizes = st.one_of(stored, st.tuples(stored, stored))
fits = st.builds(fit, st.tuples(sides, sides), sizes, st.sampled_from(RESIZES))


def random_image(hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*hw, 3), np.uint8)


@given(fits)
def test_the_photograph_lies_within_the_stored_picture_and_touches_it(place):
    y0, y1, x0, x1 = place.inside
    height, width = place.size
    assert 0 <= y0 < y1 <= height
    assert 0 <= x0 < x1 <= width
    assert y1 - y0 == height or x1 - x0 == width


@given(fits)
def test_letterbox_pads_evenly(place):
    y0, y1, x0, x1 = place.inside
    assert place.size.height - y1 - y0 in (0, 1)
    assert place.size.width - x1 - x0 in (0, 1)


@given(st.tuples(sides, sides), sizes)
def test_letterbox_keeps_the_shape_up_to_whole_pixels(hw, size):
    place = fit(hw, size, "letterbox")
    y0, y1, x0, x1 = place.inside
    scale = min(place.size.height / hw[0], place.size.width / hw[1])
    assert abs((y1 - y0) - hw[0] * scale) <= 1
    assert abs((x1 - x0) - hw[1] * scale) <= 1


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("hw", [(90, 47), (31, 75), (20, 20)])
@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
def test_pictures_are_resized_as_torchvision_does(hw, resize, size):
    place = fit(hw, size, resize)
    y0, y1, x0, x1 = place.inside
    image = random_image(hw)
    expected = tv.resize(torch.from_numpy(image).permute(2, 0, 1), [y1 - y0, x1 - x0], antialias=True)
    stored = place.image(image)
    assert np.abs(stored[y0:y1, x0:x1].astype(int) - expected.permute(1, 2, 0).numpy()).max() <= 1
    padding = np.ones(size, bool)
    padding[y0:y1, x0:x1] = False
    assert (stored[padding] == PADDING_GREY).all()


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("hw", [(90, 47), (31, 75), (20, 20)])
def test_masks_are_resized_as_torchvision_does(hw, resize):
    place = fit(hw, 32, resize)
    y0, y1, x0, x1 = place.inside
    mask = random_image(hw)[..., 0] % 7
    nearest = InterpolationMode.NEAREST_EXACT
    expected = tv.resize(torch.from_numpy(mask)[None], [y1 - y0, x1 - x0], interpolation=nearest)[0].numpy()
    stored = place.mask(mask)
    np.testing.assert_array_equal(stored[y0:y1, x0:x1], expected)
    assert (stored == IGNORE).sum() == 32 * 32 - expected.size


@given(fits, st.integers(0, 5))
def test_masks_hold_no_class_that_was_not_there(place, seed):
    mask = np.random.default_rng(seed).choice(np.array([0, 3, 9, IGNORE], np.uint8), place.original)
    assert set(np.unique(place.mask(mask))) <= {*np.unique(mask).tolist(), IGNORE}


@given(fits, st.lists(st.tuples(*[st.floats(-5, 95)] * 4), max_size=4))
def test_boxes_come_back(place, boxes):
    there = np.array(boxes, np.float64).reshape(-1, 4)
    np.testing.assert_allclose(place.boxes_back(place.boxes(there)), there, atol=1e-9)


@given(fits)
def test_the_box_of_the_whole_photograph_is_its_place(place):
    height, width = place.original
    y0, y1, x0, x1 = place.inside
    whole = place.boxes(np.array([[0, 0, width, height]], np.float64))[0] * place.size.corners
    np.testing.assert_allclose(whole, [x0, y0, x1, y1], atol=1e-9)


@pytest.mark.parametrize("size", [(64, 64), (48, 64), (64, 40)])
@pytest.mark.parametrize("resize", RESIZES)
def test_boxes_move_with_the_mask(resize, size):
    mask = np.zeros((120, 200), np.uint8)
    mask[30:90, 50:170] = 1
    place = fit((120, 200), size, resize)
    rows, columns = np.nonzero(place.mask(mask) == 1)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    moved = place.boxes(np.array([[50.0, 30.0, 170.0, 90.0]]))[0] * place.size.corners
    np.testing.assert_allclose(moved, seen, atol=0.5)


@pytest.mark.parametrize("hw", [(50, 80), (20, 17)])
def test_maps_come_back_as_torch_interpolates(hw):
    maps = np.random.default_rng(0).random((3, 32, 32), np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(maps)[None], hw, mode="bilinear", antialias=True, align_corners=False
    )
    np.testing.assert_allclose(fit(hw, 32, "squash").maps_back(maps), expected[0].numpy(), atol=1e-5)


def test_padding_does_not_reach_the_maps():
    maps = np.ones((1, 32, 32), np.float32)
    place = fit((20, 60), 32, "letterbox")
    y0, y1, _, _ = place.inside
    maps[:, :y0], maps[:, y1:] = -100, -100
    np.testing.assert_allclose(place.maps_back(maps), 1)


def test_an_unknown_way_to_resize_is_refused():
    with pytest.raises(InputError, match="squash, letterbox, not 'stretch'"):
        fit((4, 4), 32, "stretch")


@given(fits, st.integers(1, 40))
def test_bands_of_maps_are_the_whole_maps(place, step):
    maps = np.random.default_rng(step).random((2, *place.size)).astype(np.float32)
    height = place.original[0]
    bands = [place.rows_back(maps, slice(top, min(top + step, height))) for top in range(0, height, step)]
    np.testing.assert_allclose(np.concatenate(bands, axis=1), place.maps_back(maps), atol=1e-5)
