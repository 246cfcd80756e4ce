"""Silhouettes are those of hulls of two discs, pixel by pixel, and windows are half-open rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.sources.synthetic.shapes import (
    Cones,
    Window,
    coverage,
    distances_at,
    each_cone,
    rasterize,
)
from auxseg.records.values.size import Size

COORDINATE = st.floats(-0.5, 1.5)
RADIUS = st.floats(0.01, 0.5)
SIDE = st.integers(-6, 12)
WINDOW = st.tuples(SIDE, SIDE, st.integers(0, 9), st.integers(0, 9)).map(
    lambda corner: Window(corner[0], corner[1], corner[0] + corner[2], corner[1] + corner[3])
)


def cones(*rows: tuple[float, ...]) -> Cones:
    """From rows ``x0 y0 z0 x1 y1 z1 r0 r1``."""
    values = np.array(rows, float)
    return Cones(values[:, :3], values[:, 3:6], values[:, 6:])


def ball(x: float, y: float, radius: float, z: float = 0.0) -> tuple[float, ...]:
    return (x, y, z, x, y, z, radius, radius)


def pixels_of(window: Window) -> set[tuple[int, int]]:
    return {(x, y) for x in range(window.x0, window.x1) for y in range(window.y0, window.y1)}


@given(COORDINATE, COORDINATE, COORDINATE, COORDINATE, RADIUS, RADIUS, COORDINATE, COORDINATE)
def test_the_distance_is_the_smallest_to_any_ball_between_the_two(x0, y0, x1, y1, first, last, x, y):
    """The hull of two discs is the union of all discs on the way; here two thousand of them."""
    if np.hypot(x1 - x0, y1 - y0) * 0.99 < abs(last - first) or np.hypot(x1 - x0, y1 - y0) < 1e-3:
        return  # one ball hides the other: another test
    share = np.linspace(0, 1, 2001)
    centres = np.array([x0, y0]) + share[:, None] * np.array([x1 - x0, y1 - y0])
    expected = (np.hypot(*(np.array([x, y]) - centres).T) - (first + share * (last - first))).min()
    found = distances_at(np.array([[x, y]]), cones((x0, y0, 0, x1, y1, 0, first, last)))
    assert found.item() == pytest.approx(expected, abs=2e-3)


@given(COORDINATE, COORDINATE, RADIUS, COORDINATE, COORDINATE, st.floats(-1, 1))
def test_a_cone_that_points_at_the_viewer_is_its_larger_ball(x, y, radius, at_x, at_y, z):
    expected = np.hypot(at_x - x, at_y - y) - radius
    shape = cones((x, y, 0, x, y, z, radius, radius))
    assert distances_at(np.array([[at_x, at_y]]), shape).item() == pytest.approx(expected, abs=1e-3)


def test_a_ball_that_hides_the_other_is_all_that_is_seen_but_for_a_sliver():
    """The sliver lies along the axis, 2.6 degrees to either side, beyond the hidden ball."""
    large_first, large_last = (0.5, 0.5, 0, 0.55, 0.5, 0, 0.3, 0.1), (0.55, 0.5, 0, 0.5, 0.5, 0, 0.1, 0.3)
    points = np.random.default_rng(0).random((2000, 2))
    x, y = (points - 0.5).T
    is_seen = (x < 0) | (np.abs(y) > np.tan(np.radians(2.6)) * x)
    for shape in (large_first, large_last):
        found = distances_at(points, cones(shape))[0]
        np.testing.assert_allclose(found[is_seen], np.hypot(x, y)[is_seen] - 0.3, atol=5e-3)
        assert (found >= np.hypot(x, y) - 0.3 - 1e-5).all()


def test_boxes_touch_the_silhouette_on_all_sides():
    shape = cones((0.2, 0.7, 0, 0.6, 0.3, 0, 0.1, 0.2), ball(0.5, 0.5, 0.25))
    np.testing.assert_allclose(shape.boxes(), [[0.1, 0.1, 0.8, 0.8], [0.25, 0.25, 0.75, 0.75]])


def test_some_cones_are_chosen_in_their_order():
    shape = cones(*(ball(number, 0, number + 1) for number in range(4)))
    chosen = shape.only(np.array([True, False, True, False]))
    assert len(shape) == 4
    assert chosen.start[:, 0].tolist() == chosen.end[:, 0].tolist() == [0, 2]
    assert chosen.radii.tolist() == [[1, 1], [3, 3]]


@given(WINDOW, WINDOW)
def test_windows_meet_and_join_like_sets_of_pixels(one, other):
    both = one.clip(other)
    assert pixels_of(both) == pixels_of(one) & pixels_of(other)
    assert both.empty() == (not pixels_of(both))
    assert both.x1 >= both.x0
    assert both.y1 >= both.y0
    joined = one.join(other)
    assert pixels_of(one) | pixels_of(other) <= pixels_of(joined)
    assert joined == other.join(one)
    assert joined.x0 == min(one.x0, other.x0)
    assert joined.y1 == max(one.y1, other.y1)


@given(WINDOW, WINDOW)
def test_an_array_over_a_window_is_cut_where_the_other_lies(outer, other):
    inner = other.clip(outer)
    ys, xs = np.mgrid[outer.y0 : outer.y1, outer.x0 : outer.x1]
    rows, columns = inner.within(outer)
    found = set(zip(xs[rows, columns].ravel().tolist(), ys[rows, columns].ravel().tolist(), strict=True))
    assert found == pixels_of(inner)


def test_windows_hold_every_pixel_that_a_rectangle_touches():
    boxes = np.array([[0.1, 0.2, 0.5, 0.61], [-0.26, 0.0, 1.0, 1.2]])
    assert Window.each(boxes, 10, 0.0) == [Window(1, 2, 5, 7), Window(-3, 0, 10, 12)]
    assert Window.each(boxes[:1], 10, 0.15) == [Window(-1, 0, 7, 8)]
    assert Window.around(boxes, 10, 0.0) == Window(-3, 0, 10, 12)
    assert Window.image(Size.of(7)) == Window(0, 0, 7, 7)


def test_pixels_are_known_by_their_centres():
    x, y = Window(-1, 2, 2, 4).pixels(4)
    np.testing.assert_allclose(x, [[-0.125, 0.125, 0.375]])
    np.testing.assert_allclose(y, [[0.625], [0.875]])


def test_a_solid_is_the_union_of_its_cones_with_the_nearest_in_front():
    shape = cones(ball(0.3, 0.5, 0.2, z=0.0), ball(0.6, 0.5, 0.2, z=1.0))
    surface = rasterize(shape, 20, Window.image(Size.of(20)), 2.0)
    x, y = Window.image(Size.of(20)).pixels(20)
    points = np.stack(np.broadcast_arrays(x, y), axis=-1).reshape(-1, 2).astype(float)
    each = distances_at(points, shape).reshape(2, 20, 20)
    np.testing.assert_allclose(surface.distance, each.min(axis=0), atol=1e-6)
    inside = each < 0
    assert (surface.cone[inside[1]] == 1).all()
    assert (surface.cone[inside[0] & ~inside[1] & (each[1] > 0.25)] == 0).all()
    assert (inside[0] & inside[1]).any()


def test_the_depth_of_a_ball_is_that_of_its_surface():
    surface = rasterize(cones(ball(0.5, 0.5, 0.25, z=3.0)), 21, Window.image(Size.of(21)), 2.0)
    assert surface.depth[10, 10] == pytest.approx(3.25, abs=1e-3)
    offset = 4 / 21
    assert surface.depth[10, 14] == pytest.approx(3 + np.sqrt(0.25**2 - offset**2), abs=1e-3)
    assert surface.depth[10, 6] == pytest.approx(surface.depth[10, 14], abs=1e-4)
    assert surface.depth[14, 10] == pytest.approx(surface.depth[10, 14], abs=1e-4)


def test_far_from_all_cones_the_distance_is_endless():
    surface = rasterize(cones(ball(0.2, 0.2, 0.1)), 20, Window.image(Size.of(20)), 0.1)
    assert surface.distance[4, 4] < 0
    assert surface.distance[19, 19] > 100
    empty = rasterize(cones(ball(5, 5, 0.1)), 20, Window.image(Size.of(20)), 0.1)
    assert (empty.distance > 100).all()


def test_a_part_of_the_plane_is_the_part_of_the_whole():
    shape = cones((0.2, 0.3, 0, 0.7, 0.6, 0.2, 0.1, 0.2), ball(0.8, 0.3, 0.15))
    whole, window = rasterize(shape, 24, Window.image(Size.of(24)), 0.5), Window(5, 3, 17, 20)
    part = rasterize(shape, 24, window, 0.5)
    here = window.within(Window.image(Size.of(24)))
    np.testing.assert_array_equal(part.distance, whole.distance[here])
    np.testing.assert_array_equal(part.depth, whole.depth[here])
    np.testing.assert_array_equal(part.cone, whole.cone[here])


def test_only_cones_that_reach_into_the_window_are_drawn():
    shape = cones(ball(0.2, 0.2, 0.1), ball(3, 3, 0.1), ball(0.8, 0.8, 0.1))
    found = [(index, window) for index, window, _, _ in each_cone(shape, 20, Window.image(Size.of(20)), 0.0)]
    assert [index for index, _ in found] == [0, 2]
    assert found[0][1].join(Window(2, 2, 6, 6)) == found[0][1]


def test_half_a_pixel_is_covered_exactly_where_its_centre_is_inside():
    size = 10
    distance = np.array([[-0.2, -0.05, -0.025, -0.001, 0.0, 0.001, 0.025, 0.05, 0.2]], np.float32)
    found = coverage(distance, size)
    np.testing.assert_allclose(found, [[1, 1, 0.75, 0.51, 0.5, 0.49, 0.25, 0, 0]], atol=1e-6)
    np.testing.assert_array_equal(found >= 0.5, distance <= 0)


def test_the_covered_area_of_a_disc_is_that_of_geometry():
    surface = rasterize(cones(ball(0.5, 0.5, 0.3)), 64, Window.image(Size.of(64)), 0.1)
    assert coverage(surface.distance, 64).mean() == pytest.approx(np.pi * 0.3**2, rel=5e-3)
