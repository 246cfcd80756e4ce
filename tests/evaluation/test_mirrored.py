"""Mirrored scoring: the same for a model that does not tell left from right, and the mean of two for any other."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence

import pytest
import torch

from auxseg.data.augment import mirror
from auxseg.data.loading.batch import Batch
from auxseg.evaluation.measure import Asked, Measured, measure
from auxseg.evaluation.mirrored import Scored, measure_mirrored
from auxseg.models import Network, build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import BoxConfig, ClassificationConfig, Task
from auxseg.testing.examples import erase, example_batch
from tests.evaluation.symmetric import symmetrise
from tests.run.conftest import SETTINGS
from tests.tasks.examples import VOCABULARY

CPU = torch.device("cpu")
Columns = Mapping[str, Sequence[float]]
Made = tuple[Network, Mapping[str, Task], list[Batch]]


@pytest.fixture
def made() -> Made:
    """A network of random weights, its tasks, and two batches of which some images have no label."""
    recipe = load_recipe("tiny-mtl", SETTINGS)
    tasks = build_tasks(recipe, VOCABULARY)
    network = build_network(recipe.model, {name: task.output for name, task in tasks.items()}, 3, recipe.target)
    batches = [example_batch(5, VOCABULARY, seed) for seed in range(2)]
    return network, tasks, [erase(batch, torch.tensor([True, False, False, False, False])) for batch in batches]


def test_a_model_that_does_not_tell_left_from_right_has_the_same_figures(made: Made) -> None:
    network, tasks, batches = made
    for is_symmetric in (False, True):
        if is_symmetric:
            symmetrise(network)
        plain = measure(Asked(network, CPU, contextlib.nullcontext), tasks, batches)
        scored = measure_mirrored(Asked(network, CPU, contextlib.nullcontext), tasks, batches)
        equal = {
            name: scored.figures(task) == pytest.approx(task.figures(plain.tables[name]), rel=1e-5)
            for name, task in tasks.items()
        }
        assert all(equal.values()) == is_symmetric
    for name, task in tasks.items():
        for column, cells in task.rows(plain.tables[name]).items():
            for found, cell in zip(scored.rows(task)[column], cells, strict=True):
                assert found == (pytest.approx(cell, rel=1e-5) if isinstance(cell, float) else cell)
    assert scored.both.losses(tasks) == pytest.approx(plain.losses(tasks), rel=1e-5)


def test_any_other_model_has_the_figures_of_both_together(made: Made) -> None:
    network, tasks, batches = made
    assert network.training
    scored = measure_mirrored(Asked(network, CPU, contextlib.nullcontext), tasks, batches)
    assert network.training
    all_of_them = [each for batch in batches for each in (batch, mirror(batch))]
    both = measure(Asked(network, CPU, contextlib.nullcontext), tasks, all_of_them)
    for name, task in tasks.items():
        expected = task.figures(both.tables[name])
        expected["num_images"] /= 2
        expected |= {key: value / 2 for key, value in expected.items() if key == "num_empty"}
        assert scored.figures(task) == pytest.approx(expected, rel=1e-6)
    assert scored.both.losses(tasks) == pytest.approx(both.losses(tasks), rel=1e-6)
    assert scored.images.ids == tuple(id_ for batch in batches for id_ in batch.ids)


def test_totals_of_the_rows_are_the_figure(made: Made) -> None:
    network, tasks, batches = made
    scored = measure_mirrored(Asked(network, CPU, contextlib.nullcontext), tasks, batches)
    rows, figures = scored.rows(tasks["segmentation"]), scored.figures(tasks["segmentation"])
    part, whole = (
        sum(cell for cell in rows[f"{what}.animal"] if isinstance(cell, float)) for what in ("intersection", "union")
    )
    assert part / whole == pytest.approx(figures["iou_dataset"], rel=1e-12)
    for name, column, figure in (("box", "iou", "iou"), ("classification", "correct", "accuracy")):
        cells = [cell for cell in scored.rows(tasks[name])[column] if isinstance(cell, float)]
        assert len(cells) == scored.figures(tasks[name])["num_images"] == 8
        assert sum(cells) / len(cells) == pytest.approx(scored.figures(tasks[name])[figure], rel=1e-6)


def _scored(task: Task, images: Columns, mirrors: Columns) -> Scored:
    ids = tuple("abcd"[: len(next(iter(images.values())))])
    tables = [{task.name: {name: torch.tensor(values) for name, values in each.items()}} for each in (images, mirrors)]
    sums = {task.name: {"l1": torch.ones(2)}}
    return Scored(*(Measured(ids, table, sums) for table in tables))


def test_an_image_that_is_known_one_way_alone_has_that_value_and_counts_as_it_is() -> None:
    task = BoxConfig().build("box", VOCABULARY)
    nan = math.nan
    images = {"labelled": [True, True, False, False], "iou": [0.5, 0.25, nan, nan], "mse_pixels": [4.0, 2.0, nan, nan]}
    mirrors = {"labelled": [True, False, True, False], "iou": [0.75, nan, 1.0, nan], "mse_pixels": [0.0, nan, 8.0, nan]}
    scored = _scored(task, images, mirrors)
    assert scored.rows(task) == {"iou": [0.625, 0.25, 1.0, None], "mse_pixels": [2.0, 2.0, 8.0, None]}
    assert scored.figures(task) == {"iou": 0.625, "mse_pixels": 3.5, "num_images": 2.0}


def test_names_are_those_of_the_image_as_it_is() -> None:
    task = ClassificationConfig(label="species").build("species", VOCABULARY)
    images = {"truth": [0, 1, -1], "prediction": [0, 1, 0], "probability": [0.75, 0.5, 0.5]}
    mirrors = {"truth": [0, 1, -1], "prediction": [1, 1, 1], "probability": [0.25, 0.75, 0.5]}
    assert _scored(task, images, mirrors).rows(task) == {
        "truth": ["cat", "dog", None],
        "prediction": ["cat", "dog", None],
        "probability": [0.5, 0.625, None],
        "correct": [0.5, 1.0, None],
    }


def test_a_value_that_is_no_number_is_not_known() -> None:
    task = BoxConfig().build("box", VOCABULARY)
    values = {"labelled": [True, True], "mse_pixels": [1.0, 1.0]}
    scored = _scored(task, {**values, "iou": [math.nan, 0.5]}, {**values, "iou": [0.25, math.nan]})
    assert scored.rows(task)["iou"] == [0.25, 0.5]
