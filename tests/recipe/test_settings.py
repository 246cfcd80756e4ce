"""Settings that would change nothing are refused, with the name that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.presets import presets
from auxseg.recipe import load_recipe
from auxseg.recipe.settings import refuse_replaced, refuse_unknown_keys


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["tasks.bxo=off"], "--set tasks.bxo=off: the recipe has no task 'bxo' (did you mean 'box'?)"),
        (["tasks.bxo.hidden=3"], "--set tasks.bxo.hidden: the recipe has no task 'bxo' (did you mean 'box'?)"),
        (["tasks.box=off", "balancer.weights.box=0.5"], "--set balancer.weights.box changes nothing"),
        (["balancer.weights.bxo=0.5"], "which is not a task of this recipe (did you mean 'box'?)"),
        (["data.block=4"], "--set data.block changes nothing, because data.order is shuffled"),
        (["training.optimizer.pretrained_rate=0.5"], "changes nothing, because model.weights is none"),
        (["steps=5"], "steps is not a setting (did you mean 'training.steps'?)"),
        (["lr=0.1"], "lr is not a setting (did you mean 'training.optimizer.rate'?)"),
        (["data={size: 32, size: 64}"], "the key 'size' is given twice in one mapping, in lines 1 and 1"),
        (["nonsense"], "expected key=value"),
        (["target.x=1"], "target is a single value"),
        (["seed=[1"], "the value is not YAML"),
    ],
)
def test_a_setting_without_effect_is_refused(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny-mtl", settings)
    assert expected in str(error.value)


def test_a_new_task_may_be_set_in_parts() -> None:
    settings = ["tasks.edges.low=50", "tasks.edges.kind=edges", "data.order=blocks", "data.block=4"]
    assert "edges" in load_recipe("tiny-mtl", settings).tasks


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("bxo", "tasks.bxo is off, but this recipe says nothing else of a task 'bxo' (did you mean 'box'?)"),
        ("edges", "tasks.edges is off, but this recipe says nothing else of a task 'edges'; leave the line out"),
        ("gone", None),
    ],
)
def test_a_task_that_is_off_in_a_file_was_there_before(off: str, expected: str | None, tmp_path: Path) -> None:
    text = presets()["tiny-mtl"].read_text().replace("tasks:\n", f"tasks:\n  {off}: off\n")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("classification: 0.2", "classification: 0.2, gone: 0.3"))
    if expected is None:
        assert off not in load_recipe(path).tasks
        return
    with pytest.raises(InputError) as error:
        load_recipe(path, ["balancer={kind: equal}"])
    assert expected in str(error.value)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["seed=1", "training.batch=4", "seed=2"], "--set seed is given twice, as 1 and as 2; give it once"),
        (["training.steps=5", "training.epochs=2"], "--set training.steps and training.epochs are both given"),
        (["data.size=32", "data={workers: 2}"], "--set data.size changes nothing, because data is given after it"),
        (["tasks.box.hidden=3", "tasks.box=off"], "--set tasks.box.hidden changes nothing, because tasks.box is given"),
        (["nonsense"], "expected key=value"),
    ],
)
def test_of_what_a_person_gives_at_once_nothing_replaces_another(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        refuse_replaced(settings)
    assert expected in str(error.value)


def test_the_same_value_twice_is_no_harm() -> None:
    refuse_replaced(["seed=1", "seed=1", "data={size: 32}", "data.workers=2"])


def test_the_top_of_a_recipe_is_known_without_its_types() -> None:
    with pytest.raises(InputError, match=r"--set steps is not a setting \(did you mean 'training.steps'\?\)"):
        refuse_unknown_keys(["steps=5"])
    with pytest.raises(InputError, match=r"--set trainig.steps is not a setting \(did you mean 'training'\?\)"):
        refuse_unknown_keys(["trainig.steps=5"])


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("model.widht=2", "--set model.widht is not a setting (did you mean 'width'?); `auxseg settings model` lists"),
        ("training.optimiser.rate=1", "--set training.optimiser.rate is not a setting (did you mean 'optimizer'?)"),
    ],
)
def test_an_unknown_key_of_the_next_level_is_named(setting: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        refuse_unknown_keys([setting])
    assert expected in str(error.value)


def test_deeper_keys_and_names_of_tasks_are_left_to_the_reader() -> None:
    refuse_unknown_keys(["model.encoder.chanels=[8]", "tasks.mine.kind=box", "seed=1", "balancer={kind: dwa}"])
