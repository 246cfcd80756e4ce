"""Answers about bands become those about the whole, and what cannot be put together is kept band by band."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auxseg.drawing import Picture
from auxseg.tasks.answers import Answer, points_answer
from auxseg.tasks.answers.answer import FoundBox
from auxseg.tasks.answers.assembled import Summed, assembled

HEIGHT, WIDTH = 70, 12
CUTS = [(0, 32), (32, 64), (64, 70)]
MASK = np.random.default_rng(0).integers(0, 2, (HEIGHT, WIDTH), np.uint8)
NUMBERS = np.random.default_rng(1).random((1, HEIGHT, WIDTH), np.float32)


def unchanged(picture: Picture) -> Picture:
    return picture


def of_mask(first: int, last: int) -> Answer:
    """As a plugin may answer: a mask with a map, a record of its own, and a box."""
    return Answer(
        unchanged,
        mask=MASK[first:last],
        map=lambda: NUMBERS[:, first:last],
        box=(1, 2, 5, 6),
        boxes=(FoundBox("car", 0.5, (0, 1, 2, 3)),),
        record={"wires": last - first, "where": "here"},
    )


def of_numbers(first: int, last: int) -> Answer:
    """A map whose record is known, with more in it, numbers and classes."""
    part = NUMBERS[:, first:last]
    summary = {"minimum": [float(part.min())], "mean": [float(part.mean())], "maximum": [float(part.max())]}
    return Answer(
        unchanged,
        "alone",
        map=lambda: part,
        vector=(float(first), 0.5),
        classes={"day": 0.25},
        tags={"rain": 0.75},
        record={"map": summary, "shares": {"leg": float(part.mean())}, "peak": first},
    )


def answers() -> dict[str, Answer]:
    def bands() -> Iterator[tuple[slice, dict[str, Answer]]]:
        for cut in CUTS:
            yield slice(*cut), {"mask": of_mask(*cut), "numbers": of_numbers(*cut)}

    def again(name: str) -> Iterator[tuple[slice, Answer]]:
        for rows, said in bands():
            yield rows, said[name]

    return assembled(bands(), (HEIGHT, WIDTH), ("ground", "wire"), again)


def test_masks_maps_and_known_records_are_those_of_the_whole() -> None:
    found = answers()
    np.testing.assert_array_equal(found["mask"].mask, MASK)
    for answer in found.values():
        assert answer.map is not None
        np.testing.assert_array_equal(answer.map(), NUMBERS)
    record = found["numbers"].record
    expected = {"minimum": NUMBERS.min(), "mean": NUMBERS.mean(), "maximum": NUMBERS.max()}
    assert isinstance(record["map"], dict)
    for name, value in expected.items():
        np.testing.assert_allclose(record["map"][name], [value], rtol=1e-5)
    assert isinstance(record["shares"], dict)
    np.testing.assert_allclose(record["shares"]["leg"], NUMBERS.mean(), rtol=1e-5)


def test_nothing_else_that_is_said_of_a_band_is_lost() -> None:
    found = answers()
    assert found["mask"].record == {
        "bands": [
            {
                "rows": [first, last],
                "wires": last - first,
                "where": "here",
                "box": [1, first + 2, 5, first + 6],
                "boxes": [{"class": "car", "score": 0.5, "box": [0, first + 1, 2, first + 3]}],
            }
            for first, last in CUTS
        ]
    }
    assert found["numbers"].record["bands"] == [
        {
            "vector": [float(first), 0.5],
            "rows": [first, last],
            "peak": first,
            "classes": {"day": 0.25},
            "tags": {"rain": 0.75},
        }
        for first, last in CUTS
    ]


def test_points_stand_in_the_record_where_none_is_sure() -> None:
    summed = Summed(())
    assert "points" not in summed.record()
    summed.add(slice(0, 4), points_answer([]))
    assert summed.record() == {"points": []}
