"""One image, two images."""

from __future__ import annotations

import pytest

from auxseg.counting import count, in_points


@pytest.mark.parametrize(("number", "expected"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")])
def test_a_number_agrees_with_its_noun(number: int, expected: str) -> None:
    assert count(number, "run") == expected


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.01, "1 point"), (0.013, "1.3 points"), (0.0104, "1 point"), (0.2, "20 points"), (0, "0 points")],
)
def test_differences_of_shares_are_said_in_points(share: float, text: str) -> None:
    assert in_points(share) == text
