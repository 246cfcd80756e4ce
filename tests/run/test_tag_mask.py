"""Runs in which the class of a picture bounds its mask, and data where it is no bound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import evaluate, train
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS, Uneven

RECIPE = load_recipe("tiny", [*SETTINGS, "tasks.tags.kind=tag-mask", "training.steps=4"])


class _Species(Uneven):
    """The foreground is the class that the picture is labelled with, or the other one."""

    def __init__(self, *mask_classes: str) -> None:
        super().__init__(30)
        self.mask_classes = ("background", *mask_classes)

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        if sample.mask is None:
            return sample
        mask = sample.mask.copy()
        mask[mask == 1] = ("cat", "dog").index(sample.classes["species"]) + 1
        return replace(sample, mask=mask)


def test_classes_of_pictures_train_the_targets_head(tmp_path: Path) -> None:
    prepare(_Species("cat", "dog"), tmp_path / "data.h5", size=32)
    run = train(RECIPE, tmp_path / "data.h5", tmp_path / "run")
    start, *events = read_events(run.events_file)
    assert start["labelled"]["tags"] > start["labelled"]["segmentation"]  # also samples without a mask
    assert not [part for part in start["parameters"] if "tags" in part]
    assert all(event["losses"]["tags"] > 0 for event in events if event["event"] == "step")
    assert 0 <= evaluate(run)["figures"]["tags"]["allowed_share"] <= 1


def test_data_whose_labels_are_no_bounds_are_refused(tmp_path: Path) -> None:
    prepare(_Species("dog", "cat"), tmp_path / "data.h5", size=32)
    with pytest.raises(InputError, match="tags takes for granted that masks hold no other class than the picture's"):
        train(RECIPE, tmp_path / "data.h5", tmp_path / "run")
    assert not (tmp_path / "run").exists()
