"""Surfaces that face the lamp are brighter, near ones too; pictures are bytes."""

from __future__ import annotations

import numpy as np
from numpy.random import default_rng

from auxseg.data.sources.rooms.light import expose, shade, vary


def test_what_faces_the_lamp_and_is_near_is_brighter() -> None:
    points = np.array([[[0, 0, 0], [0, 0, 0]], [[0, -2, 0], [0, -2, 0]]], float)
    normals = np.array([[[0, 1, 0], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]], float)
    facing, aside, far, _ = shade(points, normals, np.array([0, 1.0, 0]), 0.4).ravel()
    assert facing > far
    assert facing > aside > 0


def test_a_pattern_of_no_strength_changes_nothing() -> None:
    colours, places = default_rng(0).random((4, 4, 3)), default_rng(1).random((4, 4, 3))
    np.testing.assert_array_equal(vary(colours, places, np.zeros((4, 4)), np.ones((4, 4))), colours)
    assert (vary(colours, places, np.ones((4, 4)), np.ones((4, 4))) != colours).any()


def test_an_exposure_keeps_order_and_range() -> None:
    picture = np.linspace(0, 0.9, 32)[None, :, None].repeat(32, 0).repeat(3, 2)
    exposed = expose(picture, default_rng(0))
    assert exposed.dtype == np.uint8
    assert (np.diff(exposed.mean((0, 2))[::8]) > 0).all()
