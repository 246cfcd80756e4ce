"""Arrays in the forms in which they are published become images, ids and maps."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.layers import METRES, MapForm
from auxseg.data.sample import IGNORE
from auxseg.data.sources.arrays.values import SCALED, channels_last, channels_of, to_ids, to_image, to_map
from auxseg.data.sources.source import SampleError

NORMALS = MapForm(channels=3, is_vector=True)


@pytest.mark.parametrize(
    ("shape", "found"),
    [((4, 5), (1, False)), ((4, 5, 3), (3, False)), ((3, 4, 5), (3, True)), ((3, 4, 3), (3, False)), ((4, 5, 9), None)],
)
def test_channels_are_found_by_shape(shape, found) -> None:
    assert channels_of(shape, range(1, 4)) == found
    if found:
        last = channels_last(np.zeros(shape), range(1, 4), "map")
        assert last.shape[2] == found[0]


def test_images_are_bytes_or_shares() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    np.testing.assert_array_equal(to_image(image), image)
    np.testing.assert_array_equal(to_image(image.transpose(2, 0, 1)), image)
    np.testing.assert_array_equal(to_image(image / 255), image)
    np.testing.assert_array_equal(to_image((image / 255).astype(np.float32).transpose(2, 0, 1)), image)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            np.zeros((4, 5)),
            r"its image has the shape \(4, 5\), expected height and width with 3 channels, first or last",
        ),
        (np.zeros((4, 5, 3), int), "its image holds int64, expected uint8, or floating-point numbers from 0 to 1"),
        (np.full((4, 5, 3), 255.0), "its image holds numbers from 255 to 255, expected 0 to 1"),
        (np.full((4, 5, 3), np.nan), "its image holds numbers from nan to nan, expected 0 to 1"),
    ],
)
def test_other_images_are_refused(values, reason) -> None:
    with pytest.raises(SampleError, match=f"^{reason}$"):
        to_image(values)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.float32, np.float64])
def test_ids_are_whole_numbers_of_any_type(dtype) -> None:
    ids = np.array([[0, 1, -1], [12, 2, 3]])
    expected = np.where(ids == -1, IGNORE, ids)
    for values in (ids, ids[..., None], ids[None]):
        np.testing.assert_array_equal(to_ids(values.astype(dtype), "label"), expected)
    np.testing.assert_array_equal(to_ids(expected.astype(np.uint8), "label"), expected)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full((2, 2), 0.5), "its label holds numbers that are not whole"),
        (np.full((2, 2), np.nan), "its label holds numbers that are not whole"),
        (np.full((2, 2), -2), "its label holds -2, expected ids from 0 to 253, and -1 or 255 for ignored pixels"),
        (np.full((2, 2), 1e9), r"its label holds 1e\+09, expected ids from 0 to 253"),
        (np.full((2, 2), 254), "its label holds 254, expected ids from 0 to 253"),
        (np.zeros((2, 0), int), r"its label has the shape \(2, 0\), so it is empty"),
        (np.zeros((2, 2, 3)), "its label has the shape"),
    ],
)
def test_other_ids_are_refused(values, reason) -> None:
    with pytest.raises(SampleError, match=f"^{reason}"):
        to_ids(values, "label")


def test_a_depth_of_0_is_unknown_and_a_number_without_a_unit_is_a_number() -> None:
    values = np.array([[0.0, 2.0]])
    depth, notes = to_map(values, MapForm(unit=METRES), "depth")
    np.testing.assert_array_equal(depth[..., 0], [[np.nan, 2]])
    assert (depth.dtype, notes) == (np.float32, ())
    np.testing.assert_array_equal(to_map(values, MapForm(), "heat")[0][..., 0], values)


def test_normals_get_length_1_or_are_unknown() -> None:
    values = np.array([[[0, 0, 2.0], [0, 0, 0.0], [0.6, 0, 0.8]]])
    normals, notes = to_map(values, NORMALS, "normal")
    np.testing.assert_allclose(normals, [[[0, 0, 1], [np.nan] * 3, [0.6, 0, 0.8]]], rtol=1e-6)
    assert notes == (SCALED,)
    assert to_map(values[:, 2:], NORMALS, "normal")[1] == ()
