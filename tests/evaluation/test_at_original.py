"""Masks are compared image by image at the size of the images, and only where that means something."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE
from auxseg.errors import InputError
from auxseg.evaluation.at_original import Original, measure_at_original, refuse_at
from auxseg.evaluation.measure import Asked, measure
from auxseg.evaluation.mirrored import measure_mirrored
from auxseg.models import build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import Task
from auxseg.testing.examples import example_batch
from tests.evaluation.symmetric import symmetrise
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
    scored = measure_at_original(asked, tasks, batches, "segmentation", iter(originals))
    assert scored.mirrors is None
    found = scored.images
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
        refuse_at("original", TASKS[name], "runs/a")
    refuse_at("stored", TASKS[name], "runs/a")


def test_other_sizes_are_refused() -> None:
    target = TASKS["segmentation"]
    refuse_at("original", target, "runs/a")
    with pytest.raises(InputError, match=r"^at is 'native', expected stored or original$"):
        refuse_at("native", target, "runs/a")  # pyright: ignore[reportArgumentType]


def mirrored_case() -> tuple[Asked, dict[str, Task], list[Batch], list[Original]]:
    """Letterboxed images, one of which has an odd number of padded columns."""
    recipe = load_recipe("tiny-mtl", SETTINGS)
    tasks = build_tasks(recipe, VOCABULARY)
    network = build_network(recipe.model, {name: each.output for name, each in tasks.items()}, 3, recipe.target)
    batches = [example_batch(1, VOCABULARY, seed) for seed in range(3)]
    random = np.random.default_rng(0)
    shapes = [(30, 70), (64, 64), (120, 91)]
    masks = [random.choice(np.array([0, 1, IGNORE], np.uint8), hw) for hw in shapes]
    originals = [Original(fit(hw, VOCABULARY.size, "letterbox"), mask) for hw, mask in zip(shapes, masks, strict=True)]
    originals[1] = Original(originals[1].place, None)
    x0, x1 = originals[2].place.inside[2:]
    assert x0 != VOCABULARY.size.width - x1
    return Asked(network, CPU, contextlib.nullcontext), tasks, batches, originals


def test_mirror_images_are_compared_with_mirrored_masks() -> None:
    asked, tasks, batches, originals = mirrored_case()
    scored = measure_at_original(asked, tasks, batches, "segmentation", originals, mirrored=True)
    assert scored.mirrors is not None
    stored = measure_mirrored(asked, tasks, batches)
    assert stored.mirrors is not None
    assert scored.mirrors.sums.keys() == stored.mirrors.sums.keys()
    num_classes = len(VOCABULARY.mask_classes)
    with torch.no_grad():
        for row in (0, 2):
            output = asked.network.eval()(batches[row].image.flip(-1), ["segmentation"])["segmentation"][0]
            place, mask = originals[row].place, originals[row].mask
            assert mask is not None
            turned_back = tasks["segmentation"].answer(output.flip(-1), place).mask
            assert turned_back is not None
            known = mask != IGNORE
            expected = np.histogram2d(mask[known], turned_back[known], bins=range(num_classes + 1))[0]
            found = scored.mirrors.tables["segmentation"]["confusion"][row].numpy()
            assert np.abs(found - expected).sum() <= 0.01 * expected.sum()  # where two classes are as near
    for name in ("classification", "box"):
        for column, values in stored.mirrors.tables[name].items():
            assert torch.equal(scored.mirrors.tables[name][column], values)


def test_a_model_that_does_not_tell_left_from_right_has_the_same_figures() -> None:
    asked, tasks, batches, originals = mirrored_case()
    target = tasks["segmentation"]
    for is_symmetric in (False, True):
        if is_symmetric:
            symmetrise(asked.network)
        plain, mirrored = (
            measure_at_original(asked, tasks, batches, "segmentation", originals, mirrored=each).figures(target)
            for each in (False, True)
        )
        assert (mirrored == pytest.approx(plain, rel=2e-3, abs=2e-3)) == is_symmetric
        assert mirrored["num_images"] == plain["num_images"]
