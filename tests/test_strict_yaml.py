"""Reading YAML: nothing in it costs more than it is long, and whatever it says is a value or one sentence."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.presets import presets
from auxseg.recipe import load_recipe
from auxseg.strict_yaml import MAX_BYTES, RefusedYAMLError, parse_mapping, read_mapping, read_yaml, write_yaml
from auxseg.study.design.config import read_study

STUDY: Final = """base: tiny-mtl
auxiliaries: [classification, box]
seeds: 5
design: all-but-one
controls: [noise]
label_fractions: [0.1, 1.0]
margin: 0.005
looks: 2
weights: {box: 0.5}
settings: [training.steps=600, data.size=64]
"""
NASTY: Final = (
    "1.0e+30", "1e9", "999999999999", "-1", "0", ".inf", "-.inf", ".nan", "null", "~", "[]", "{}", "true", "off",
    "''", "x", "[[[[]]]]", "{a: {b: {c: d}}}", "2020-13-45", "2020-01-01", "!!binary aGVsbG8=", "!!set {a}", "*a",
    "&a [*a]", "!!python/object:os.system x", '"\\ud800"', '"\\0"', '"\\U00110000"', "0x" + "f" * 60, "9" * 5000,
    "1:2:3", "%x", "@", "|", "? a", "<<", "=", "[1000000000]", "[8192, 8192, 8192, 8192, 8192, 8192, 8192]", "tiny",
    "../..", "\t", "- a",
)  # fmt: skip


def _bomb() -> str:
    """A kilobyte that stands for a thousand million values."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 10)]
    return "\n".join([*lines, "seed: *a9"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_bomb(), "more than 20,000 values, counting those that aliases repeat"),
        ("a: &a {b: *a}", "an alias repeats itself"),
        ("a: " + "[" * 100_000, "nested deeper than 40 levels"),
        ("a: " + "{b: " * 1000, "nested deeper than 40 levels"),
        ("a: [" + "1," * 100_000 + "]", "more than 20,000 values"),
        ("a: " + "9" * 100_000, "a number of 100,000 digits"),
        ("a: 0x" + "f" * 100_000, "a number of 100,002 digits"),
        ("a: " + "x" * 100_000, "a text of 100,000 characters"),
        ("a: !!binary aGVsbG8=", "not YAML (could not determine a constructor for the tag"),
        ("a: !!timestamp 2020-01-01", "not YAML (could not determine a constructor for the tag"),
        ("a: !!int ''", "not YAML (a value cannot be read"),
        ("a: !!bool perhaps", "not YAML (a value cannot be read"),
        ('a: "\\ud800"', "a text holds an invalid character"),
        ('a: "\\0"', "a text holds an invalid character"),
        ('a: "\\U00110000"', "not YAML (a value cannot be read"),
        ("a\0: 1", "not YAML"),
        ("no: 1", "line 1: expected a text as key, found 'no'; put it in quotes"),
        ("? [a]\n: 1", "line 1: expected a text as key, found a list or mapping"),
        ("a: 1\n---\nb: 1", "not YAML"),
        ("b: &b {x: 1, x: 2}", "the key 'x' is given twice in one mapping, in lines 1 and 1"),
        ("x" * (MAX_BYTES + 1), "at most 262,144 are read"),
    ],
)
def test_what_would_cost_or_lose_something_is_one_sentence(text: str, expected: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InputError) as error:
        parse_mapping(text, "mine.yaml", "recipe")
    assert expected in str(error.value)
    assert str(error.value).startswith("mine.yaml: ")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000
    assert time.perf_counter() - started < 10


def test_a_date_is_the_text_that_was_written() -> None:
    assert parse_mapping("a: 2020-13-45\nb: 2020-01-01", "x", "recipe") == {"a": "2020-13-45", "b": "2020-01-01"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("-2E+2", -200.0), ("1.5e3", 1500.0), ("e3", "e3"), ("1e", "1e"), ("1e3x", "1e3x")],
)
def test_a_number_with_an_exponent_needs_no_dot(text: str, value: object) -> None:
    found = read_yaml(text)
    assert found == value
    assert type(found) is type(value)


