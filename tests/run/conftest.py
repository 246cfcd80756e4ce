"""A small store whose labels fall unevenly, and a network without batch statistics to train on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.data.store.store import Store

SETTINGS = (
    "model.encoder.channels=[8, 12]",
    "model.decoder.base=8",
    "model.norm=group",
    "training.batch=6",
    "training.precision=fp32",
    "training.channels_last=false",
)


class Uneven(Source):
    """Generated animals of which every label is missing somewhere, and the masks have ignored pixels."""

    name = "uneven"

    def __init__(self, num_samples: int) -> None:
        self._whole = SyntheticSource(num_samples=num_samples, size=32)
        self.mask_classes = self._whole.mask_classes

    def items(self) -> Sequence[Item]:
        return self._whole.items()

    def read(self, item: Item) -> Sample:
        sample = self._whole.read(item)
        number = [other.id for other in self.items()].index(item.id)
        if number % 3 == 0:
            sample = replace(sample, boxes=())
        if number % 4 == 0:
            sample = replace(sample, classes={name: label for name, label in sample.classes.items() if name != "breed"})
        if number % 5 == 0:
            return replace(sample, mask=None)
        assert sample.mask is not None
        mask = sample.mask.copy()
        mask[: number % 32] = IGNORE
        return replace(sample, mask=mask)

    def provenance(self) -> dict[str, str]:
        return {"source": self.name}


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 40 small samples."""
    path = tmp_path_factory.mktemp("data") / "uneven.h5"
    prepare(Uneven(40), path, size=32)
    return path


@pytest.fixture(scope="session")
def store(store_path: Path) -> Store:
    """The same, open."""
    return Store.open(store_path)
