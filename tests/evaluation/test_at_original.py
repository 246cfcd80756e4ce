"""Masks are compared image by image at the size of the images, and only where that means something."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.data.sample import IGNORE
from auxseg.errors import InputError
from auxseg.evaluation.at_original import Original, measure_at_original, refuse_at
from auxseg.evaluation.measure import Asked, measure
from auxseg.models import build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.testing.examples import example_batch
from tests.run.conftest import SETTINGS
from tests.tasks.examples import TASKS, VOCABULARY

CPU = torch.device("cpu")
ORIGINALS = [(30, 70), (64, 64), (100, 20)]


def test_only_the_targets_table_is_another_and_only_where_there_is_a_mask() -> None:
    recipe = load_recipe("tiny-mtl", SETTINGS)
    tasks = build_tasks(recipe, VOCABULARY)
    network = build_network(recipe.model, {name: each.output for name, each in tasks.items()}, 3, recipe.target)
    batches = [example_batch(1, VOCABULARY, seed) for seed in range(3)]
    asked = Asked(network.train(), CPU, contextlib.nullcontext)
    random = np.random.default_rng(0)
    masks = [random.choice(np.array([0, 1, IGNORE], np.uint8), hw) for hw in ORIGINALS]
    places = [fit(hw, VOCABULARY.size, "letterbox") for hw in ORIGINALS]
    originals = [Original(places[0], masks[0]), Original(places[1], None), Original(places[2], masks[2])]
    plain = measure(asked, tasks, batches)
    found = measure_at_original(asked, tasks, batches, "segmentation", iter(originals))
    assert network.training
    assert found.ids == plain.ids
    for name in tasks:
        for term, value in plain.sums[name].items():
            assert torch.equal(found.sums[name][term], value)
        for column, values in plain.tables[name].items():
            rows = slice(1, 2) if name == "segmentation" else slice(None)
            assert torch.equal(found.tables[name][column][rows], values[rows])
    with torch.no_grad():
        for row in (0, 2):
            output = network.eval()(batches[row].image, ["segmentation"])["segmentation"][0]
            predicted = tasks["segmentation"].answer(output, places[row]).mask
            assert predicted is not None
            known = masks[row] != IGNORE
            expected = np.histogram2d(masks[row][known], predicted[known], bins=range(len(VOCABULARY.mask_classes) + 1))
            np.testing.assert_array_equal(found.tables["segmentation"]["confusion"][row], expected[0])


def test_as_many_masks_as_images_are_needed() -> None:
    recipe = load_recipe("tiny", SETTINGS)
    tasks = build_tasks(recipe, VOCABULARY)
    network = build_network(recipe.model, {name: each.output for name, each in tasks.items()}, 3, recipe.target)
    asked = Asked(network, CPU, contextlib.nullcontext)
    with pytest.raises(ValueError, match="shorter"):
        measure_at_original(asked, tasks, [example_batch(1, VOCABULARY, 0)], "segmentation", [])


@pytest.mark.parametrize("name", [name for name in TASKS if not TASKS[name].measures_masks])
def test_targets_that_predict_no_mask_are_refused(name: str) -> None:
    layers = r" but the layer \w+" if TASKS[name].layers else ""
    with pytest.raises(
        InputError, match=rf"^runs/a: the target \S+ does not predict the mask of the data{layers}, so .*; leave out"
    ):
        refuse_at("original", TASKS[name], "runs/a", mirrored=False)
    refuse_at("stored", TASKS[name], "runs/a", mirrored=True)


def test_mirrored_scoring_and_other_sizes_are_refused() -> None:
    target = TASKS["segmentation"]
    refuse_at("original", target, "runs/a", mirrored=False)
    with pytest.raises(InputError, match=r"^runs/a: mirrored scoring is measured at the stored size; leave out either"):
        refuse_at("original", target, "runs/a", mirrored=True)
    with pytest.raises(InputError, match=r"^at is 'native', expected stored or original$"):
        refuse_at("native", target, "runs/a", mirrored=False)  # pyright: ignore[reportArgumentType]
