"""Times as people type them."""

from __future__ import annotations

import pytest

from auxseg.cli.study.durations import duration, said
from auxseg.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45min", 2700), ("2h", 7200), ("1h30m", 5400), ("90 s", 90), ("1.5 H", 5400), ("1d", 86400), ("20 min", 1200)],
)
def test_units_may_be_combined(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "two hours", "-2h", "0min", "2h!", "2 h and", "1e9h", "99999d", "2x"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--budget .*: expected a time such as 45min, 2h or 1h30m$"):
        duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.4, "12 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7200, "2.0 h")]
)
def test_times_are_said_in_one_unit(seconds: float, text: str) -> None:
    assert said(seconds) == text
