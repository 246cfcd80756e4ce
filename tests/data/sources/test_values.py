"""Values of foreign files mean what they say, or are refused with key, expectation and finding."""

from __future__ import annotations

from typing import Any

import pytest

from auxseg.data.sources.values import BadValue, flag, integer, number, text

BIG = 10**400


@pytest.mark.parametrize("value", [3, 3.0, "3", " 3 ", "3.0", "3e0"])
def test_whole_numbers_are_read(value):
    assert integer(value, "id") == 3
    assert type(integer(value, "id")) is int


@pytest.mark.parametrize(
    "value",
    [
        3.5,
        "3.5",
        "three",
        "",
        True,
        None,
        [3],
        float("inf"),
        float("nan"),
        "1_0",
        "٣",
        2**53 + 1,
        BIG,
        "9" * 50,
        str(2**53 + 1),
    ],
)
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(BadValue, match=r"^id should be a whole number.*, not "):
        integer(value, "id")


@pytest.mark.parametrize(("value", "expected"), [(2.5, 2.5), (3, 3.0), ("2.5", 2.5), ("-1e2", -100.0), (".5", 0.5)])
def test_numbers_are_read(value, expected):
    assert number(value, "x") == expected


@pytest.mark.parametrize("value", ["nan", "inf", float("nan"), float("-inf"), BIG, "1e999", "1,5", False, None, {}])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(BadValue, match=r"^x should be a finite number, not "):
        number(value, "x")


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "False"])
def test_no_is_no(value):
    assert flag(value, "iscrowd") is False


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", "TRUE"])
def test_yes_is_yes(value):
    assert flag(value, "iscrowd") is True


@pytest.mark.parametrize("value", ["", "no", 2, -1, None, [], float("nan")])
def test_what_is_neither_yes_nor_no_is_refused(value):
    with pytest.raises(BadValue, match=r"^iscrowd should be true or false \(1 or 0\), not "):
        flag(value, "iscrowd")


@pytest.mark.parametrize(("value", "expected"), [("a cat", "a cat"), (7, "7"), (7.0, "7")])
def test_texts_are_read(value, expected):
    assert text(value, "name") == expected


@pytest.mark.parametrize("value", ["", "  ", None, True, 1.5, ["a"], "a\0b", "\ud800", BIG])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(BadValue, match=r"^name should be "):
        text(value, "name")


def test_errors_stay_short_and_plain():
    value: Any
    for value in ("\x1b[31m" + "x" * 1000, BIG, list(range(1000)), b"x" * 1000):
        with pytest.raises(BadValue) as caught:
            number(value, "key")
        assert len(str(caught.value)) < 100
        assert str(caught.value).isprintable()
