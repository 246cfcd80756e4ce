"""A task reads the layer that is named, or the first that fits, and else says what the data have."""

from __future__ import annotations

import pytest

from auxseg.data.layers import METRES, MapForm, MaskForm
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import DepthConfig, MapConfig, NormalsConfig, SegmentationConfig

LAYERS = {
    "flow": MapForm(channels=2, unit="px", is_vector=True),
    "disparity": MapForm(unit="px"),
    "far": MapForm(unit=METRES),
    "depth": MapForm(unit=METRES),
    "normals": MapForm(channels=3, is_vector=True),
    "parts": MaskForm(("none", "leg", "head")),
    "one": MaskForm(("all",)),
}
FULL = Vocabulary(Size.of(16), ("background", "thing"), {}, layers=LAYERS)
BARE = Vocabulary(Size.of(16), ("background", "thing"), {})


@pytest.mark.parametrize(
    ("config", "layer"),
    [
        (DepthConfig(), "far"),
        (DepthConfig(layer="depth"), "depth"),
        (DepthConfig(layer="disparity"), "disparity"),
        (NormalsConfig(), "normals"),
        (MapConfig(), "flow"),
        (MapConfig(layer="normals"), "normals"),
        (SegmentationConfig(layer="parts"), "parts"),
    ],
)
def test_the_layer_that_is_read(config, layer) -> None:
    assert config.build("task", FULL).layers == {layer}


def test_a_segmentation_without_a_layer_reads_the_mask() -> None:
    assert SegmentationConfig().build("task", FULL).layers == frozenset()


@pytest.mark.parametrize(
    ("config", "vocabulary", "reason"),
    [
        (
            DepthConfig(),
            BARE,
            "tasks.task: needs a map of one channel in metres as a layer, but the data have no layers; "
            "leave the task out by tasks.task=off",
        ),
        (
            NormalsConfig(),
            Vocabulary(Size.of(16), (), {}, layers={"depth": MapForm(unit=METRES)}),
            "tasks.task: needs a map of unit vectors with three channels as a layer, but the data have depth (a map of "
            "numbers, 1 channel, in m); leave the task out by tasks.task=off",
        ),
        (
            DepthConfig(layer="flow"),
            FULL,
            "tasks.task.layer: needs a map of one channel, but 'flow' is a map of vectors, 2 channels, in px",
        ),
        (
            SegmentationConfig(layer="depth"),
            FULL,
            "tasks.task.layer: needs a mask, but 'depth' is a map of numbers, 1 channel, in m",
        ),
        (SegmentationConfig(layer="one"), FULL, "tasks.task: needs masks of at least two classes, but the data have 1"),
    ],
)
def test_data_that_cannot_serve_are_refused(config, vocabulary, reason) -> None:
    with pytest.raises(InputError) as refused:
        config.build("task", vocabulary)
    assert str(refused.value) == reason


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"the data have no layer 'depht' \(did you mean 'depth'\?\); they have flow"):
        MapConfig(layer="depht").build("task", FULL)


@pytest.mark.parametrize("config", [DepthConfig, NormalsConfig, MapConfig])
def test_a_loss_that_is_unknown_is_refused(config) -> None:
    with pytest.raises(InputError, match=r"tasks\.task\.losses: unknown loss 'huber'"):
        config(losses={"huber": 1.0}).build("task", FULL)
