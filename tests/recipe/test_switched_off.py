"""A task that is off is gone from everything that names it, and nothing else changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.recipe.switched_off import without_tasks_that_are_off


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["tasks.segmentation=off"], "tiny: tasks.segmentation is off, but segmentation is the target; leave it on"),
    ],
)
def test_a_target_that_is_off_is_refused_when_a_recipe_is_read(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_task_that_is_off_is_forgotten_by_every_balancer() -> None:
    settings = ["balancer={kind: dwa, weights: {box: 0.5}, gate: {box: 0.1, classification: 0.2}}", "tasks.box=off"]
    balancer = load_recipe("tiny-mtl", settings).balancer
    assert vars(balancer) == {
        "kind": "dwa",
        "gate": {"classification": 0.2},
        "weights": {},
        "temperature": 2.0,
        "every": "epoch",
    }


def test_a_phase_whose_tasks_are_all_off_goes_with_them() -> None:
    off = ["tasks.box=off", "tasks.classification=off"]
    with pytest.raises(InputError, match=r"^residual-two-stage: model\.sharing: two-stage .* besides segmentation"):
        load_recipe("residual-two-stage", off)
    (phase,) = load_recipe("residual-two-stage", [*off, "model.sharing.kind=hard"]).training.phases
    assert (phase.name, phase.tasks) == ("target", ("segmentation",))
    phases = "training.phases=[{name: a, share: 0.5, tasks: [box]}, {name: b, share: 0.5, train: [box]}, {name: c}]"
    with pytest.raises(InputError, match=r"b trains 'box', which is not a part of this network"):
        load_recipe("tiny-mtl", ["tasks.box=off", phases])
    with pytest.raises(InputError, match=r"training\.phases\.0\.tasks is \[\], expected at least 1 entry"):
        load_recipe("tiny-mtl", ["training.phases=[{name: a, tasks: []}]"])


def recipe(**changes: Any) -> dict[str, Any]:
    values = {
        "tasks": {"mask": {"kind": "segmentation"}, "box": False, "edges": {"kind": "edges"}, "flip": False},
        "target": "mask",
        "balancer": {"kind": "fixed", "weights": {"mask": 1, "box": 2, "edges": 3}, "gate": {"flip": 0.5}},
        "training": {"steps": 3},
    }
    return values | changes


def test_tasks_weights_and_gates_go_and_the_rest_stays() -> None:
    assert without_tasks_that_are_off(recipe(), "mine") == {
        "tasks": {"mask": {"kind": "segmentation"}, "edges": {"kind": "edges"}},
        "target": "mask",
        "balancer": {"kind": "fixed", "weights": {"mask": 1, "edges": 3}, "gate": {}},
        "training": {"steps": 3},
    }


def phases(*given: Any) -> list[Any]:
    return without_tasks_that_are_off(recipe(training={"phases": [*given]}), "mine")["training"]["phases"]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"name": "a", "tasks": ["mask", "box"]}, [{"name": "a", "tasks": ["mask"]}]),
        ({"name": "a", "tasks": ["box", "flip"]}, []),
        ({"name": "a", "tasks": []}, [{"name": "a", "tasks": []}]),
        ({"name": "a", "train": ["encoder", "box"]}, [{"name": "a", "train": ["encoder"]}]),
        ({"name": "a", "train": ["box"]}, [{"name": "a", "train": ["box"]}]),
        ({"name": "a"}, [{"name": "a"}]),
        ("no phase", ["no phase"]),
        ({"tasks": "box"}, [{"tasks": "box"}]),
    ],
)
def test_phases_lose_the_tasks_and_go_where_none_is_left(given: Any, left: list[Any]) -> None:
    """What nothing is left of, but is no list of tasks, stays to be refused by its name."""
    other = {"name": "other", "tasks": ["edges"]}
    assert phases(given, other) == [*left, other]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"tasks": None},
        {"tasks": ["box"], "target": "box"},
        {"tasks": {"box": {}}, "balancer": None, "training": 3},
        {"tasks": {"box": {}}, "balancer": {"weights": 3}, "training": {"phases": {"a": 1}}},
        {"tasks": {"box": None, "mask": 0, "edges": "off"}, "target": ["box"]},
    ],
)
def test_what_is_no_recipe_is_left_for_the_reader(values: dict[str, Any]) -> None:
    assert without_tasks_that_are_off(values, "mine") == values


def test_what_is_given_is_not_changed() -> None:
    values = recipe(training={"phases": [{"name": "a", "tasks": ["mask", "box"]}]})
    before = copy.deepcopy(values)
    without_tasks_that_are_off(values, "mine")
    assert values == before


def test_a_target_that_is_off_is_refused_by_its_name() -> None:
    with pytest.raises(InputError) as error:
        without_tasks_that_are_off(recipe(target="box"), "mine")
    assert str(error.value) == (
        "mine: tasks.box is off, but box is the target; leave it on, or name another task as target"
    )
