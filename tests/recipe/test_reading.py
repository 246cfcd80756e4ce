"""Recipes are read strictly, and written back to the same value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from auxseg.balancing import FixedConfig
from auxseg.errors import InputError
from auxseg.presets import presets
from auxseg.recipe import dump_recipe, load_recipe, parse_recipe, to_values

PRESETS = sorted(presets())


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(to_values(recipe)) == recipe
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_what_they_are_and_how_to_run_them(name: str) -> None:
    first, second = presets()[name].read_text().splitlines()[:2]
    assert first.startswith("# ")
    assert second.startswith(f"# command: auxseg train {name} ")


def test_reading_a_recipe_loads_no_compiler() -> None:
    """Building on paper must stay cheap: torch's compiler alone takes seconds to import."""
    code = "from auxseg.recipe import load_recipe; load_recipe('residual-two-stage')"
    code += "; import sys; print('torch._dynamo' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"False\n"


def test_what_depends_on_the_data_is_left_for_the_data() -> None:
    assert load_recipe("tiny-mtl", ["tasks.classification.label=habitat"]).tasks["classification"]


def test_yaml_does_not_run_code(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"seed: !!python/object/apply:os.mkdir ['{tmp_path}/made']")
    with pytest.raises(InputError, match="not YAML"):
        load_recipe(path)
    assert not (tmp_path / "made").exists()


def test_settings_change_single_values() -> None:
    recipe = load_recipe("tiny-mtl", ["tasks.box=off", "training.epochs=2", "model.width=0.5", "seed=3"])
    assert list(recipe.tasks) == ["segmentation", "classification"]
    assert (recipe.training.epochs, recipe.training.steps) == (2, None)
    assert (recipe.model.width, recipe.seed) == (0.5, 3)


def test_of_a_key_that_is_given_twice_the_last_value_counts_where_it_stands() -> None:
    training = load_recipe("tiny", ["training.steps=600", "training.epochs=10", "training.steps=60"]).training
    assert (training.steps, training.epochs) == (60, None)
    training = load_recipe("tiny", ["training.epochs=10", "training.steps=60", "training.epochs=20"]).training
    assert (training.steps, training.epochs) == (None, 20)


