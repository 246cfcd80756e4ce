"""One image, two images."""

from __future__ import annotations

import pytest

from auxseg.counting import count


@pytest.mark.parametrize(("number", "expected"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")])
def test_a_number_agrees_with_its_noun(number: int, expected: str) -> None:
    assert count(number, "run") == expected
