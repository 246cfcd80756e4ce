"""Colours lie where the coat has them, and brightness follows the light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.animal import Animal, make_animal
from auxseg.data.sources.synthetic.breeds import BREEDS
from auxseg.data.sources.synthetic.coats import COATS, TRICOLOUR, TUXEDO, Coat, Pattern
from auxseg.data.sources.synthetic.painting import (
    Light,
    animal_skin,
    paint_pattern,
    paint_solid,
    prop_skin,
    vary,
)
from auxseg.data.sources.synthetic.shapes import Cones, Window, rasterize
from auxseg.records.values.size import Size

SIZE = 41
PLAIN = Coat((0.5, 0.4, 0.3), (0.1, 0.1, 0.1), (0.9, 0.9, 0.9))
EVENLY = Light(np.array([0, 0, 1], np.float32), 1.0)


def ball() -> Cones:
    """In the middle of the image."""
    return Cones(np.array([[0.5, 0.5, 0.0]]), np.array([[0.5, 0.5, 0.0]]), np.array([[0.3, 0.3]]))


def painted(coat: Coat, light: Light, contrast: float = 0.0) -> np.ndarray:
    skin = replace(prop_skin(coat, 1, "grain", 0.6, default_rng(0)), contrast=contrast)
    return paint_solid(rasterize(ball(), SIZE, Window.image(Size.of(SIZE)), 0.1), ball(), skin, light, SIZE)


def an_animal() -> Animal:
    return make_animal(BREEDS[0], default_rng(0))


@pytest.mark.parametrize("coat", COATS)
def test_an_individual_differs_in_shade_and_not_in_its_marks(coat: Coat) -> None:
    for seed in range(5):
        found = vary(coat, default_rng(seed))
        assert (found.pattern, found.marked, found.lit, found.belly) == (
            coat.pattern,
            coat.marked,
            coat.lit,
            coat.belly,
        )
        for colour, original in ((found.base, coat.base), (found.mark, coat.mark), (found.light, coat.light)):
            assert all(0.03 <= channel <= 0.97 for channel in colour)
            assert np.abs(np.array(colour) - original).max() < 0.35
    assert vary(coat, default_rng(0)) != vary(coat, default_rng(1))


def test_all_colours_of_an_individual_change_by_the_same_factor() -> None:
    found = vary(PLAIN, default_rng(4))
    factor = np.array(found.base) / PLAIN.base
    np.testing.assert_allclose(np.array(found.mark) / PLAIN.mark, factor)
    unchanged = vary(PLAIN, default_rng(4), amount=0.0)
    np.testing.assert_allclose(np.array([unchanged.base, unchanged.mark]), np.array([PLAIN.base, PLAIN.mark]))


@pytest.mark.parametrize("coat", [TRICOLOUR, TUXEDO, PLAIN])
def test_parts_have_the_colours_that_the_coat_says(coat: Coat) -> None:
    animal = an_animal()
    skin = animal_skin(coat, animal, default_rng(0))
    for part, colour, pattern, belly in zip(animal.parts, skin.colours, skin.pattern, skin.belly, strict=True):
        expected = coat.mark if part in coat.marked else coat.light if part in coat.lit else coat.base
        np.testing.assert_allclose(colour, expected, rtol=1e-6)
        assert pattern == (part not in coat.marked | coat.lit)
        assert belly == (part in ("torso", "neck"))
    assert (skin.scale, skin.texture) == (animal.scale, "fur")


def test_rough_fur_has_more_contrast_up_to_a_limit() -> None:
    def contrast(roughness: float) -> float:
        return animal_skin(PLAIN, replace(an_animal(), roughness=roughness), default_rng(0)).contrast

    assert contrast(0.0) == pytest.approx(0.1)
    assert contrast(0.5) == pytest.approx(0.14)
    assert contrast(1.0) == contrast(5.0) == pytest.approx(0.18)


def test_a_thing_wears_its_coat_from_end_to_end() -> None:
    skin = prop_skin(TUXEDO, 3, "grain", 0.4, default_rng(0))
    np.testing.assert_allclose(skin.colours, np.array([TUXEDO.base] * 3), rtol=1e-6)
    assert skin.pattern.tolist() == skin.belly.tolist() == [1, 1, 1]
    assert 0.08 <= skin.contrast <= 0.2
    assert (skin.texture, skin.scale) == ("grain", 0.4)


def pattern(name: Pattern) -> np.ndarray:
    side = np.linspace(0, 2, 120, dtype=np.float32)
    u, v = np.broadcast_arrays(side[None, :], side[:, None])
    return paint_pattern(name, u, v, 60.0)


@pytest.mark.parametrize("name", ["stripes", "spots", "patches"])
def test_a_pattern_has_marks_and_what_lies_between(name: Pattern) -> None:
    found = pattern(name)
    assert found.min() == 0
    assert found.max() == 1
    assert 0.03 < found.mean() < 0.7


def test_a_plain_coat_has_no_marks() -> None:
    assert not pattern("plain").any()


def test_stripes_run_across_as_often_as_claimed() -> None:
    """Five and a half to a unit along the body, bent a little, and none along the other way."""
    found = pattern("stripes") > 0.5
    across = np.diff(found.astype(int), axis=1).clip(min=0).sum(axis=1).mean()
    along = np.diff(found.astype(int), axis=0).clip(min=0).sum(axis=0).mean()
    assert 9 < across < 18
    assert along < across


def test_in_even_light_a_plain_thing_has_its_own_colour() -> None:
    found = painted(PLAIN, EVENLY)
    np.testing.assert_allclose(found[20, 20], PLAIN.base, rtol=1e-3)


@pytest.mark.parametrize("ambient", [0.0, 0.4])
def test_brightness_is_that_of_lambert(ambient: float) -> None:
    """Straight at the light all of it, at the angle a its cosine, away from it what comes from everywhere."""
    found = painted(PLAIN, Light(np.array([0, 0, 1], np.float32), ambient)) / PLAIN.base
    assert found[20, 20] == pytest.approx(1, abs=0.02)
    sine = (6 / SIZE) / 0.3
    assert found[20, 26] == pytest.approx(ambient + (1 - ambient) * np.sqrt(1 - sine**2), abs=0.04)


@pytest.mark.parametrize(
    ("direction", "bright", "dark"),
    [((1, 0), (20, 28), (20, 12)), ((-1, 0), (20, 12), (20, 28)), ((0, -1), (12, 20), (28, 20))],
)
def test_the_side_towards_the_light_is_bright(
    direction: tuple[int, int], bright: tuple[int, int], dark: tuple[int, int]
) -> None:
    light = Light(np.array([*direction, 0], np.float32), 0.25)
    found = painted(PLAIN, light)
    assert found[bright].mean() > 1.5 * found[dark].mean()
    np.testing.assert_allclose(found[dark] / PLAIN.base, 0.25, rtol=0.05)


def test_a_belly_is_light_below_alone() -> None:
    found = painted(replace(PLAIN, belly=1.0), EVENLY)
    assert found[30, 20].mean() > 1.3 * found[12, 20].mean()
    np.testing.assert_allclose(found[12, 20], PLAIN.base, rtol=0.05)


def test_marks_have_the_colour_of_the_mark() -> None:
    coat = replace(PLAIN, pattern="stripes", mark=(0.0, 0.0, 0.0))
    found = painted(coat, EVENLY)
    inside = found[12:29, 12:29].mean(axis=2)
    assert inside.min() < 0.1
    assert inside.max() > 0.35


def test_what_lies_behind_is_darker_where_something_stands_in_front() -> None:
    places = np.array([[0.4, 0.5, 0.0], [0.7, 0.5, 0.4]])
    both = Cones(places, places.copy(), np.full((2, 2), 0.22))
    skin = replace(prop_skin(PLAIN, 2, "grain", 3.0, default_rng(0)), contrast=0.0)
    surface = rasterize(both, SIZE, Window.image(Size.of(SIZE)), 0.1)
    found = paint_solid(surface, both, skin, EVENLY, SIZE).mean(axis=2)
    row = surface.cone[20]
    edge = int(np.flatnonzero((row[1:] == 1) & (row[:-1] == 0) & (surface.distance[20][1:] < 0))[0])
    assert found[20, edge] < 0.99 * found[20, 10]
