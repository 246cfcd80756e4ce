"""What is said of an output, followed to the letter, gives what the task itself predicts."""

from __future__ import annotations

import json

import pytest
import torch

from auxseg.data.sample import Vocabulary
from auxseg.deploy.export.outputs import describe_output
from auxseg.records.values.size import Size
from auxseg.tasks import (
    BoxConfig,
    ClassificationConfig,
    DepthConfig,
    DistanceConfig,
    EdgesConfig,
    NormalsConfig,
    SegmentationConfig,
)
from auxseg.testing.examples import EXAMPLE_VOCABULARY

VOCABULARY = Vocabulary(
    size=Size.of(32),
    resize="squash",
    mask_classes=("background", "cat", "dog"),
    labels={"species": ("cat", "dog", "fox")},
    category_ids=(0, 17, 18),
)


def test_masks_have_names_and_the_numbers_of_the_data() -> None:
    task = SegmentationConfig().build("segmentation", VOCABULARY)
    said = describe_output(task, VOCABULARY)
    assert said["shape"] == ["batch", 3, "height", "width"]
    assert said["classes"] == [
        {"id": 0, "name": "background", "category_id": 0},
        {"id": 1, "name": "cat", "category_id": 17},
        {"id": 2, "name": "dog", "category_id": 18},
    ]
    output = torch.randn(1, 3, 8, 8)
    assert said["decision"] == "argmax over axis 1"
    assert torch.equal(output.argmax(1).byte(), task.predict(output))


def test_classes_have_names() -> None:
    task = ClassificationConfig(label="species").build("classification", VOCABULARY)
    said = describe_output(task, VOCABULARY)
    assert (said["kind"], said["shape"]) == ("classes", ["batch", 3])
    assert said["classes"] == [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 2, "name": "fox"}]


def test_a_box_is_a_centre_and_a_size() -> None:
    task = BoxConfig().build("box", VOCABULARY)
    said = describe_output(task, VOCABULARY)
    assert (said["kind"], said["shape"]) == ("box", ["batch", 4])
    assert str(said["decision"]).startswith("sigmoid gives centre x, centre y, width, height")
    output = torch.randn(5, 4)
    x, y, width, height = output.sigmoid().unbind(1)
    corners = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 1).clamp(0, 1)
    torch.testing.assert_close(task.predict(output), corners)


def test_edges_are_where_the_number_is_above_zero() -> None:
    task = EdgesConfig().build("edges", VOCABULARY)
    assert describe_output(task, VOCABULARY)["decision"] == "edge where the number is above 0"
    output = torch.randn(1, 1, 8, 8)
    assert torch.equal((output[:, 0] > 0).byte(), task.predict(output))


def test_a_further_mask_has_its_own_names_and_numbers() -> None:
    said = describe_output(SegmentationConfig(layer="parts").build("parts", EXAMPLE_VOCABULARY), EXAMPLE_VOCABULARY)
    assert said["classes"] == [
        {"id": id_, "name": name, "category_id": id_} for id_, name in enumerate(("none", "leg", "head"))
    ]


def test_depth_and_normals_are_functions_of_the_output() -> None:
    depth, normals = (each.build("task", EXAMPLE_VOCABULARY) for each in (DepthConfig(), NormalsConfig()))
    assert describe_output(depth, EXAMPLE_VOCABULARY)["decision"] == "log(1 + exp(number)) + 0.001 is the depth"
    output = torch.randn(1, 1, 8, 8)
    torch.testing.assert_close(depth.predict(output), (1 + output.exp()).log() + 0.001)
    assert "divided by its length over axis 1" in str(describe_output(normals, EXAMPLE_VOCABULARY)["decision"])
    output = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(normals.predict(output), output / output.norm(dim=1, keepdim=True))


@pytest.mark.parametrize("config", [DistanceConfig()])
def test_of_other_tasks_no_more_is_said_than_is_known(config: DistanceConfig) -> None:
    said = describe_output(config.build("distance", VOCABULARY), VOCABULARY)
    assert said["kind"] == "numbers"
    assert json.loads(json.dumps(said)) == said
