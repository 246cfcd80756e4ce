"""The types of settings say what may stand where, through unions, annotations, mappings and lists."""

from __future__ import annotations

import typing
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from auxseg.config import config
from auxseg.recipe import Recipe
from auxseg.recipe.schema import fields, inner, members, settings_of_other_kinds, tags


@config
class Round:
    kind: Literal["round"] = "round"
    radius: Annotated[float, Field(gt=0)] = 1.0
    fill: str = ""


@config
class Square:
    kind: Literal["square", "block"] = "square"
    side: int = 2
    fill: str = ""


@config
class Plain:
    weight: int = 3


Shape = Annotated[Round | Square, Field(discriminator="kind")]


@config
class Drawing:
    shape: Shape
    parts: Annotated[dict[str, Shape], Field(min_length=1)]
    rows: tuple[Plain, ...] = ()
    size: Annotated[int, Field(ge=1)] | None = None


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, [int]),
        (int | None, [int, type(None)]),
        (Annotated[int, Field(ge=1)], [int]),
        (fields(Drawing)["size"], [int, type(None)]),
        (Shape, [Round, Square]),
        (Shape | Literal["none"], [Round, Square, Literal["none"]]),
        (dict[str, int] | None, [dict[str, int], type(None)]),
    ],
)
def test_unions_and_annotations_are_looked_through(annotation: Any, expected: list[Any]) -> None:
    assert members(annotation) == expected


def test_members_that_an_annotation_brings_take_the_place_of_the_type() -> None:
    """As the union of kinds of task does, which grows with plugins."""

    class Bringing:
        members = (Round, Plain)

    assert members(Annotated[Any, Bringing()]) == [Round, Plain]


def test_fields_have_their_types_with_bounds() -> None:
    assert list(fields(Round)) == ["kind", "radius", "fill"]
    plain, about = typing.get_args(fields(Round)["radius"])
    assert plain is float
    assert about.metadata[0].gt == 0


def test_tags_are_what_a_kind_may_be() -> None:
    assert (tags(Round), tags(Square), tags(Plain)) == (("round",), ("square", "block"), ())


@pytest.mark.parametrize(
    ("options", "key", "expected"),
    [
        ([Drawing], "shape", Shape),
        ([Round, Square], "side", int),
        ([Round, Square], "fill", str),
        ([Round, Square], "weight", None),
        ([dict[str, int]], "anything", int),
        ([type(None), dict[str, Shape]], "anything", Shape),
        ([tuple[Plain, ...]], "0", Plain),
        ([int], "x", None),
        ([], "x", None),
    ],
)
def test_what_stands_under_a_key_is_found(options: list[Any], key: str, expected: Any) -> None:
    assert inner(options, key) == expected


@pytest.mark.parametrize(
    ("keys", "kind", "expected"),
    [
        (["shape"], "square", {"radius"}),
        (["shape"], "block", {"radius"}),
        (["shape"], "round", {"side"}),
        (["shape"], "oval", set()),
        (["shape"], None, set()),
        (["parts", "a"], "round", {"side"}),
        (["rows", "0"], "round", set()),
        (["size"], 3, set()),
        (["gone", "deeper"], "round", set()),
    ],
)
def test_settings_of_other_kinds_are_those_that_the_chosen_one_lacks(
    keys: list[str], kind: Any, expected: set[str]
) -> None:
    assert settings_of_other_kinds(Drawing, keys, kind) == expected


def test_the_kinds_of_a_recipe_are_found_in_all_their_places() -> None:
    assert "weights" in settings_of_other_kinds(Recipe, ["balancer"], "equal")
    assert "grid" in settings_of_other_kinds(Recipe, ["tasks", "mine"], "edges")
    assert settings_of_other_kinds(Recipe, ["data"], "anything") == set()


def test_what_a_class_declares_of_itself_is_no_setting() -> None:
    @config
    class Declaring(Round):
        is_closed: ClassVar[bool] = True

    assert list(fields(Declaring)) == ["kind", "radius", "fill"]
