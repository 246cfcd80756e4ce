"""Heads are those of cats and dogs: two of what comes in pairs, eyes on the skull, ears as the breed has them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.breeds import BREEDS, Breed
from auxseg.data.sources.synthetic.head import Decal, build_head
from auxseg.data.sources.synthetic.skeleton import Limb

EVERY = pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)


def heads(breed: Breed, count: int = 8) -> list[tuple[list[Limb], list[Decal]]]:
    return [build_head(breed, default_rng(seed)) for seed in range(count)]


@EVERY
def test_the_parts_of_a_head_are_those_of_its_species_and_ears(breed: Breed) -> None:
    ears = 4 if breed.ears == "drooping" else 2
    skulls = 2 if breed.species == "cat" else 1
    for limbs, _ in heads(breed):
        assert Counter(limb.part for limb in limbs) == {"skull": skulls, "muzzle": 1, "ear": ears}
        assert all(min(limb.first, limb.last) > 0 for limb in limbs)


@EVERY
def test_ears_are_mirrored(breed: Breed) -> None:
    mirror = np.array([1, 1, -1])
    for limbs, _ in heads(breed):
        ears = [limb for limb in limbs if limb.part == "ear"]
        half = len(ears) // 2
        for left, right in zip(ears[:half], ears[half:], strict=True):
            np.testing.assert_allclose(left.start * mirror, right.start)
            np.testing.assert_allclose(left.end * mirror, right.end)
            assert (left.first, left.last) == (right.first, right.last)
            assert left.start[2] < 0


@EVERY
def test_pointed_ears_end_above_and_drooping_ones_below(breed: Breed) -> None:
    for limbs, _ in heads(breed, 1):
        ears = [limb for limb in limbs if limb.part == "ear"]
        if breed.ears == "pointed":
            assert all(limb.end[1] > 1 > limb.start[1] for limb in ears)
            assert all(limb.last < 0.1 for limb in ears)
        else:
            assert min(limb.end[1] for limb in ears) < 0


@EVERY
def test_eyes_are_two_alike_on_the_skull_in_front(breed: Breed) -> None:
    for _, decals in heads(breed):
        irises = [each for each in decals if each.first == pytest.approx(0.21 if breed.species == "cat" else 0.15)]
        left, right = irises
        assert left.colour == right.colour
        for eye in irises:
            assert np.linalg.norm(eye.start) == pytest.approx(1.02)
            assert eye.start[0] > 0.5
        np.testing.assert_allclose(left.start * [1, 1, -1], right.start)


def test_cats_have_slits_and_dogs_round_pupils() -> None:
    for breed in BREEDS:
        _, decals = build_head(breed, default_rng(0))
        tall = [each for each in decals if each.start[2] == each.end[2] != 0 and each.start[1] < each.end[1]]
        slits = [each for each in tall if each.start[0] == each.end[0]]
        assert len(slits) == (2 if breed.species == "cat" else 0)


@EVERY
def test_decals_can_be_painted(breed: Breed) -> None:
    for _, decals in heads(breed):
        assert all(0 <= channel <= 1 for decal in decals for channel in decal.colour)
        assert all(min(decal.first, decal.last) > 0 for decal in decals)


def test_a_muzzle_is_as_long_as_the_breeds() -> None:
    reach = {
        breed.name: max(limb.end[0] for limb in build_head(breed, default_rng(0))[0] if limb.part == "muzzle")
        for breed in BREEDS
    }
    for species in ("cat", "dog"):
        breeds = [breed for breed in BREEDS if breed.species == species]
        by_reach = sorted(breeds, key=lambda breed: reach[breed.name])
        assert [breed.muzzle for breed in by_reach] == sorted(breed.muzzle for breed in breeds)


def test_some_dogs_show_their_tongue_and_no_cat_does() -> None:
    def num_tongues(breed: Breed) -> int:
        return sum((0.8, 0.42, 0.44) in [decal.colour for decal in decals] for _, decals in heads(breed, 60))

    assert 10 < num_tongues(next(breed for breed in BREEDS if breed.species == "dog")) < 40
    assert num_tongues(next(breed for breed in BREEDS if breed.species == "cat")) == 0
