"""Coats are colours that can be shown, and no part of an animal is marked and lit at once."""

from __future__ import annotations

from typing import get_args

import pytest

from auxseg.data.sources.synthetic.coats import COATS, GREY_STRIPES, SURROUNDINGS, Coat, Part, Pattern

EVERY = pytest.mark.parametrize("coat", [*COATS, *SURROUNDINGS])


@EVERY
def test_colours_lie_between_black_and_white(coat: Coat) -> None:
    for colour in (coat.base, coat.mark, coat.light):
        assert len(colour) == 3
        assert all(0 <= channel <= 1 for channel in colour)


def test_colours_are_those_of_their_codes() -> None:
    assert GREY_STRIPES.base == (0x8E / 255, 0x85 / 255, 0x78 / 255)


@EVERY
def test_the_belly_is_lighter_than_the_back(coat: Coat) -> None:
    assert sum(coat.light) > sum(coat.base)
    assert 0 <= coat.belly <= 1


@EVERY
def test_parts_are_marked_or_lit_and_known(coat: Coat) -> None:
    assert not coat.marked & coat.lit
    assert coat.marked | coat.lit <= set(get_args(Part))
    assert coat.pattern in get_args(Pattern)


def test_no_coat_stands_twice_and_things_have_coats_of_their_own() -> None:
    """The colours themselves: two coats that looked alike would be one."""
    looks = [(coat.base, coat.mark, coat.light) for coat in (*COATS, *SURROUNDINGS)]
    assert len(set(looks)) == len(looks)


def test_things_wear_no_parts_of_animals() -> None:
    for coat in SURROUNDINGS:
        assert (coat.marked, coat.lit, coat.belly) == (frozenset(), frozenset(), 0.0)


def test_every_pattern_is_worn_by_animals_and_by_things() -> None:
    for coats in (COATS, SURROUNDINGS):
        assert {coat.pattern for coat in coats} == set(get_args(Pattern))
