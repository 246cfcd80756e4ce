"""A run's recipe.yaml is read by the one reader of YAML: bounded, and refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.recipe import read_recipe

RECIPE = "target: mask\ntasks: {colour: {kind: colorization}, mask: {kind: segmentation}, box: off}\n"


def test_settings_and_tasks_are_read_with_the_target_first(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    assert read_recipe(tmp_path).tasks == ("mask", "colour")


@pytest.mark.parametrize("text", ["x: !!bool x", "x: !!int ''", "x: " + "[" * 5000, "x: &x [*x]", "x: 0x" + "f" * 9000])
def test_what_cannot_be_read_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE + text)
    with pytest.raises(InputError, match="expected a recipe in YAML") as error:
        read_recipe(tmp_path)
    assert "\n" not in str(error.value)
