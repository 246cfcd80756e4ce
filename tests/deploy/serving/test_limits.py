from __future__ import annotations

import pytest

from auxseg.deploy.serving.limits import Limits
from auxseg.errors import InputError


def test_the_limits_that_hold_unless_told_otherwise() -> None:
    limits = Limits()
    assert (limits.bytes, limits.pixels, limits.waiting) == (25_000_000, 50_000_000, 16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bytes": 0}, "the limit of bytes should be above 0, not 0"),
        ({"pixels": -1}, "the limit of pixels should be above 0"),
        ({"seconds": 0.0}, "the limit of seconds"),
        ({"seconds": float("nan")}, "the limit of seconds"),
        ({"waiting": -1}, "--queue -1: expected 0 or more"),
        ({"pixels": 200_000_000}, "--max-megapixels 200: expected at most 100"),
    ],
)
def test_limits_that_let_nothing_through_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Limits(**settings)  # pyright: ignore[reportArgumentType]
