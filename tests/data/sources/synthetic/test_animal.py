"""An animal stands in the image as large as it should, with every cone named, and cut off where it may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.animal import Animal, make_animal
from auxseg.data.sources.synthetic.breeds import BREEDS

HEAD_PARTS = {"skull", "muzzle", "ear"}


@pytest.fixture(scope="module")
def animals() -> list[Animal]:
    return [make_animal(BREEDS[seed % len(BREEDS)], default_rng(seed)) for seed in range(160)]


def extent(animal: Animal) -> tuple[np.ndarray, np.ndarray]:
    boxes = animal.cones.boxes()
    return boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)


def test_every_cone_has_a_part_and_the_head_is_those_of_the_head(animals: list[Animal]) -> None:
    for animal in animals:
        assert len(animal.parts) == len(animal.cones) == len(animal.head)
        assert [part in HEAD_PARTS for part in animal.parts] == animal.head.tolist()
        assert len(animal.decals) == len(animal.decal_colours)
        assert np.isfinite(animal.cones.start).all()
        assert (animal.cones.radii > 0).all()


def test_the_longer_side_takes_as_much_of_the_image_as_is_claimed(animals: list[Animal]) -> None:
    longest = [(high - low).max() for low, high in map(extent, animals)]
    assert 0.72 - 1e-9 <= min(longest) < 0.75
    assert 1.09 < max(longest) <= 1.12 + 1e-9


def test_no_animal_is_further_outside_than_it_may_be(animals: list[Animal]) -> None:
    """At most 0.4 of a side, or what does not fit when it stands in the middle; most animals are inside."""
    num_cut = 0
    for animal in animals:
        low, high = extent(animal)
        out = np.maximum(np.maximum(-low, high - 1), 0)
        allowed = np.maximum(0.4 * (high - low), (high - low - 1) / 2)
        assert (out <= allowed + 1e-9).all()
        fits = high - low < 1 - 0.04 * (high - low)
        num_cut += bool((out[fits] > 0).any())
    assert 0.05 < num_cut / len(animals) < 0.35


def test_feet_are_below_and_heads_above(animals: list[Animal]) -> None:
    for animal in animals:
        paws = [index for index, part in enumerate(animal.parts) if part == "paw"]
        (neck,) = (index for index, part in enumerate(animal.parts) if part == "neck")
        assert animal.cones.end[neck, 1] < animal.cones.end[paws, 1].min()


def test_animals_look_to_both_sides(animals: list[Animal]) -> None:
    chest_to_hip = [animal.cones.end[1, 0] - animal.cones.start[0, 0] for animal in animals]
    assert 0.35 < np.mean(np.array(chest_to_hip) > 0) < 0.65


def test_scale_is_how_long_a_length_is_in_the_image(animals: list[Animal]) -> None:
    """An individual's skull differs from its breed's by a tenth at most, and the radius of the image says so."""
    for seed, animal in enumerate(animals):
        skull = next(index for index, part in enumerate(animal.parts) if part == "skull")
        breed = BREEDS[seed % len(BREEDS)]
        relative = 1.0 if breed.species == "cat" else 0.95
        size = animal.cones.radii[skull, 0] / animal.scale / breed.skull / relative
        assert 0.9 - 1e-9 <= size <= 1.1 + 1e-9


def test_turning_keeps_lengths(animals: list[Animal]) -> None:
    """A tail of six equal pieces has them in every view; only sideways sway and the ground change them."""
    breed = replace(BREEDS[0], tail_curl=0.0)
    for seed in range(10):
        animal = make_animal(breed, default_rng(seed))
        torso = np.linalg.norm(animal.cones.end[:2] - animal.cones.start[:2], axis=1) / animal.scale
        assert 0.3 * breed.length < torso.sum() < 1.4 * breed.length


def test_the_same_random_numbers_make_the_same_animal() -> None:
    one, other, another = (make_animal(BREEDS[2], default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.cones.start, other.cones.start)
    assert one.parts == other.parts
    assert one.scale != another.scale