_TEXTS = st.sampled_from(
    [
        "1e-3",
        "1e5",
        "-.5E+2",
        "1.e3",
        "1_000",
        "0x1F",
        "1:30",
        "2020-01-01",
        "no",
        "~",
        "=",
        "<<",
        "",
        " a ",
        "- a",
        "a: b",
    ]
) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4), st.booleans())
def test_what_is_written_is_read_back(values: dict[str, object], allow_unicode: bool) -> None:
    text = write_yaml(values, allow_unicode=allow_unicode)
    assert repr(read_yaml(text)) == repr(values)


@pytest.mark.parametrize("name", ["1e-3", "1e5", "-2E+2", "5."])
def test_a_name_that_looks_like_a_number_stays_a_name(name: str) -> None:
    assert read_yaml(write_yaml({name: [name]})) == {name: [name]}
    assert yaml.safe_load(write_yaml({name: name})) == {name: name}


def test_aliases_within_the_bounds_are_read_as_ever() -> None:
    text = "base: &base {x: 1, y: 2}\nmore: {<<: *base, y: 3}\nlist: [*base, *base]"
    assert parse_mapping(text, "x", "recipe") == yaml.safe_load(text)


@pytest.mark.parametrize("name", sorted(presets()))
def test_presets_read_as_by_yaml_itself(name: str) -> None:
    assert read_mapping(presets()[name], "recipe") == yaml.safe_load(presets()[name].read_text())


def test_whole_numbers_are_keys_where_they_are_asked_for() -> None:
    assert read_yaml("names: {0: a, 10: b, c: d, '7': e}", whole_number_keys=True) == {
        "names": {0: "a", 10: "b", "c": "d", "7": "e"}
    }
    with pytest.raises(RefusedYAMLError, match="expected a text as key, found '0'"):
        read_yaml("{0: a}")


@pytest.mark.parametrize("key", ["1.5", "-1", "01", "0x1", "1_0", "+1", "true", "null", "[a]", "1" * 10])
def test_no_other_keys_are_taken_with_whole_numbers(key: str) -> None:
    with pytest.raises(RefusedYAMLError, match="expected a text as key"):
        read_yaml(f"{{{key}: a}}", whole_number_keys=True)
    with pytest.raises(RefusedYAMLError, match="the key '1' is given twice"):
        read_yaml("{1: a, '1': b}", whole_number_keys=True)


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="larger than 256 KiB"):
        read_mapping(large, "recipe")
    with pytest.raises(InputError, match="cannot be read \\(it is not a file\\)"):
        read_mapping(Path("/dev/zero"), "recipe")
    with pytest.raises(InputError, match="cannot be read \\(it is not a file\\)"):
        read_mapping(tmp_path, "recipe")


def _mutated(text: str, draw: random.Random) -> bytes:
    """One small thing changed, in a line, a value, or the bytes."""
    lines = text.splitlines()
    number = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:  # another value behind a key
            key, colon, _ = lines[number].partition(":")
            lines[number] = f"{key}{colon} {draw.choice(NASTY)}"
        case 1:  # another value inside of a line
            parts = lines[number].split(" ")
            parts[draw.randrange(len(parts))] = draw.choice(NASTY)
            lines[number] = " ".join(parts)
        case 2:
            lines.insert(draw.randrange(len(lines)), lines[number])
        case 3:
            del lines[number]
        case 4:
            lines[number] = " " * draw.randrange(6) + lines[number].lstrip()
        case _:
            content = bytearray("\n".join(lines).encode())
            for _ in range(draw.randrange(1, 4)):
                content[draw.randrange(len(content))] = draw.randrange(256)
            return bytes(content[: draw.choice((len(content), draw.randrange(len(content))))])
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("text", "read", "number"),
    [(presets()["tiny-mtl"].read_text(), load_recipe, 150), (STUDY, read_study, 250)],
    ids=["recipe", "study"],
)
def test_damaged_files_are_read_or_refused(text: str, read: Callable[[Path], Any], number: int, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    refused = 0
    for seed in range(number):
        path.write_bytes(_mutated(text, random.Random(seed)))
        started = time.perf_counter()
        try:
            read(path)
        except InputError:
            refused += 1
        assert time.perf_counter() - started < 10, seed
    assert 0.3 * number < refused < number