def test_another_kind_takes_the_settings_with_it_that_it_does_not_know() -> None:
    assert dict(vars(load_recipe("tiny-mtl", ["balancer.kind=equal"]).balancer)) == {"kind": "equal", "gate": {}}
    former, other = (load_recipe("tiny-mtl", setting) for setting in ([], ["balancer.kind=dwa"]))
    assert vars(other.balancer)["weights"] == vars(former.balancer)["weights"] != {}
    assert load_recipe("residual-cross-stitch", ["model.sharing.kind=hard"]).model.sharing.kind == "hard"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["balancer.weights.box=2", "balancer.kind=equal"], "balancer.weights is not a setting"),
        (["balancer.kind=equal", "balancer.weights.box=2"], "balancer.weights is not a setting"),
        (["balancer={kind: fixed, wieghts: {}}", "balancer.kind=dwa"], "balancer.wieghts is not a setting"),
        (["balancer={kind: fixed, temperature: 2}", "balancer.kind=fixed"], "balancer.temperature is not a setting"),
    ],
)
def test_another_kind_hides_no_mistake(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_recipe("tiny-mtl", settings)


def test_a_base_may_hold_tasks_that_cannot_stand_side_by_side() -> None:
    settings = ["tasks.a={kind: denoising, view: shared}", "tasks.b={kind: colorization, view: shared}"]
    assert len(load_recipe("tiny", settings, is_base=True).tasks) == 3
    with pytest.raises(InputError, match="target is 'boxes'"):
        load_recipe("tiny", ["target=boxes"], is_base=True)


def test_a_balancer_without_a_kind_has_fixed_weights(tmp_path: Path) -> None:
    recipe = load_recipe("tiny", ["balancer.weights={segmentation: 2}"])
    assert recipe.balancer == FixedConfig(weights={"segmentation": 2.0})
    path = tmp_path / "mine.yaml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe


def test_a_written_recipe_is_complete_and_plain() -> None:
    """It says every setting, also those that nobody gave, and holds no value that YAML would not read back."""
    recipe = load_recipe("tiny")
    values = to_values(recipe)
    assert list(values) == ["model", "tasks", "target", "data", "balancer", "training", "seed"]
    assert values["data"]["label_fraction"] == 1.0
    assert values["training"]["schedule"]["kind"] == "one-cycle"
    assert yaml.safe_load(dump_recipe(recipe)) == values
    assert "!!" not in dump_recipe(recipe)


def test_reading_changes_nothing_that_it_is_given() -> None:
    values: dict[str, Any] = to_values(load_recipe("tiny-mtl"))
    values["tasks"]["box"] = False
    before = yaml.safe_dump(values)
    assert list(parse_recipe(values).tasks) == ["segmentation", "classification"]
    assert yaml.safe_dump(values) == before


@pytest.mark.parametrize(("value", "seed"), [(3, 3), (2**31 - 1, 2**31 - 1)])
def test_settings_may_be_given_as_values_too(value: int, seed: int) -> None:
    assert load_recipe("tiny", {"seed": value}).seed == load_recipe("tiny", [f"seed={value}"]).seed == seed


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "mine: model is missing"),
        ({"seed": 3}, "mine: model is missing"),
        ({"model": None}, "mine: model is None: "),
    ],
)
def test_plain_values_that_are_no_recipe_name_where_they_come_from(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as error:
        parse_recipe(values, "mine")
    assert str(error.value).startswith(expected)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("training.steps=true", "training.steps is True: input should be a valid integer"),
        ("training.steps='300'", "training.steps is '300': input should be a valid integer"),
        ("training.optimizer.rate=true", "training.optimizer.rate is True: input should be a valid number"),
        ("training.channels_last=1", "training.channels_last is 1; allowed: true, false, 'auto'"),
    ],
)
def test_no_value_is_taken_for_one_of_another_type(setting: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_recipe("tiny", [setting])


def test_numbers_may_be_written_as_people_write_them() -> None:
    recipe = load_recipe("tiny", ["training.optimizer.rate=1e-3", "training.steps=2e2", "training.batch=4.0"])
    assert (recipe.training.optimizer.rate, recipe.training.steps, recipe.training.batch) == (0.001, 200, 4)


def test_a_setting_without_effect_is_refused_only_where_it_was_given(tmp_path: Path) -> None:
    """A file may hold what does nothing today: a person's ``--set`` may not."""
    path = tmp_path / "mine.yaml"
    path.write_text(presets()["tiny"].read_text() + "data: {block: 4}\n")
    assert load_recipe(path).data.block == 4
    with pytest.raises(InputError, match=r"--set data\.block changes nothing"):
        load_recipe("tiny", {"data.block": 4})


def test_settings_from_python_may_be_arrays_and_settings_themselves() -> None:
    plain = load_recipe("tiny-mtl", {"training.steps": 8, "training.batch": 4, "training.optimizer": {"kind": "adam"}})
    given = {
        "training.steps": np.int64(8),
        "training.batch": np.float64(4.0),
        "training.optimizer": plain.training.optimizer,
    }
    assert load_recipe("tiny-mtl", given) == plain


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({3: 1}, "settings: expected a text as key, found 3"),
        ({"training.steps": Path("a")}, "settings: training.steps: expected a text, a number"),
        ([3], "settings: expected a mapping of keys to values, or a list such as"),
        ("seed=3", "settings: expected a mapping of keys to values, or a list such as"),
    ],
)
def test_settings_that_no_yaml_could_hold_are_named(settings: Any, expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert str(error.value).startswith(expected)
