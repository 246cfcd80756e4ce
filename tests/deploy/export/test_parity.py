"""Whether other outputs than PyTorch's are noticed, by a network that is quick to run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.data.sample import Vocabulary
from auxseg.data.store.store import Store
from auxseg.deploy.export.parity import Samples, compare, sample_images
from auxseg.deploy.export.tracing import SomeTasks, trace
from auxseg.errors import RunError
from auxseg.models import build_network
from auxseg.records.values.size import Size
from auxseg.tasks import BoxConfig, EdgesConfig, SegmentationConfig, Task
from auxseg.tasks.task import Output
from tests.models.cases import MODELS

VOCABULARY = Vocabulary(size=Size.of(32), resize="squash", mask_classes=("background", "animal"), labels={})
TASKS: Mapping[str, Task] = {
    "segmentation": SegmentationConfig().build("segmentation", VOCABULARY),
    "box": BoxConfig().build("box", VOCABULARY),
}


@pytest.fixture(scope="module")
def module() -> SomeTasks:
    """A small network of random weights."""
    outputs: dict[str, Output] = {name: task.output for name, task in TASKS.items()}
    return SomeTasks(build_network(MODELS["unet group"], outputs, 0).eval(), list(TASKS))


@pytest.fixture(scope="module")
def samples(module: SomeTasks) -> Samples:
    return sample_images(Size.of(32), module.network.stride, None, None)


class Exported:
    """Stands for an exported network: PyTorch's outputs with something added."""

    def __init__(self, module: SomeTasks, **added: float) -> None:
        self._module, self._added = module, added

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        with torch.no_grad():
            outputs = self._module(torch.from_numpy(images))
        return {
            name: output.numpy() + self._added.get(name, 0.0) * float(output.abs().max())
            for name, output in zip(self._module.tasks, outputs, strict=True)
        }


def test_the_same_outputs_agree(module: SomeTasks, samples: Samples) -> None:
    found = compare(module, TASKS, Exported(module), samples)
    assert [(parity.task, parity.shape[0]) for parity in found] == [
        ("segmentation", 1), ("box", 1), ("segmentation", 2), ("box", 2), ("segmentation", 1), ("box", 1),
    ]  # fmt: skip
    assert {parity.agreement for parity in found} == {1.0, None}
    assert all(set(parity.quantiles.values()) == {0.0} and parity.scale > 0 for parity in found)


def test_a_refined_target_agrees_with_the_maps_that_refine_it() -> None:
    tasks = {"segmentation": TASKS["segmentation"]}
    edges = EdgesConfig().build("edges", VOCABULARY)
    outputs: dict[str, Output] = {task.name: task.output for task in (*tasks.values(), edges)}
    model = dataclasses.replace(MODELS["unet group"], refine_by=("edges",))
    network = build_network(model, outputs, 0, "segmentation").eval()
    assert network.refinement is not None
    torch.nn.init.normal_(network.refinement.out.weight, generator=torch.Generator().manual_seed(3))
    alone = SomeTasks(network, ["segmentation"])
    program = trace(alone).module()

    def exported(images: np.ndarray) -> dict[str, np.ndarray]:
        with torch.no_grad():
            return {"segmentation": program(torch.from_numpy(images))[0].numpy()}

    images = sample_images(Size.of(32), network.stride, None, None)
    samples = dataclasses.replace(images, batches=images.batches[:2])  # torch's own program takes no padding
    found = compare(alone, tasks, exported, samples)
    assert {(parity.task, parity.agreement) for parity in found} == {("segmentation", 1.0)}
    unrefined = SomeTasks(build_network(model, outputs, 0, "segmentation").eval(), ["segmentation"])
    with pytest.raises(RunError, match="other numbers than PyTorch for segmentation"):
        compare(unrefined, tasks, exported, samples)


def test_another_network_is_refused(module: SomeTasks, samples: Samples) -> None:
    for added, message in (
        ({"box": 0.2}, r"other numbers than PyTorch for box of 1 image of 32 x 32 .*20\.00%.*expected at most 5%"),
        ({"segmentation": float("nan")}, "other numbers than PyTorch for segmentation"),
    ):
        with pytest.raises(RunError, match=message):
            compare(module, TASKS, Exported(module, **added), samples)


def test_flipped_classes_are_refused_though_the_numbers_are_near(module: SomeTasks, samples: Samples) -> None:
    def flipped(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = Exported(module)(images)
        mask = outputs["segmentation"]
        near = np.abs(mask[:, 0] - mask[:, 1]) < 0.02 * np.abs(mask).max()
        assert near.mean() > 0.005
        swapped = np.where(near[:, None], mask[:, ::-1], mask)
        return {**outputs, "segmentation": swapped}

    with pytest.raises(RunError, match=r"agrees with PyTorch in \d\d\.\d\d% of the classes"):
        compare(module, TASKS, flipped, samples)


def test_another_shape_is_refused(module: SomeTasks, samples: Samples) -> None:
    def cut(images: np.ndarray) -> dict[str, np.ndarray]:
        return {name: output[..., :-1] for name, output in Exported(module)(images).items()}

    with pytest.raises(RunError, match=r"gives segmentation the shape \[1, 2, 32, 31\], expected \[1, 2, 32, 32\]"):
        compare(module, TASKS, cut, samples)


def test_images_are_of_three_sizes_and_from_the_data_where_there_are_any(animals: Path) -> None:
    generated = sample_images(Size.of(32), 16, None, None)
    assert (generated.origin, [batch.shape for batch in generated.batches]) == (
        "generated", [(1, 3, 32, 32), (2, 3, 32, 48), (1, 3, 49, 25)],
    )  # fmt: skip
    store = Store.open(animals)
    real = sample_images(Size.of(32), 16, None, store)
    first = store.read(int(store.rows("val")[0]))[0]
    assert real.origin == "val"
    np.testing.assert_allclose(real.batches[0][0].transpose(1, 2, 0) * 255, first, atol=1e-4)


def test_a_network_of_one_size_is_tried_at_that_size(animals: Path) -> None:
    assert [batch.shape for batch in sample_images(Size.of(32), 16, 160, Store.open(animals)).batches] == [
        (1, 3, 160, 160), (2, 3, 160, 160),
    ]  # fmt: skip
