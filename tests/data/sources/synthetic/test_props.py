"""Things hide what they cover, and cover what is drawn of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.camera import make_light
from auxseg.data.sources.synthetic.coats import SURROUNDINGS
from auxseg.data.sources.synthetic.painting import prop_skin
from auxseg.data.sources.synthetic.props import Layer, Prop, Slab, Solid, make_occluder, make_prop
from auxseg.data.sources.synthetic.shapes import Cones, Window
from auxseg.records.values.size import Size

SIZE = 40
LIGHT = make_light(default_rng(0))


def centres() -> np.ndarray:
    x, y = Window.image(Size.of(SIZE)).pixels(SIZE)
    return np.stack(np.broadcast_arrays(x, y), axis=-1).reshape(-1, 2).astype(float)


def opacity(prop: Prop) -> np.ndarray:
    """Over the whole image."""
    layer = prop.paint(LIGHT, Size.of(SIZE))
    found = np.zeros((SIZE, SIZE), np.float32)
    found[layer.window.within(Window.image(Size.of(SIZE)))] = layer.alpha
    return found


def slab(degrees: float, half: tuple[float, float] = (0.2, 0.1)) -> Slab:
    skin = prop_skin(SURROUNDINGS[0], 1, "grain", 0.5, default_rng(0))
    return Slab(np.array([0.5, 0.5], np.float32), np.array(half, np.float32), degrees, skin)


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("make", [make_prop, make_occluder])
def test_a_thing_hides_the_points_that_it_is_drawn_over(make, seed: int) -> None:
    """How much of an animal is hidden is counted on points; what is seen is drawn: both are the same shape."""
    prop = make(SURROUNDINGS[seed % len(SURROUNDINGS)], np.array([0.5, 0.45]), 0.4, default_rng(seed))
    drawn, hidden = opacity(prop), prop.hides(centres()).reshape(SIZE, SIZE)
    assert hidden.any()
    certain = np.abs(drawn - 0.5) > 1e-3
    np.testing.assert_array_equal((drawn >= 0.5)[certain], hidden[certain])


@pytest.mark.parametrize("seed", range(8))
def test_colours_can_be_shown_and_stay_in_the_image(seed: int) -> None:
    prop = make_prop(SURROUNDINGS[seed], np.array([0.95, 0.1]), 0.45, default_rng(seed))
    layer = prop.paint(LIGHT, Size.of(SIZE))
    assert layer.window.clip(Window.image(Size.of(SIZE))) == layer.window
    assert layer.colours.shape == (*layer.alpha.shape, 3)
    assert np.isfinite(layer.colours).all()
    assert (layer.colours > -0.01).all()
    assert 0 <= layer.alpha.min() <= layer.alpha.max() <= 1


def test_a_thing_outside_of_the_image_is_an_empty_layer() -> None:
    skin = prop_skin(SURROUNDINGS[0], 1, "grain", 0.5, default_rng(0))
    far = Slab(np.array([5, 5], np.float32), np.array([0.1, 0.1], np.float32), 0.0, skin)
    layer = far.paint(LIGHT, Size.of(SIZE))
    assert layer.window.empty()
    assert layer.alpha.size == 0


def test_a_slab_is_a_rectangle() -> None:
    hidden = slab(0.0).hides(np.array([[0.5, 0.5], [0.69, 0.59], [0.71, 0.5], [0.5, 0.61], [0.31, 0.41], [0.29, 0.5]]))
    assert hidden.tolist() == [True, True, False, False, True, False]
    assert opacity(slab(0.0)).mean() == pytest.approx(0.4 * 0.2, rel=0.02)


def test_a_slab_turns_about_its_centre() -> None:
    np.testing.assert_allclose(opacity(slab(90.0)), opacity(slab(0.0)).T, atol=1e-4)
    tip = 0.5 + 0.19 * np.array([np.cos(np.radians(30)), np.sin(np.radians(30))])
    assert slab(30.0).hides(tip[None]).tolist() == [True]
    assert slab(-30.0).hides(tip[None]).tolist() == [False]
    assert opacity(slab(30.0)).mean() == pytest.approx(0.4 * 0.2, rel=0.03)


def test_a_solid_is_hidden_behind_any_of_its_cones() -> None:
    cones = Cones(
        np.array([[0.2, 0.2, 0], [0.7, 0.7, 0]]), np.array([[0.2, 0.2, 0], [0.8, 0.7, 0]]), np.array([[0.1, 0.1]] * 2)
    )
    solid = Solid(cones, prop_skin(SURROUNDINGS[0], 2, "fur", 0.5, default_rng(0)))
    points = np.array([[0.2, 0.2], [0.29, 0.2], [0.31, 0.2], [0.75, 0.79], [0.75, 0.81], [0.5, 0.5]])
    assert solid.hides(points).tolist() == [True, True, False, True, False, False]


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, 0.2), (1.0, 0.8), (0.5, 0.5), (0.25, 0.35)])
def test_a_layer_is_mixed_in_by_its_opacity_in_its_window_alone(alpha: float, expected: float) -> None:
    picture = np.full((6, 6, 3), 0.2, np.float32)
    window = Window(1, 2, 4, 5)
    Layer(window, np.full((3, 3, 3), 0.8, np.float32), np.full((3, 3), alpha, np.float32)).lay_over(picture)
    np.testing.assert_allclose(picture[2:5, 1:4], expected, rtol=1e-6)
    picture[2:5, 1:4] = 0.2
    assert (picture == np.float32(0.2)).all()


def test_things_are_about_as_large_as_asked() -> None:
    for seed in range(20):
        prop = make_prop(SURROUNDINGS[0], np.array([0.5, 0.5]), 0.3, default_rng(seed))
        if isinstance(prop, Solid):
            boxes = prop.cones.boxes()
            extent = (boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)).max()
            assert 0.3 * 0.4 < extent < 0.3 * 2.5


def test_occluders_are_slender_or_small_beside_an_animal() -> None:
    for seed in range(30):
        prop = make_occluder(SURROUNDINGS[0], np.array([0.5, 0.5]), 0.3, default_rng(seed))
        assert prop.hides(centres()).mean() < 0.25


def test_things_are_of_many_kinds() -> None:
    made = [make_prop(SURROUNDINGS[0], np.array([0.5, 0.5]), 0.3, default_rng(seed)) for seed in range(60)]
    kinds = {len(prop.cones) if isinstance(prop, Solid) else 0 for prop in made}
    assert len(kinds) >= 5
    assert 0 in kinds
