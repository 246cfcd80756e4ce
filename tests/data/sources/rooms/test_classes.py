"""The classes are NYUv2's thirteen, and every one has colours."""

from __future__ import annotations

from numpy.random import default_rng

from auxseg.data.sources.rooms.classes import CLASSES, COLOURS, NUMBER, colour_of


def test_thirteen_classes_in_the_order_of_the_alphabet() -> None:
    assert list(CLASSES) == sorted(CLASSES)
    assert len(CLASSES) == 13 == len(COLOURS)
    assert [NUMBER[name] for name in CLASSES] == list(range(13))


def test_colours_are_between_black_and_white() -> None:
    random = default_rng(0)
    for name in CLASSES:
        for _ in range(20):
            colour = colour_of(name, random)
            assert (colour > 0).all()
            assert (colour <= 1).all()
