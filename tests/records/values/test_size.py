"""A size is written as one number or two, and read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.records.values.reading import parse_json
from auxseg.records.values.size import MAX_SIDE, Sides, Size, as_size
from auxseg.records.values.writing import to_mapping

sides = st.integers(1, 4096)
sizes = st.one_of(st.builds(Size, sides, sides), st.builds(Size.of, sides))


@dataclass(frozen=True)
class Kept:
    size: Size


@given(sizes)
def test_a_size_comes_back(size: Size) -> None:
    assert Size.of(size) == Size.of((size.height, size.width)) == size
    assert as_size(str(size), "--size") == size
    assert Size.read(size.to_json()) == size
    content = json.dumps(to_mapping(Kept(size))).encode()
    assert parse_json(content, Kept, "file") == Kept(size)
    adapter = TypeAdapter(Size)
    assert adapter.validate_python(adapter.dump_python(size, mode="json")) == size


def test_a_square_is_written_as_one_number() -> None:
    assert (str(Size.of(64)), Size.of(64).to_json(), Size.of((64, 64)).to_json()) == ("64", 64, 64)
    assert (str(Size(48, 64)), Size(48, 64).to_json()) == ("48x64", [48, 64])
    assert Size.of(64).in_pixels() == "64 x 64 pixels"
    assert Size(48, 64).in_pixels() == "48 x 64 pixels (height x width)"


@pytest.mark.parametrize(
    "value",
    ["", "x", "288x", "x288", "288x384x3", "-5", "-5x5", "4.5", "1e3", "0x", "288 x 384", "288X384", "٣x٣", "9" * 16],
)
def test_other_text_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"--size .*expected a whole number of pixels, or height and width"):
        as_size(value, "--size")


@pytest.mark.parametrize("value", [True, None, 4.0, -1, [], [4], [4, 4, 4], [4, "4"], [4, -1], {"height": 4}, 2**60])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a whole number of pixels, or height and width"):
        Size.read(value)
    if value is not None:
        with pytest.raises(InputError, match=r"file: size is .*: expected a whole number of pixels"):
            parse_json(json.dumps({"size": value}).encode(), Kept, "file")


def test_text_stands_for_no_number_in_a_file() -> None:
    with pytest.raises(InputError, match="file: size is '64': expected a whole number of pixels"):
        parse_json(b'{"size": "64"}', Kept, "file")


def test_bounds_hold_for_both_sides() -> None:
    adapter: TypeAdapter[Size] = TypeAdapter(Annotated[Size, Sides(ge=16, le=2048)])
    assert adapter.validate_python([16, 2048]) == Size(16, 2048)
    for value, expected in (([15, 64], "at least 16"), ([64, 2049], "at most 2048"), (0, "at least 16")):
        with pytest.raises(ValidationError, match=f"expected {expected} pixels a side"):
            adapter.validate_python(value)


@given(sizes, sizes)
def test_one_covers_another_on_both_axes(one: Size, other: Size) -> None:
    assert one.covers(other) == (one.height >= other.height and one.width >= other.width)
    assert one.covers(one)


@given(sizes, st.integers(1, 512))
def test_a_resized_one_keeps_its_shape(size: Size, longer: int) -> None:
    resized = size.resized(longer)
    assert resized.longer == longer
    assert abs(resized.shorter - size.shorter * longer / size.longer) <= 1
    assert (resized.height > resized.width) <= (size.height > size.width)


def test_a_range_names_each_side_by_itself() -> None:
    assert Size.of(64).up_to(Size.of(64)) == "64 px"
    assert Size(48, 64).up_to(Size(48, 64)) == "48x64 px"
    assert Size(40, 128).up_to(Size(96, 150)) == "40 to 96 px high and 128 to 150 px wide"
    assert Size(40, 128).up_to(Size(40, 150)) == "40 px high and 128 to 150 px wide"


def test_what_can_be_read_is_bounded() -> None:
    assert Size.read(MAX_SIDE) == Size.of(MAX_SIDE)
    with pytest.raises(ValueError, match="expected"):
        Size.read(MAX_SIDE + 1)
