"""Runs in which boxes supervise the target's masks, and data whose boxes cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Box, Sample
from auxseg.data.sources.source import Item
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import evaluate, load, predict, train
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS, Uneven


class _Surrounded(Uneven):
    """The boxes are those of the masks, also where the mask is missing."""

    def read(self, item: Item) -> Sample:
        sample, whole = super().read(item), self._whole.read(item)
        assert whole.mask is not None
        rows, columns = (whole.mask > 0).nonzero()
        box = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return replace(sample, boxes=(box,))


def test_boxes_train_the_targets_head(tmp_path: Path) -> None:
    prepare(_Surrounded(30), tmp_path / "data.h5", size=32)
    recipe = load_recipe("tiny", [*SETTINGS, "tasks.boxes.kind=box-mask", "training.steps=4"])
    run = train(recipe, tmp_path / "data.h5", tmp_path / "run")
    start, *events = read_events(run.events_file)
    assert start["labelled"]["boxes"] > start["labelled"]["segmentation"]  # also samples without a mask
    assert not [part for part in start["parameters"] if "boxes" in part]
    assert all("boxes" in event["losses"] for event in events if event["event"] == "step")
    assert 0 <= evaluate(run)["figures"]["boxes"]["projection_iou"] <= 1
    prediction = predict(load(run), torch.zeros(20, 30, 3, dtype=torch.uint8).numpy())
    assert list(prediction.masks) == ["segmentation"]
    assert not prediction.pictures


def test_data_whose_boxes_surround_heads_are_refused(store_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "tasks.boxes.kind=box-mask", "training.steps=4"])
    reason = r"boxes takes for granted that boxes surround all of the masks' foreground, but in \d+ of \d+ samples"
    with pytest.raises(InputError, match=reason + r" it is not so; leave the task out with --set tasks\.boxes=off$"):
        train(recipe, store_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()
