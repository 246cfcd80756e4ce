"""The file that is meant is found by name or path, and one that is no recipe is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.presets import presets
from auxseg.recipe import load_recipe
from auxseg.recipe.files import read_recipe_file
from auxseg.records.values.size import Size


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"- a list", "expected a recipe as a mapping"),
        (b"a: [", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (b"", "mapping"),
    ],
)
def test_files_that_are_no_recipes(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected):
        load_recipe(path)


@pytest.mark.parametrize(
    "content",
    [
        "seed: 1\ntarget: a\nseed: 2\n",
        "a: 1\n\ntasks:\n  box: {kind: box}\n  segmentation: {kind: segmentation}\n  box: {kind: box}\n",
        "a: [{b: 1,\n  b: 2}]",
    ],
)
def test_keys_that_stand_twice_are_refused_with_their_lines(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        load_recipe(path)
    key = {"seed": ("seed", 1, 3), "a: 1": ("box", 4, 6), "a: [": ("b", 1, 2)}[content[:4]]
    expected = "{}: the key {!r} is given twice in one mapping, in lines {} and {}; give it once"
    assert str(error.value) == expected.format(path, *key)


def test_keys_of_different_mappings_may_be_alike(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(presets()["tiny-mtl"].read_text() + "data: &d {size: 32}\n")
    assert load_recipe(path).data.size == Size(32, 32)


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'tiny-mtl'"):
        load_recipe("tiny-mlt")
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe("nowhere.yaml")


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_is_called_by_its_name(name: str) -> None:
    values, origin = read_recipe_file(name)
    assert origin == name
    assert {"model", "tasks", "target"} <= set(values)


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_called_by_its_path(kind: Any, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_text("seed: 3\n")
    assert read_recipe_file(kind(path)) == ({"seed": 3}, str(path))


def test_a_preset_comes_before_a_file_of_its_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").write_text("seed: 3\n")
    (tmp_path / "tiny.yaml").write_text("seed: 4\n")
    assert "model" in read_recipe_file("tiny")[0]
    assert read_recipe_file("tiny.yaml") == ({"seed": 4}, "tiny.yaml")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "tinny",
            "tinny: neither a preset (did you mean 'tiny'?) nor a .yaml file; `auxseg presets` lists the presets",
        ),
        ("qqq", "qqq: neither a preset nor a .yaml file; `auxseg presets` lists the presets"),
        ("mine.json", "mine.json: neither a preset nor a .yaml file; `auxseg presets` lists the presets"),
        ("mine.YAML", "mine.YAML: neither a preset nor a .yaml file; `auxseg presets` lists the presets"),
        ("", "recipe: expected a path, as text or pathlib.Path, not ''"),
        (None, "recipe: expected a path, as text or pathlib.Path, not None"),
    ],
)
def test_what_is_neither_preset_nor_file_is_refused(name: Any, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        read_recipe_file(name)
    assert str(error.value) == sentence


def test_every_reading_gives_values_of_its_own() -> None:
    read_recipe_file("tiny")[0]["model"].clear()
    assert read_recipe_file("tiny")[0]["model"]
