"""Depth and normals of a rendered room are exact: they agree with each other and with the room."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import PCG64, Generator, SeedSequence

from auxseg.data.sources.rooms.classes import CLASSES
from auxseg.data.sources.rooms.furnishing import KINDS
from auxseg.data.sources.rooms.scene import build, cast, render
from auxseg.records.values.size import Size

SIZE = 48


@pytest.mark.parametrize("index", range(3))
def test_normals_are_those_of_the_surface_that_depth_describes(index) -> None:
    """Against the cross product of differences between neighbouring points, within flat surfaces."""
    building, standing, *_ = Generator(PCG64(SeedSequence([0, index]))).spawn(4)
    room = build(KINDS[index], building, standing)
    surface, _ = cast(room, Size.of(SIZE))
    points = room.camera.place + surface.depth[..., None] * room.camera.directions(Size.of(SIZE))
    across, down = points[:-1, 1:] - points[:-1, :-1], points[1:, :-1] - points[:-1, :-1]
    found = np.cross(across, down)
    found /= np.linalg.norm(found, axis=-1, keepdims=True)
    normal = surface.normal[:-1, :-1]
    flat = np.ones(normal.shape[:2], bool)
    for rows, columns in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        other = surface.normal[rows, columns], surface.look[rows, columns]
        flat &= (other[0] == normal).all(-1) & (other[1] == surface.look[:-1, :-1])
    # One look may be several planes at different depths only for walls; those differ in their normals.
    assert flat.mean() > 0.5
    cosine = np.abs((found * normal).sum(-1))[flat]
    assert np.quantile(cosine, 0.01) > 1 - 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_has_all_labels_in_range(kind) -> None:
    seen = render(kind, 3, 1, Size.of(SIZE))
    assert seen.mask.max() < len(CLASSES)
    assert seen.depth.min() > 0
    assert seen.depth.max() < 9
    np.testing.assert_allclose(np.linalg.norm(seen.normals, axis=2), 1, atol=1e-5)
    floor = seen.normals[seen.mask == CLASSES.index("floor")]
    assert (floor[:, 1] < 0).all()  # the floor faces up, and y points down
    rays = np.stack(np.broadcast_arrays(*np.meshgrid(*[np.linspace(-0.7, 0.7, SIZE)] * 2), -1.0), -1)
    assert ((seen.normals * rays).sum(-1) < 0.35).all()  # surfaces face the camera


def test_another_size_shows_the_same_room() -> None:
    small, large = render("office", 1, 2, Size.of(32)), render("office", 1, 2, Size.of(96))
    same = small.mask == large.mask[1::3, 1::3]  # the centres of both are the same
    assert same.mean() > 0.999
    np.testing.assert_allclose(small.depth[same], large.depth[1::3, 1::3][same], rtol=1e-5)
