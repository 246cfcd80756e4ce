"""Tiles: weights that are a mean everywhere, and the whole image's answer where the network looks at single pixels."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from auxseg.data.augment import mirror
from auxseg.data.layers import BoxesForm
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.evaluation.averaging import outputs_of
from auxseg.evaluation.measure import Asked, measure
from auxseg.evaluation.tiling import Tiles, bands, refuse_tiles, shrunk, tiled, tiled_forward
from auxseg.models import Network, build_network
from auxseg.models.forward import forward
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import BoxesConfig, Task
from auxseg.testing.examples import example_batch
from tests.run.conftest import SETTINGS
from tests.tasks.examples import VOCABULARY as SMALL

VOCABULARY = dataclasses.replace(SMALL, size=32)
SIZES = [(16, 16), (16, 40), (33, 16), (45, 70), (17, 23)]
OVERLAPS = [0.0, 0.25, 0.5, 0.9]


def picture(height: int, width: int) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(height * width))


def pointwise(pictures: Tensor) -> dict[str, Tensor]:
    return {"one": pictures.square().sum(1, keepdim=True), "two": torch.stack([pictures[:, 0], pictures[:, 2] - 1], 1)}


@pytest.fixture(scope="module")
def made() -> tuple[Network, Mapping[str, Task]]:
    recipe = load_recipe("tiny-mtl", SETTINGS)
    tasks = build_tasks(recipe, VOCABULARY)
    outputs = {name: each.output for name, each in tasks.items()}
    return build_network(recipe.model, outputs, 3, recipe.target).eval(), tasks


@pytest.mark.parametrize("overlap", OVERLAPS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tiles_of_a_network_that_looks_at_single_pixels_give_its_answer_for_the_image(
    height: int, width: int, overlap: float
) -> None:
    image = picture(height, width)
    found, expected = tiled(pointwise, image, Tiles(16, overlap)), pointwise(image[None])
    assert found.keys() == expected.keys()
    for name, values in found.items():
        torch.testing.assert_close(values, expected[name][0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("overlap", OVERLAPS)
@pytest.mark.parametrize("length", [16, 17, 31, 32, 33, 100, 1000])
def test_tiles_cover_an_axis_evenly_and_overlap_by_the_share_at_least(length: int, overlap: float) -> None:
    starts = Tiles(16, overlap).starts(length)
    assert (starts[0], starts[-1]) == (0, length - 16)
    steps = [after - before for before, after in itertools.pairwise(starts)]
    assert all(1 <= step <= max(16 * (1 - overlap), 1) for step in steps)
    assert not steps or max(steps) - min(steps) <= 1


def test_weights_of_all_tiles_add_up_to_one_in_every_pixel() -> None:
    tiles, shape = Tiles(16, 0.4), (45, 70)
    weights = tiles.weights(torch.device("cpu"))
    assert weights.argmax() in (7 * 16 + 7, 7 * 16 + 8, 8 * 16 + 7, 8 * 16 + 8)
    assert weights[7, 7 + 2] / weights[7, 7] == pytest.approx(torch.exp(torch.tensor(-0.5 * (1.5**2 - 0.5**2) / 4)))
    total = torch.zeros(shape, dtype=torch.float64)
    places = [(top, left) for top in tiles.starts(shape[0]) for left in tiles.starts(shape[1])]
    for top, left in places:
        total[top : top + 16, left : left + 16] += weights
    shares = torch.zeros(shape, dtype=torch.float64)
    for top, left in places:  # each tile alone says 1, all others 0
        shares += _of_one_tile(tiles, shape, top, left)
    assert total.min() > 0
    torch.testing.assert_close(shares, torch.ones_like(shares))


def _of_one_tile(tiles: Tiles, shape: tuple[int, int], top: int, left: int) -> Tensor:
    """What comes out if a network says 1 of this tile, which it knows by its first pixel, and 0 of all others."""
    number = torch.arange(shape[0] * shape[1], dtype=torch.float32).view(1, *shape).expand(3, -1, -1)

    def compute(pictures: Tensor) -> dict[str, Tensor]:
        is_it = (pictures[:, :1, :1, :1] == number[0, top, left]).float()
        return {"one": is_it.expand(-1, 1, tiles.size, tiles.size)}

    return tiled(compute, number, tiles)["one"][0].double()


def test_the_mean_is_weighted_by_the_distance_from_the_centre_of_each_tile() -> None:
    """An independent reference: tile by tile, in float64, without bands."""
    tiles, (height, width) = Tiles(16, 0.5), (45, 38)
    image = picture(height, width)

    def of_tile(pictures: Tensor) -> dict[str, Tensor]:
        return {"one": pictures[:, :1] - pictures.mean((1, 2, 3), keepdim=True)}

    sums, weights = torch.zeros(2, height, width, dtype=torch.float64), tiles.weights(torch.device("cpu")).double()
    for top in tiles.starts(height):
        for left in tiles.starts(width):
            at = (..., slice(top, top + 16), slice(left, left + 16))
            sums[0][at] += weights * of_tile(image[at][None])["one"][0, 0].double()
            sums[1][at] += weights
    torch.testing.assert_close(tiled(of_tile, image, tiles)["one"][0].double(), sums[0] / sums[1], atol=1e-5, rtol=0)


def test_a_tile_as_large_as_the_image_gives_the_same_bits_as_no_tiles(made: tuple[Network, Mapping[str, Task]]) -> None:
    network, tasks = made
    batch = example_batch(3, VOCABULARY, 0)
    with torch.no_grad():
        whole, found = (
            forward(network, tasks, batch),
            tiled_forward(network, tasks, batch, Tiles(VOCABULARY.size.width)),
        )
        one_by_one = [forward(network, tasks, _only(batch, index)) for index in range(3)]
    assert found.keys() == whole.keys()
    for name in whole:
        torch.testing.assert_close(found[name], whole[name], atol=1e-6, rtol=1e-5)
    for name in (name for name in whole if whole[name].ndim == 4):
        assert torch.equal(found[name], torch.cat([each[name] for each in one_by_one]))


def _only(batch: Batch, index: int) -> Batch:
    one = batch.first(index + 1)
    keep = slice(index, index + 1)
    return Batch(
        ids=one.ids[keep],
        image=one.image[keep],
        clean=one.clean[keep],
        mask=one.mask[keep],
        box=one.box[keep],
        classes={name: ids[keep] for name, ids in one.classes.items()},
        inside=one.inside[keep],
        keys=one.keys[keep],
    )


def test_vectors_are_about_the_whole_image_at_the_size_of_a_tile(made: tuple[Network, Mapping[str, Task]]) -> None:
    network, tasks = made
    batch = example_batch(2, VOCABULARY, 0)
    with torch.no_grad():
        found = tiled_forward(network, tasks, batch, Tiles(16))
        expected = network(shrunk(batch.image, 16), ["box"])["box"]
    torch.testing.assert_close(found["box"], expected)
    assert found["segmentation"].shape[-2:] == batch.image.shape[-2:]
    assert torch.equal(shrunk(batch.image, VOCABULARY.size.width), batch.image)


def test_averages_over_flips_are_the_same_for_an_image_and_its_mirror_image(
    made: tuple[Network, Mapping[str, Task]],
) -> None:
    network, tasks = made
    batch, target = example_batch(2, VOCABULARY, 0), {"segmentation": tasks["segmentation"]}
    tiles = Tiles(VOCABULARY.size.width // 2)
    with torch.no_grad():
        one, other = (outputs_of(network, target, each, "flip", tiles) for each in (batch, mirror(batch)))
    torch.testing.assert_close(one["segmentation"], other["segmentation"].flip(-1), atol=1e-5, rtol=1e-4)


def test_figures_are_measured_of_the_tiles(made: tuple[Network, Mapping[str, Task]]) -> None:
    network, tasks = made
    device, batches = torch.device("cpu"), [example_batch(2, VOCABULARY, seed) for seed in range(2)]
    whole, same, tiles = (
        measure(Asked(network, device, contextlib.nullcontext, tiles=each), tasks, batches)
        for each in (None, Tiles(VOCABULARY.size.width), Tiles(16))
    )
    for name, task in tasks.items():
        assert task.figures(same.tables[name]) == pytest.approx(task.figures(whole.tables[name]), nan_ok=True, rel=1e-4)
    assert not torch.equal(tiles.tables["segmentation"]["confusion"], whole.tables["segmentation"]["confusion"])


def test_memory_holds_one_row_of_tiles_of_an_image_of_any_height() -> None:
    asked: list[tuple[int, int]] = []

    def read(first: int, last: int) -> Tensor:
        asked.append((first, last))
        return torch.zeros(3, last - first, 24)

    rows = 0
    for first, outputs in bands(pointwise, read, (500, 24), Tiles(16, 0.5)):
        assert first == rows
        rows += outputs["one"].shape[1]
        assert outputs["one"].shape[1] <= 16
    assert rows == 500
    assert all(last - first == 16 for first, last in asked)


@pytest.mark.parametrize("overlap", [-0.1, 1.0, float("nan")])
def test_an_overlap_that_is_none_is_refused(overlap: float) -> None:
    with pytest.raises(InputError, match=r"^the overlap of tiles should be from 0 to below 1, found"):
        Tiles(16, overlap)


@pytest.mark.parametrize("size", [-1, 0, 15, 2049])
def test_tiles_of_no_sensible_size_are_refused(size: int) -> None:
    with pytest.raises(InputError, match=r"^tiles should have 16 to 2048 pixels a side, found"):
        Tiles(size)


def test_targets_that_tiles_cannot_answer_are_refused(made: tuple[Network, Mapping[str, Task]]) -> None:
    network, tasks = made
    with pytest.raises(InputError, match=r"^RUN: the target box says one thing of a whole image.*leave out --tiles$"):
        refuse_tiles(Tiles(16), tasks, "box", "RUN")
    boxes = BoxesConfig().build("objects", replace(VOCABULARY, layers={"objects": BoxesForm(("car",))}))
    with pytest.raises(InputError, match=r"^RUN: what objects says of a pixel depends on the whole picture; leave"):
        refuse_tiles(Tiles(16), {**tasks, "objects": boxes}, "segmentation", "RUN")
    alone = r"leave out --tiles, or ask a file of segmentation alone: auxseg export RUN --tasks segmentation --out"
    with pytest.raises(InputError, match=alone):
        refuse_tiles(Tiles(16), {**tasks, "objects": boxes}, "segmentation", "predict")
    with pytest.raises(InputError, match=r"leave out --tiles$"):
        refuse_tiles(Tiles(16), {**tasks, "objects": boxes}, "objects", "predict")
    refuse_tiles(Tiles(16), tasks, "segmentation", "RUN", network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "stride", 32)
        with pytest.raises(InputError, match=r"^RUN: its network takes tiles of at least 32 pixels, found 16"):
            refuse_tiles(Tiles(16), tasks, "segmentation", "RUN", network)
        patch.setattr(network, "image_size", 64)
        with pytest.raises(InputError, match=r"takes tiles of 64 pixels, found 32"):
            refuse_tiles(Tiles(32), tasks, "segmentation", "RUN", network)
