"""Typed values as JSON: fields in their order, defaults left out where they may be, and no number that is none."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.records.values.reading import read_json
from auxseg.records.values.writing import OMITTED, to_json, to_mapping, write_json


@dataclass(frozen=True)
class Part:
    name: str
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Whole:
    last: str = field(default="", metadata=OMITTED)
    first: Part | None = None
    others: tuple[Part, ...] = field(default=(), metadata=OMITTED)
    number: int | None = field(default=None, metadata=OMITTED)
    is_there: bool = field(default=False, metadata=OMITTED)
    shares: Mapping[str, float] = field(default_factory=dict, metadata=OMITTED)


def test_keys_are_fields_in_their_order() -> None:
    whole = Whole(first=Part("a", (1.0, None)), last="z", others=(Part("b"),), number=0, is_there=True)
    assert json.dumps(to_mapping(whole)) == (
        '{"last": "z", "first": {"name": "a", "values": [1.0, null]}, "others": [{"name": "b", "values": []}], '
        '"number": 0, "is_there": true}'
    )


def test_a_default_is_left_out_only_where_a_field_says_so() -> None:
    assert to_mapping(Whole()) == {"first": None}
    assert to_mapping(Whole(shares={"pole": 0.5})) == {"first": None, "shares": {"pole": 0.5}}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(number: float) -> None:
    assert to_json({"a": [number, 1.5], 3: number}) == {"a": [None, 1.5], "3": None}


def test_what_no_file_holds_is_refused() -> None:
    with pytest.raises(AssertionError, match="files cannot hold a"):
        to_json({"a": Path("x")})


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_plain_values_stay_what_they_are(value: object) -> None:
    assert to_json(value) == value


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    whole = Whole(first=Part("a", (1.0, None)), others=(Part("b"),), number=7, is_there=True)
    write_json(tmp_path / "whole.json", whole)
    assert read_json(tmp_path / "whole.json", Whole) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["whole.json"]
