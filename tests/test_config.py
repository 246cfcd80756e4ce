"""Settings are values: complete, compared by what they hold, never changed, and without keys that nobody reads."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from auxseg.config import config


@config
class Inner:
    rate: Annotated[float, Field(gt=0)] = 0.5


@config
class Outer:
    name: str
    inner: Inner = dataclasses.field(default_factory=Inner)


def read(values: Any) -> Outer:
    return TypeAdapter(Outer).validate_python(values)


def test_plain_values_become_settings_of_settings() -> None:
    assert read({"name": "a", "inner": {"rate": 2}}) == Outer(name="a", inner=Inner(rate=2.0))
    assert read({"name": "a"}).inner.rate == 0.5


def test_values_that_hold_the_same_are_the_same() -> None:
    assert len({Outer(name="a"), Outer(name="a", inner=Inner()), Outer(name="b")}) == 2


@pytest.mark.parametrize(
    ("values", "place", "kind"),
    [
        ({"name": "a", "nmae": "b"}, ("nmae",), "unexpected_keyword_argument"),
        ({"name": "a", "inner": {"rtae": 1}}, ("inner", "rtae"), "unexpected_keyword_argument"),
        ({"name": "a", "inner": {"rate": 0}}, ("inner", "rate"), "greater_than"),
        ({}, ("name",), "missing"),
        ({"name": 3}, ("name",), "string_type"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(
    values: dict[str, Any], place: tuple[str, ...], kind: str
) -> None:
    with pytest.raises(ValidationError) as error:
        read(values)
    (found,) = error.value.errors()
    assert (found["loc"], found["type"]) == (place, kind)


def test_settings_are_given_by_name_and_never_changed() -> None:
    made: Any = Outer
    with pytest.raises(TypeError, match="positional"):
        made("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made(name="a").name = "b"
