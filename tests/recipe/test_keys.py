"""Every key that ``--set`` takes is listed once, with its type, default and meaning in words."""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import field
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from auxseg.config import config
from auxseg.recipe import Recipe, load_recipe
from auxseg.recipe.keys import Setting, settings_of

SETTINGS = settings_of(Recipe)


def _named(key: str, kind: str | None = None) -> Setting:
    (found,) = [each for each in SETTINGS if each.key == key and (kind is None or kind in each.kinds)]
    return found


def test_every_setting_says_what_it_means() -> None:
    assert [each.key for each in SETTINGS if not each.meaning] == []
    assert [each.key for each in SETTINGS if not each.type] == []


def test_type_default_and_meaning_are_those_of_the_class() -> None:
    assert _named("training.batch").type == "integer from 1 to 65536"
    assert _named("training.batch").default == "16"
    assert "samples of one optimiser step" in _named("training.batch").meaning
    assert _named("training.steps").type == "integer from 1 to 1000000000 | null"
    assert _named("training.optimizer.rate", "sgd").default == "0.05"
    assert _named("training.optimizer.kind").type == "adam | adamw | sgd"
    assert _named("training.optimizer.kind").default == "adamw"
    assert _named("balancer.weights.NAME", "fixed").type == "number from 0"
    assert _named("tasks.NAME.class_weights").type == "balanced | null"
    assert _named("tasks.NAME.class_weights.NAME").type == "number from 0"
    assert _named("data.augment.hue").meaning.startswith("largest turn of the hue")
    assert _named("model.encoder.kind").default == "none, must be given"


@pytest.mark.parametrize(
    ("key", "value"), [("training.steps", 3), ("data.augment.hue", 0.1), ("model.width", 0.5), ("seed", 4)]
)
def test_a_key_that_is_listed_can_be_set(key: str, value: float) -> None:
    assert _named(key).meaning
    recipe = load_recipe("tiny-mtl", [f"{key}={value}"])
    assert operator.attrgetter(key)(recipe) == value


def test_the_same_setting_of_several_kinds_is_listed_once() -> None:
    places = [(each.key, each.type, each.default, each.meaning) for each in SETTINGS]
    assert len(set(places)) == len(places)


@config
class Round:
    """A round thing: without corners. More is not said."""

    kind: Literal["round"] = "round"
    fill: str = "red"
    radius: Annotated[float, Field(gt=0, lt=2)] = 1.0


@config
class Square:
    """A thing with corners.

    Attributes:
        side: how long it is, in
            several units.
        fill: what is in it.
    """

    kind: Literal["square"] = "square"
    fill: str = "red"
    side: Annotated[int, Field(ge=1, le=9)] = 2


@config
class Row:
    """``weight`` counts. Another sentence."""

    weight: int = 3


@config
class Drawing:
    """What is drawn: ``shape`` says what, ``names`` how it is called. ``row`` holds `Row` values; they are few.

    ``flag`` and ``mode`` are choices.
    """

    shape: Annotated[Round | Square, Field(discriminator="kind")] = field(default_factory=Square)
    parts: dict[str, Annotated[float, Field(ge=0)]] = field(default_factory=dict)
    names: tuple[str, ...] = ("a", "b")
    row: Row = field(default_factory=Row)
    rows: tuple[Row, ...] = ()
    flag: bool = True
    mode: Literal["fast", "slow"] | None = None
    must: int | str
    rate: float = 3.0
    limits: tuple[float, float] = (0.5, 2.0)


FOUND = {(each.key, each.kinds): each for each in settings_of(Drawing)}


@pytest.mark.parametrize(
    ("key", "kinds", "type", "default"),
    [
        ("shape.kind", (), "round | square", "square"),
        ("shape.fill", ("round",), "text", "red"),
        ("shape.radius", ("round",), "number above 0 below 2", "1"),
        ("shape.side", ("square",), "integer from 1 to 9", "2"),
        ("parts.NAME", (), "number from 0", "nothing"),
        ("names", (), "list of text", "[a, b]"),
        ("row.weight", (), "integer", "3"),
        ("rows", (), "list of {weight}", "[]"),
        ("flag", (), "true | false", "true"),
        ("mode", (), "fast | slow | null", "null"),
        ("must", (), "integer | text", "none, must be given"),
        ("rate", (), "number", "3"),
        ("limits", (), "list of number", "[0.5, 2]"),
    ],
)
def test_types_and_defaults_are_said_as_yaml_has_them(
    key: str, kinds: tuple[str, ...], type: str, default: str
) -> None:
    found = FOUND[key, kinds]
    assert (found.type, found.default) == (type, default)


@pytest.mark.parametrize(
    ("key", "kinds", "meaning"),
    [
        ("shape.kind", (), "What is drawn: shape says what, names how it is called."),
        ("names", (), "What is drawn: shape says what, names how it is called."),
        ("flag", (), "flag and mode are choices."),
        ("row.weight", (), "weight counts."),
        ("shape.side", ("square",), "how long it is, in several units."),
        ("shape.fill", ("square",), "what is in it."),
        ("shape.radius", ("round",), ""),
    ],
)
def test_meanings_are_the_sentences_of_the_class_that_name_the_field(
    key: str, kinds: tuple[str, ...], meaning: str
) -> None:
    assert FOUND[key, kinds].meaning == meaning


def test_settings_stand_in_the_order_of_the_fields() -> None:
    keys = list(dict.fromkeys(each.key for each in settings_of(Drawing)))
    assert keys == [
        *("shape.kind", "shape.fill", "shape.radius", "shape.side", "parts.NAME", "names", "row.weight", "rows"),
        *("flag", "mode", "must", "rate", "limits"),
    ]


def test_kinds_that_mean_the_same_by_a_setting_share_it() -> None:
    @config
    class Other:
        """``wide`` is how wide."""

        kind: Literal["other"] = "other"
        wide: int = 2

    @config
    class Third:
        """``wide`` is how wide."""

        kind: Literal["third", "fourth"] = "third"
        wide: int = 2

    both: Any = dataclasses.make_dataclass("Both", [("thing", Other | Third)])
    found = settings_of(both)
    assert [(each.key, each.kinds) for each in found] == [
        ("thing.kind", ()),
        ("thing.wide", ("other", "third", "fourth")),
    ]
    assert found[0].type == "other | third | fourth"
    assert found[0].meaning == "other: wide is how wide; third: wide is how wide; fourth: wide is how wide"
