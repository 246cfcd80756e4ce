"""Rays meet solids where points on their surfaces are, and nowhere before."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.data.sources.rooms.solids import Ball, Block, Look, Shell

LOOK = Look("objects", (0.5, 0.5, 0.5))
START = np.array([0.2, 0.3, -4.0])
BLOCK = Block((0.1, 0.2, 0.3), (0.5, 0.8, 0.3), LOOK, turn=0.7)
BALL = Ball((0.1, 0.2, 0.3), 0.7, LOOK)


def rays(count: int = 2000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal([0, 0, 4], [0.8, 0.8, 0.8], (count, 3))


def outside(points: np.ndarray, solid: Block | Ball) -> np.ndarray:
    """How far points are outside of a solid (negative inside), from its definition."""
    if isinstance(solid, Ball):
        return np.linalg.norm(points - solid.centre, axis=-1) - solid.radius
    cos, sin = np.cos(solid.turn), np.sin(solid.turn)
    x, y, z = np.moveaxis(points - solid.centre, -1, 0)
    own = np.stack([x * cos + z * sin, y, z * cos - x * sin], axis=-1)
    return (np.abs(own) - solid.half).max(-1)


@pytest.mark.parametrize("solid", [BLOCK, BALL])
def test_a_ray_meets_the_surface_first_there(solid) -> None:
    directions = rays()
    meeting = solid.meet(START, directions)
    hits = np.isfinite(meeting.t)
    assert 100 < hits.sum() < 1900
    points = START + meeting.t[hits, None] * directions[hits]
    np.testing.assert_allclose(outside(points, solid), 0, atol=1e-9)
    along = START + np.linspace(0, 3, 400)[:, None, None] * directions  # brute force: small steps along all rays
    inside = outside(along, solid) < -5e-3
    before = np.linspace(0, 3, 400)[:, None] < np.where(hits, meeting.t, np.inf) - 1e-3
    assert not (inside & before).any()


@pytest.mark.parametrize("solid", [BLOCK, BALL])
def test_normals_are_the_gradient_of_the_distance_outside(solid) -> None:
    directions = rays()
    meeting = solid.meet(START, directions)
    hits = np.isfinite(meeting.t)
    points, normals = START + meeting.t[hits, None] * directions[hits], meeting.normal[hits]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
    assert ((normals * directions[hits]).sum(1) < 0).all()
    np.testing.assert_allclose(outside(points + 1e-3 * normals, solid), 1e-3, atol=1e-6)


@pytest.mark.parametrize("solid", [BLOCK, BALL])
def test_what_is_behind_is_not_met(solid) -> None:
    assert np.isinf(solid.meet(START, -rays()).t).all()


def test_corners_enclose_the_solid() -> None:
    for solid in (BLOCK, BALL):
        assert (outside(solid.corners(), solid) >= -1e-9).all()


def test_a_room_is_left_through_floor_ceiling_or_a_wall() -> None:
    shell = Shell((4.0, 2.5, 5.0), LOOK, LOOK, LOOK)
    start, directions = np.array([1.0, 1.2, 2.0]), np.random.default_rng(0).normal(size=(500, 3))
    meeting, look = shell.meet(start, directions)
    points = start + meeting.t[:, None] * directions
    assert (points > -1e-9).all()
    assert (points < np.array(shell.size) + 1e-9).all()
    np.testing.assert_array_equal(look == 0, np.abs(points[:, 1]) < 1e-9)
    np.testing.assert_array_equal(look == 1, np.abs(points[:, 1] - 2.5) < 1e-9)
    assert ((meeting.normal * directions).sum(1) < 0).all()
