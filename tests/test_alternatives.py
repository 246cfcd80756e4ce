"""Several values of one setting in one text."""

from __future__ import annotations

import pytest

from auxseg.alternatives import alternatives
from auxseg.errors import InputError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1", ["1"]),
        ("a.b=1, 2,x", ["1", "2", "x"]),
        ("a.b=[1, 2],[3]", ["[1, 2]", "[3]"]),
        ("a.b={c: 1, d: [2, 3]},none", ["{c: 1, d: [2, 3]}", "none"]),
        ("a.b=x=y", ["x=y"]),
    ],
)
def test_commas_in_brackets_divide_nothing(text: str, values: list[str]) -> None:
    assert alternatives(text, "--vary") == ("a.b", values)


@pytest.mark.parametrize("text", ["", "a", "=1", "a=", "a=1,,2", "a=1,"])
def test_what_is_no_key_with_values_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--vary .*: expected key=value,value,\.\.\., such as "):
        alternatives(text, "--vary")
