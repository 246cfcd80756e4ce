from __future__ import annotations

import math

import pytest

from auxseg.cli.deploy.serve import Serve
from auxseg.deploy.serving.limits import Limits, limits_of
from auxseg.errors import InputError

USUAL = {"megabytes": 25.0, "megapixels": 50.0, "seconds": 60.0, "waiting": 16}


def test_the_limits_that_hold_unless_told_otherwise() -> None:
    command = Serve(models=())
    told = limits_of(command.max_megabytes, command.max_megapixels, command.timeout, command.queue)
    assert told == Limits()
    assert (told.bytes, told.pixels, told.waiting) == (25_000_000, 50_000_000, 16)


@pytest.mark.parametrize(("setting", "most"), [("megabytes", "1000"), ("megapixels", "100"), ("seconds", "86400")])
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, -math.inf, math.nan, 1e306])
def test_limits_that_are_no_limits_are_refused(setting: str, value: float, most: str) -> None:
    option = {"megabytes": "--max-megabytes", "megapixels": "--max-megapixels", "seconds": "--timeout"}[setting]
    with pytest.raises(InputError) as caught:
        limits_of(**{**USUAL, setting: value})  # pyright: ignore[reportArgumentType]
    assert str(caught.value) == f"{option} {value:g}: expected a number above 0, at most {most}"


def test_a_queue_of_less_than_nobody_is_refused() -> None:
    with pytest.raises(InputError, match=r"^--queue -1: expected 0 or more waiting requests$"):
        limits_of(**{**USUAL, "waiting": -1})  # pyright: ignore[reportArgumentType]


def test_what_is_almost_nothing_is_still_a_limit() -> None:
    limits = limits_of(1e-9, 1e-9, 1e-9, 0)
    assert (limits.bytes, limits.pixels, limits.seconds, limits.waiting) == (1, 1, 1e-9, 0)


@pytest.mark.parametrize(("waiting", "requests"), [(0, 128), (64, 128), (65, 130), (1000, 2000)])
def test_all_that_may_wait_may_be_open(waiting: int, requests: int) -> None:
    assert limits_of(25, 50, 60, waiting).requests == requests


@pytest.mark.parametrize(("seconds", "upload_seconds"), [(5.0, 60.0), (600.0, 600.0)])
def test_an_upload_may_take_as_long_as_an_answer(seconds: float, upload_seconds: float) -> None:
    assert limits_of(25, 50, seconds, 16).upload_seconds == upload_seconds
