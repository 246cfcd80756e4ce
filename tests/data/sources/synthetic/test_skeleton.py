"""Bodies hang together, stand on the ground and have two sides, whatever the breed and the posture."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.synthetic.breeds import BREEDS, Breed
from auxseg.data.sources.synthetic.skeleton import Body, Limb, Posture, build_body, point

POSTURES: tuple[Posture, ...] = ("stand", "sit", "lie")
EVERY = [pytest.param(breed, posture, id=f"{breed.name} {posture}") for breed in BREEDS for posture in POSTURES]
SEEDS = range(5)


def bodies(breed: Breed, posture: Posture) -> list[Body]:
    return [build_body(breed, posture, default_rng(seed)) for seed in SEEDS]


def of(body: Body, *parts: str) -> list[Limb]:
    return [limb for limb in body.limbs if limb.part in parts]


@pytest.mark.parametrize(("breed", "posture"), EVERY)
def test_every_animal_has_its_parts(breed: Breed, posture: Posture) -> None:
    for body in bodies(breed, posture):
        num_legs = 10 if posture == "stand" else 8
        assert Counter(limb.part for limb in body.limbs) == {
            "torso": 2,
            "leg": num_legs,
            "paw": 4,
            "tail": 5,
            "tail tip": 1,
            "neck": 1,
        }
        assert all(min(limb.first, limb.last) > 0 for limb in body.limbs)
        assert all(np.isfinite([*limb.start, *limb.end]).all() for limb in body.limbs)


@pytest.mark.parametrize(("breed", "posture"), EVERY)
def test_legs_come_in_pairs_one_on_each_side(breed: Breed, posture: Posture) -> None:
    for body in bodies(breed, posture):
        legs = of(body, "leg", "paw")
        front, half = 3, len(legs) // 2
        left, right = legs[:half], legs[half:]
        assert all(limb.start[2] < 0 for limb in left)
        assert all(limb.start[2] > 0 for limb in right)
        for one, other in zip(left, right, strict=True):
            assert one.part == other.part
            assert one.start[2] == pytest.approx(-other.start[2])
            assert (one.first, one.last) == (other.first, other.last)
        assert [limb.part for limb in left].count("paw") == 2
        assert left[front - 1].part == "paw"


@pytest.mark.parametrize(("breed", "posture"), EVERY)
def test_limbs_hang_together(breed: Breed, posture: Posture) -> None:
    for body in bodies(breed, posture):
        chest, waist = of(body, "torso")
        np.testing.assert_array_equal(chest.end, waist.start)
        tail = of(body, "tail", "tail tip")
        for before, after in pairwise(tail):
            np.testing.assert_array_equal(before.end, after.start)
        legs = of(body, "leg", "paw")
        for before, after in pairwise(legs):
            if after.part == "paw":
                np.testing.assert_array_equal(before.end, after.start)


@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)
def test_paws_of_a_standing_animal_are_on_the_ground(breed: Breed) -> None:
    for body in bodies(breed, "stand"):
        assert [limb.start[1] for limb in of(body, "paw")] == pytest.approx([0.8 * breed.leg_width] * 4)


@pytest.mark.parametrize(("breed", "posture"), EVERY)
def test_no_tail_is_below_the_ground_and_none_is_longer_than_the_breeds(breed: Breed, posture: Posture) -> None:
    for body in bodies(breed, posture):
        tail = of(body, "tail", "tail tip")
        assert min(limb.end[1] for limb in tail) >= 0.9 * breed.tail_width - 1e-12
        on_the_side = sum(np.hypot(*(limb.end - limb.start)[:2]) for limb in tail if limb.end[1] > breed.tail_width)
        assert on_the_side <= breed.tail + 1e-9
        assert tail[-1].last == pytest.approx(0.6 * breed.tail_width)


@pytest.mark.parametrize(("breed", "posture"), EVERY)
def test_the_head_is_in_front_of_and_above_the_chest_by_the_neck(breed: Breed, posture: Posture) -> None:
    for body in bodies(breed, posture):
        chest = of(body, "torso")[0].start
        step = body.head - chest
        assert np.linalg.norm(step) == pytest.approx(breed.neck)
        assert step[1] > 0.7 * breed.neck
        assert step[2] == 0
        (neck,) = of(body, "neck")
        assert np.linalg.norm(neck.end - body.head) < breed.skull


@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)
def test_postures_differ_in_where_the_chest_is(breed: Breed) -> None:
    height = {posture: of(bodies(breed, posture)[0], "torso")[0].start[1] for posture in POSTURES}
    hip = {posture: of(bodies(breed, posture)[0], "torso")[1].end[1] for posture in POSTURES}
    assert height["lie"] < height["stand"]
    assert height["sit"] - hip["sit"] > 0.5 * breed.length
    assert abs(height["stand"] - hip["stand"]) <= 0.03


def test_a_point_is_three_numbers() -> None:
    assert point(1, 2).tolist() == [1, 2, 0]
    assert point(1, 2, -3).tolist() == [1, 2, -3]
    assert point(1, 2).dtype == float


def test_the_same_random_numbers_make_the_same_body() -> None:
    one, other = (build_body(BREEDS[0], "stand", default_rng(3)) for _ in range(2))
    for first, second in zip(one.limbs, other.limbs, strict=True):
        np.testing.assert_array_equal(first.start, second.start)
    assert build_body(BREEDS[0], "stand", default_rng(4)).limbs[2].end[0] != one.limbs[2].end[0]
