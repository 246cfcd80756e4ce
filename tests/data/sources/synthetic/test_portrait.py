"""The animal as a layer: where it covers a pixel, and where its head is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.animal import Animal, make_animal
from auxseg.data.sources.synthetic.breeds import BREEDS
from auxseg.data.sources.synthetic.camera import make_light
from auxseg.data.sources.synthetic.portrait import Head, paint_animal
from auxseg.data.sources.synthetic.props import Layer
from auxseg.data.sources.synthetic.shapes import Window, distances_at
from auxseg.records.values.size import Size

SIZE = 48


def test_the_head_box_of_a_head_across_the_edge() -> None:
    """A silhouette that leaves the image keeps its box, clipped, while at least half of it is inside."""
    silhouette = np.zeros((6, 8), bool)
    silhouette[1:5, 2:6] = True
    assert Head(Window(-4, 3, 4, 9), silhouette).box(Size.of(16)) == (0, 4, 2, 8)
    assert Head(Window(-5, 3, 3, 9), silhouette).box(Size.of(16)) is None
    assert Head(Window(3, 12, 11, 18), silhouette).box(Size.of(16)) == (5, 13, 9, 16)


def painted(index: int) -> tuple[Animal, Layer, Head]:
    breed = BREEDS[index % len(BREEDS)]
    animal = make_animal(breed, default_rng(index))
    layer, head = paint_animal(
        animal, breed.coats[0], make_light(default_rng(index)), Size.of(SIZE), default_rng(index)
    )
    return animal, layer, head


@pytest.mark.parametrize("index", range(4))
def test_it_covers_what_its_shapes_cover_but_for_the_fur(index: int) -> None:
    """A pixel may differ only where its centre is nearer to the outline than the longest strand."""
    animal, layer, _ = painted(index)
    x, y = layer.window.pixels(SIZE)
    points = np.stack(np.broadcast_arrays(x, y), axis=-1).reshape(-1, 2).astype(float)
    distance = distances_at(points, animal.cones).min(axis=0).reshape(layer.alpha.shape)
    longest = 0.018 * animal.roughness * animal.scale + 1e-5
    inside, outside = distance < -longest, distance > longest
    assert inside.sum() > 50
    assert (layer.alpha[inside] >= 0.5).all()
    assert (layer.alpha[outside] < 0.5).all()


@pytest.mark.parametrize("index", range(4))
def test_the_head_is_a_part_of_the_animal(index: int) -> None:
    _, layer, head = painted(index)
    image = Window.image(Size.of(SIZE))
    here = head.window.clip(image)
    silhouette = head.silhouette[here.within(head.window)]
    assert head.silhouette.any()
    whole = np.zeros((SIZE, SIZE), bool)
    whole[layer.window.within(image)] = layer.alpha >= 0.5
    assert whole[here.within(image)][silhouette].all()


def test_colours_can_be_shown() -> None:
    _, layer, _ = painted(0)
    assert layer.colours.shape == (*layer.alpha.shape, 3)
    assert np.isfinite(layer.colours).all()
    assert (layer.colours >= 0).all()


def test_smooth_fur_leaves_the_outline_as_it_is() -> None:
    """Without roughness the opacity is that of the shapes, and no random number changes it."""
    breed = BREEDS[0]
    animal = replace(make_animal(breed, default_rng(1)), roughness=0.0)
    light = make_light(default_rng(1))
    one, other = (paint_animal(animal, breed.coats[0], light, Size.of(SIZE), default_rng(seed)) for seed in (1, 2))
    np.testing.assert_array_equal(one[0].alpha, other[0].alpha)
    np.testing.assert_array_equal(one[1].silhouette, other[1].silhouette)
