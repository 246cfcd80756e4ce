"""Tasks are made in the order of the recipe, for the data at hand, and one that would learn nothing is refused."""

from __future__ import annotations

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.recipe import Recipe, build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.tasks.task import Dense, Vector

LABELS = {"breed": ("pug", "tabby", "husky"), "species": ("cat", "dog")}
COUNTS = {"breed": (3, 2, 1), "species": (3, 3)}
VOCABULARY = Vocabulary(Size.of(64), ("background", "cat", "dog"), LABELS, counts=COUNTS)


def recipe(*settings: str) -> Recipe:
    return load_recipe("tiny-mtl", [*settings])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["tasks.segmentation.losses={dice: 0}"], "tiny: tasks.segmentation.losses: every weight is 0, so segmentat"),
        (
            ["tasks.edges={kind: edges, losses: {bce: 0, dice: 0}}"],
            "tasks.edges.losses: every weight is 0, so edges would learn nothing; raise one, or leave the task out by "
            "tasks.edges=off",
        ),
    ],
)
def test_a_task_whose_losses_count_for_nothing_is_refused(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_tasks_keep_order_and_names_and_one_is_the_target() -> None:
    tasks = build_tasks(recipe("tasks.classification.label=breed"), VOCABULARY)
    assert list(tasks) == ["segmentation", "classification", "box"]
    assert [task.name for task in tasks.values()] == list(tasks)
    assert [task.is_target for task in tasks.values()] == [True, False, False]


def test_another_target_is_another_task() -> None:
    tasks = build_tasks(recipe("target=box", "tasks.classification.label=breed"), VOCABULARY)
    assert [name for name, task in tasks.items() if task.is_target] == ["box"]


def test_outputs_have_the_sizes_of_the_data_not_of_the_paper() -> None:
    for label, names in LABELS.items():
        tasks = build_tasks(recipe(f"tasks.classification.label={label}"), VOCABULARY)
        classes, masks = tasks["classification"].output, tasks["segmentation"].output
        assert isinstance(classes, Vector)
        assert isinstance(masks, Dense)
        assert (classes.size, masks.channels) == (len(names), 3)


def test_a_label_that_the_data_lack_is_refused_by_task_and_name() -> None:
    with pytest.raises(InputError, match=r"tasks\.classification.*'?habitat'?"):
        build_tasks(recipe("tasks.classification.label=habitat"), VOCABULARY)


def test_every_call_makes_tasks_of_its_own() -> None:
    asked = recipe("tasks.classification.label=breed")
    first, second = build_tasks(asked, VOCABULARY), build_tasks(asked, VOCABULARY)
    assert all(first[name] is not second[name] for name in first)
