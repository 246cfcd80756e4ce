"""What comes from Python is taken for what it plainly is, and refused with the argument's name otherwise."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.arguments import as_config, as_names, as_path, as_paths, plain, short_names, shown
from auxseg.config import config
from auxseg.errors import InputError


class Entry(os.PathLike):
    """As ``os.scandir`` gives them, with a path of any kind."""

    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path


@pytest.mark.parametrize("value", ["runs/a", Path("runs/a"), PurePosixPath("runs/a"), Entry("runs/a")])
def test_texts_and_paths_are_paths(value: object) -> None:
    path = as_path(value, "data")
    assert path == Path("runs/a")
    assert isinstance(path, Path)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", "''"),
        ("a\0b", r"'a\x00b'"),
        (b"runs/a", "a value of type bytes"),
        (Entry(b"runs/a"), "a value of type tests.test_arguments.Entry"),
        (3, "3"),
        (True, "True"),
        (None, "None"),
        (["runs/a"], "a value of type list"),
        ("\0" * 50, "a value of type str"),
    ],
)
def test_what_is_no_path_is_refused_with_name_expectation_and_finding(value: object, found: str) -> None:
    with pytest.raises(InputError) as error:
        as_path(value, "data")
    assert str(error.value) == f"data: expected a path, as text or pathlib.Path, not {found}"


def test_one_path_or_several_are_a_list_of_paths() -> None:
    assert as_paths("a", "runs") == as_paths(Path("a"), "runs") == [Path("a")]
    assert as_paths(["a", Path("b")], "runs") == as_paths(("a", Path("b")), "runs") == [Path("a"), Path("b")]
    assert as_paths([], "runs") == []


@pytest.mark.parametrize("value", [["a", None], ("a", ""), [["a"]], None, {"a"}])
def test_no_path_among_several_is_passed_over(value: object) -> None:
    with pytest.raises(InputError, match=r"^runs: expected a path, as text or pathlib\.Path, not "):
        as_paths(value, "runs")


@pytest.mark.parametrize("value", [["box", "edges"], ("box", "edges")])
def test_several_names_keep_their_order(value: object) -> None:
    assert as_names(value, "auxiliaries") == ("box", "edges")
    assert as_names([], "auxiliaries") == ()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("box", "'box'"),
        (["box", 1], "a value of type list"),
        ({"box": 1}, "a value of type dict"),
        (None, "None"),
        (iter(["box"]), "a value of type list_iterator"),
    ],
)
def test_a_single_text_is_not_taken_for_its_letters(value: object, found: str) -> None:
    with pytest.raises(InputError) as error:
        as_names(value, "auxiliaries")
    assert str(error.value) == f'auxiliaries: expected a list of names, such as ["box", "edges"], not {found}'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (0.25, "0.25"),
        (False, "False"),
        ("x" * 37, repr("x" * 37)),
        ("x" * 38, "a value of type str"),
        (10**38, str(10**38)),
        (10**39, "a value of type int"),
        ([], "a value of type list"),
        (Path("a"), f"a value of type {Path.__module__}.{type(Path('a')).__qualname__}"),
    ],
)
def test_a_value_is_shown_if_it_is_short_and_by_its_type_otherwise(value: object, words: str) -> None:
    assert shown(value) == words


@config
class Size:
    """Some settings."""

    steps: int = 1
    rate: float = 1.0
    small: bool = False
    name: str = ""
    sides: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"steps": 8.0, "rate": 2}, Size(steps=8, rate=2.0)),
        ({"rate": 0.1 + 0.2}, Size(rate=0.1 + 0.2)),
        (
            {"steps": 10**15, "small": True, "name": "ü", "sides": [1, 2.0]},
            Size(steps=10**15, small=True, name="ü", sides=(1, 2)),
        ),
    ],
)
def test_plain_values_become_settings_without_a_loss(values: dict[str, object], expected: Size) -> None:
    assert as_config(TypeAdapter(Size), plain(values, "mine")) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("steps", True),
        ("steps", "3"),
        ("steps", 2.5),
        ("rate", True),
        ("rate", "0.1"),
        ("small", 1),
        ("small", 0.0),
        ("small", "yes"),
        ("name", 3),
        ("sides", [True]),
        ("sides", "12"),
        ("stepz", 3),
    ],
)
def test_no_value_is_taken_for_one_of_another_type(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        as_config(TypeAdapter(Size), plain({key: value}, "mine"))


def test_names_are_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    one, two, net = (tmp_path / name for name in ("a/run", "b/run", "net.onnx"))
    assert short_names([one]) == ["run"]
    assert short_names([one, tmp_path / "c/../d/other"]) == ["run", "other"]
    assert short_names([one, two]) == ["a/run", "b/run"]
    assert short_names([one, net]) == ["run", "net.onnx"]
    assert short_names([one, net], (".onnx",)) == ["run", "net"]
    assert short_names([net, tmp_path / "net"], (".onnx",)) == ["net.onnx", "net"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(8), 8),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([1, 2]), [1, 2]),
        (np.array(1.5), 1.5),
        (np.array(["a", None], object), ["a", None]),
        (range(5, 15, 5), [5, 10]),
        ({10, 9}, [9, 10]),
        (frozenset({"edges", "box"}), ["box", "edges"]),
        (Size(steps=2, sides=(1,)), {"steps": 2, "rate": 1, "small": False, "name": "", "sides": [1]}),
        ((Size().sides, {"a": np.int8(1)}), [[], {"a": 1}]),
    ],
)
def test_what_python_has_beside_yaml_becomes_plain(value: object, expected: object) -> None:
    found = plain({"key": value}, "mine")["key"]
    assert found == expected
    assert json.loads(json.dumps(found)) == expected
    assert type(found) is type(expected)


def _endless() -> list[object]:
    values: list[object] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"model": {"weights": Path("a")}},
            "mine: model.weights: expected a text, a number, true, false, null, a list",
        ),
        ({"tasks": [1, {"a": 1j}]}, "mine: tasks.1.a: expected a text"),
        ({"rate": np.datetime64("2020-01-01")}, "mine: rate: expected a text"),
        ({"rate": np.longdouble(1)}, "mine: rate: expected a text"),
        ({"small": Size}, "mine: small: expected a text"),
        ({"sides": iter([1])}, "mine: sides: expected a text"),
        ({3: 1}, "mine: expected a text as key, found 3"),
        ({"weights": {"a": {None: 1}}}, "mine: weights.a: expected a text as key, found None"),
        ({"name": "\ud800"}, "mine: name: a text holds an invalid character"),
        ({"steps": 10**5000}, "mine: steps: a number of more than 40 digits"),
        ({"name": _endless()}, "nested deeper than 40 levels"),
    ],
)
def test_what_no_yaml_could_hold_is_named(values: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError) as error:
        plain(values, "mine")
    assert expected in str(error.value)
    assert str(error.value).startswith("mine: ")
    assert len(str(error.value)) < 400
