"""Sources that break a rule are caught, each by the rule's own sentence."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.source import Item, Source
from auxseg.testing import check_source
from tests.data.pictures import DrawnSource, draw_sample


class Ours(Source):
    """Four drawn samples, the last of them without labels; one attribute or one step of reading is another."""

    name = "ours"
    mask_classes = ("background", "thing")

    def __init__(self, change: Callable[[Sample], Sample] | None = None, **attributes: Any) -> None:
        self.change = change
        self.num_read = 0
        vars(self).update(attributes)

    def items(self) -> Sequence[Item]:
        return [Item(f"drawn {index}", "train") for index in range(4)]

    def read(self, item: Item) -> Sample:
        self.num_read += 1
        sample = draw_sample(int(item.id.removeprefix("drawn ")))
        if item.id == "drawn 3":
            sample = replace(sample, mask=None, boxes=(), classes={})
        return sample if self.change is None else self.change(sample)

    def provenance(self) -> dict[str, str]:
        return {"source": self.name}


class Shuffles(Ours):
    def items(self) -> Sequence[Item]:
        self.num_read += 1
        return super().items()[:: (-1) ** self.num_read]


class NamesTwoAlike(Ours):
    def items(self) -> Sequence[Item]:
        return [*super().items(), *super().items()]


class NamesASplitOfItsOwn(Ours):
    def items(self) -> Sequence[Item]:
        return [replace(item, split="validation") for item in super().items()]


class HasNoTexts(Ours):
    def provenance(self) -> Any:
        return {"pictures": 4}


class LosesItsPlaceInAPickle(Ours):
    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "lost": True}

    def items(self) -> Sequence[Item]:
        return super().items()[: 2 if hasattr(self, "lost") else 4]


class ReadsAnew(Ours):
    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        return replace(sample, notes=(str(self.num_read),))


class Writes(Ours):
    folder: Path

    def read(self, item: Item) -> Sample:
        (self.folder / item.id).write_text("read")
        return super().read(item)


def invents(sample: Sample) -> Sample:
    """What the data lack is background."""
    return sample if sample.mask is not None else replace(sample, mask=np.zeros(sample.image.shape[:2], np.uint8))


def altered(sample: Sample, **fields: Any) -> Sample:
    """A sample as it may come without checks of shapes, which tests have."""
    other = copy.copy(sample)
    for name, value in fields.items():
        object.__setattr__(other, name, value)
    return other


def renames(sample: Sample) -> Sample:
    return replace(sample, id="other")


def greys(sample: Sample) -> Sample:
    return altered(sample, image=sample.image.astype(np.int16))


def cuts(sample: Sample) -> Sample:
    return sample if sample.mask is None else altered(sample, mask=sample.mask[:-1])


def counts_from_one(sample: Sample) -> Sample:
    return sample if sample.mask is None else replace(sample, mask=sample.mask + 1)


def overshoots(sample: Sample) -> Sample:
    return replace(sample, boxes=(Box(0, 0, 51, 40),))


def names_nothing(sample: Sample) -> Sample:
    return replace(sample, classes={"breed": ""})


BROKEN: list[tuple[Source, str]] = [
    (Shuffles(), "the samples are listed in the same order every time"),
    (NamesTwoAlike(), "every sample has an id of its own"),
    (NamesASplitOfItsOwn(), "an official split is train, val, trainval or test"),
    (HasNoTexts(), "provenance holds texts"),
    (Ours(mask_classes=("thing", "thing")), "every mask class has a name of its own"),
    (Ours(category_ids=(1,)), "category_ids are a number for every mask class, or none"),
    (LosesItsPlaceInAPickle(), "a copy that travelled as a pickle lists the same samples"),
    (ReadsAnew(), "reading a sample twice, or in a copy, gives the same"),
    (Ours(renames), "a sample has the id of its item"),
    (Ours(greys), "an image is uint8 of shape (height, width, 3)"),
    (Ours(cuts), "a mask has the size of its image"),
    (Ours(counts_from_one), "a mask holds indices of mask_classes, or 255 for what counts for nothing"),
    (Ours(overshoots), "a box lies in its image, in pixels, half-open and not empty"),
    (Ours(names_nothing), "a class has a name; a label that is missing is left out"),
    (Ours(invents), "a label that the data lack is None or absent (found: mask)"),
]
UNLABELLED = {"drawn 3": ["mask", "boxes", "colour"]}


def test_a_source_of_ones_own_passes() -> None:
    check_source(Ours(), unlabelled=UNLABELLED)


def test_samples_that_cannot_be_used_are_no_fault() -> None:
    samples = [draw_sample(index) for index in range(4)]
    check_source(DrawnSource(samples, ["train"] * 4, bad=["drawn 1"]))


@pytest.mark.parametrize(("source", "rule"), BROKEN, ids=[rule for _, rule in BROKEN])
def test_a_broken_source_is_caught(source: Source, rule: str) -> None:
    with pytest.raises(AssertionError, match=f"^{type(source).__name__}: {re.escape(rule)}$"):
        check_source(source, unlabelled=UNLABELLED)


def test_a_source_that_writes_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"^Writes: nothing is written to the data$"):
        check_source(Writes(folder=tmp_path), folder=tmp_path)


def test_every_sample_that_is_named_is_read() -> None:
    with pytest.raises(AssertionError, match="a label that the data lack"):
        check_source(Ours(invents), unlabelled=UNLABELLED, num_samples=1)
