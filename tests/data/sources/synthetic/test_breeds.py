"""The table of breeds: balanced, told apart by their shapes, and by no coat alone."""

from __future__ import annotations

import pytest

from auxseg.data.sources.synthetic.breeds import BREEDS, Breed
from auxseg.data.sources.synthetic.coats import COATS

EVERY = pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)


def test_cats_and_dogs_alternate() -> None:
    """So that any run of samples holds both: their turns are the order of the table."""
    assert [breed.species for breed in BREEDS] == ["cat", "dog"] * 4


def test_names_are_those_of_stores_that_exist() -> None:
    """Class names of data sets that people have made; another name would be another class."""
    assert [breed.name for breed in BREEDS] == [
        *("tabby", "beagle", "siamese", "husky", "persian", "dachshund", "tuxedo", "retriever"),
    ]


@EVERY
def test_proportions_are_lengths(breed: Breed) -> None:
    lengths = (breed.length, breed.chest, breed.hip, breed.leg, breed.leg_width, breed.neck, breed.skull, breed.muzzle)
    assert all(0 < length < 2 for length in (*lengths, breed.ear, breed.tail, breed.tail_width))
    assert breed.leg_width < breed.hip
    assert breed.tail_width < breed.tail
    assert breed.roughness > 0


@EVERY
def test_coats_are_several_and_animals_own(breed: Breed) -> None:
    assert len(breed.coats) >= 2
    assert len(set(breed.coats)) == len(breed.coats)
    assert set(breed.coats) <= set(COATS)


def test_no_coat_tells_the_breed() -> None:
    """Each breed shares a coat with another, most with one of the other species."""
    for breed in BREEDS:
        others = [other for other in BREEDS if other is not breed]
        assert any(set(breed.coats) & set(other.coats) for other in others)
    cats, dogs = (
        {coat for breed in BREEDS if breed.species == species for coat in breed.coats} for species in ("cat", "dog")
    )
    assert len(cats & dogs) >= 4


def test_every_animals_coat_is_worn() -> None:
    assert {coat for breed in BREEDS for coat in breed.coats} == set(COATS)


def test_breeds_differ_in_shape() -> None:
    shapes = {(breed.length, breed.leg, breed.muzzle, breed.ear, breed.tail, breed.ears) for breed in BREEDS}
    assert len(shapes) == len(BREEDS)
    cats, dogs = ([breed.muzzle for breed in BREEDS if breed.species == species] for species in ("cat", "dog"))
    assert max(cats) < min(dogs)
