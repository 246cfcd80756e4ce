"""What a model file says of itself comes back, and what no run wrote is refused with the key."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.records.values.size import Size
from auxseg.run.model_file import ModelFacts
from auxseg.version import __version__

PATH = Path("best.safetensors")
VOCABULARY = Vocabulary(Size.of(32), ("background", "cat"), {"breed": ("Bengal", "pug")}, counts={"breed": (3, 1)})


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("tiny", ["training.steps=7"])


@pytest.fixture
def facts(recipe: Recipe) -> ModelFacts:
    return ModelFacts(recipe, VOCABULARY, 7, {"segmentation": 20}, "abc123")


def test_everything_comes_back(facts: ModelFacts) -> None:
    metadata = facts.pack(0.1 + 0.2)
    assert all(isinstance(value, str) for value in metadata.values())
    assert (metadata["format"], metadata["auxseg"], metadata["step"]) == ("1", __version__, "7")
    assert float(metadata["validation_figure"]) == 0.1 + 0.2  # to the last digit
    assert ModelFacts.unpack(metadata, PATH) == facts


def test_what_older_versions_did_not_write_is_unknown(facts: ModelFacts) -> None:
    old = dataclasses.replace(facts, labelled=None, data=None)
    metadata = old.pack(None)
    assert metadata["validation_figure"] == ""
    assert not {"labelled", "data"} & metadata.keys()
    assert ModelFacts.unpack(metadata, PATH) == old


def test_what_a_newer_version_wrote_is_passed_over(facts: ModelFacts) -> None:
    assert ModelFacts.unpack({**facts.pack(0.5), "mood": "good"}, PATH) == facts


@pytest.mark.parametrize("metadata", [{}, {"format": "2"}, {"format": 1}])
def test_a_file_of_another_format_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^best\.safetensors: not a model file that this version of auxseg can read$"):
        ModelFacts.unpack(metadata, PATH)


@pytest.mark.parametrize("key", ["recipe", "vocabulary", "step"])
def test_a_missing_text_is_named(key: str, facts: ModelFacts) -> None:
    metadata = facts.pack(0.5)
    del metadata[key]
    with pytest.raises(InputError, match=f"expected metadata named {key}, found none; it is not a model file of a"):
        ModelFacts.unpack(metadata, PATH)


@pytest.mark.parametrize("step", ["", "-1", "7.0", "1e3", "²", "٣", " 7", "9" * 16, "x" * 100])
def test_a_step_is_a_whole_number(step: str, facts: ModelFacts) -> None:
    with pytest.raises(InputError, match=r"best\.safetensors: its step should be a whole number, found '") as refused:
        ModelFacts.unpack({**facts.pack(0.5), "step": step}, PATH)
    assert len(str(refused.value)) < 120


def test_the_largest_step_is_one(facts: ModelFacts) -> None:
    assert ModelFacts.unpack({**facts.pack(0.5), "step": "9" * 15}, PATH).step == 10**15 - 1


@pytest.mark.parametrize(
    ("recipe_text", "message"),
    [
        ("tasks: [", "its recipe is not YAML"),
        ("a: 1\na: 2", "its recipe is not YAML"),
        ("- a\n- b", "its recipe should be a mapping of keys to values, found list"),
        ("3", "its recipe should be a mapping of keys to values, found int"),
        ("1: a", "its recipe is not YAML .*expected a text as key, found '1'"),
        ("target: mask", r"best\.safetensors"),
    ],
)
def test_a_recipe_that_is_none_is_refused(recipe_text: str, message: str, facts: ModelFacts) -> None:
    with pytest.raises(InputError, match=message):
        ModelFacts.unpack({**facts.pack(0.5), "recipe": recipe_text}, PATH)


@pytest.mark.parametrize("key", ["recipe", "vocabulary"])
def test_a_text_that_is_too_long_is_not_read(key: str, facts: ModelFacts) -> None:
    with pytest.raises(InputError, match=f"its metadata {key} has 1,048,577 characters, expected at most 1,048,576"):
        ModelFacts.unpack({**facts.pack(0.5), key: "#" * (2**20 + 1)}, PATH)


@pytest.mark.parametrize("labelled", ["[]", '{"a": -1}', '{"a": "many"}', '{"a": 1.5}', "{"])
def test_numbers_of_labels_count_from_zero(labelled: str, facts: ModelFacts) -> None:
    with pytest.raises(InputError, match=r"best\.safetensors, metadata labelled"):
        ModelFacts.unpack({**facts.pack(0.5), "labelled": labelled}, PATH)
    assert ModelFacts.unpack({**facts.pack(0.5), "labelled": json.dumps({"a": 0})}, PATH).labelled == {"a": 0}
