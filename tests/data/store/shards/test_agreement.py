"""Two stores agree, or the sentence names both and what differs."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from auxseg.data.channels import Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import MapForm
from auxseg.data.store.header import Header
from auxseg.data.store.shards.agreement import disagreement
from auxseg.records.values.size import Size

HASH = "0" * 64
HEADER = Header(
    size=Size(32, 48),
    resize="squash",
    border="none",
    box_from_mask=False,
    mask_classes=("background", "cat", "dog"),
    labels={"species": ("cat", "dog")},
    provenance={"source": "drawn"},
    skipped=(),
    dropped=(),
    exif="apply",
    category_ids=(0, 7, 9),
    has_background=True,
    layers={"depth": (MapForm(unit="m"), HASH)},
    original_masks=None,
)
MAY_DIFFER: dict[str, Any] = {
    "provenance": {"source": "folder"},
    "skipped": (("a", "torn"),),
    "dropped": (("b", "torn"),),
}
DIFFER: list[tuple[str, Any, str]] = [
    ("size", Size(32, 32), "B has images of 32 px, but A has images of 32x48 px"),
    ("size", LongSide(), "B has images of their own sizes, but A has images of 32x48 px"),
    ("size", LongSide(99), "B has images with a long side of 99 px, but A has images of 32x48 px"),
    ("resize", "letterbox", "B has resize letterbox, but A has resize squash"),
    ("border", "ignore", "B has border ignore, but A has border none"),
    ("exif", "ignore", "B has exif ignore, but A has exif apply"),
    ("box_from_mask", True, "B has boxes made from masks, but A has boxes of its own"),
    ("has_background", False, "B has no background class, but A has a background class"),
    ("original_masks", HASH, "B has original masks, but A has no original masks"),
    ("mask_classes", ("background", "dog", "cat"), "B has the mask class 1 'dog', but A has the mask class 1 'cat'"),
    ("mask_classes", ("background", "cat"), "B has no mask class 2, but A has the mask class 2 'dog'"),
    ("category_ids", (0, 7, 8), "B has the category id 2 '8', but A has the category id 2 '9'"),
    ("labels", {"species": ("cat",)}, "B has no species class 1, but A has the species class 1 'dog'"),
    ("labels", {}, "B has no label 'species', but A has the label 'species'"),
    ("layers", {}, "B has no layer 'depth', but A has the layer 'depth'"),
    ("layers", {"depth": (MapForm(), HASH)}, "B has the layer depth as {"),
    ("channels", Channels(("grey",), "uint16"), "B has 1 channel of uint16 (grey), but A has 3 channels of uint8 "),
]


def test_samples_and_provenance_may_differ():
    layers = {name: (form, "1" * 64) for name, (form, _) in HEADER.layers.items()}
    assert disagreement(HEADER, "A", replace(HEADER, layers=layers, **MAY_DIFFER), "B") == ""


@pytest.mark.parametrize(("what", "value", "sentence"), DIFFER)
def test_all_else_may_not(what, value, sentence):
    found = disagreement(HEADER, "A", replace(HEADER, **{what: value}), "B")
    assert found.startswith(sentence)
    assert disagreement(replace(HEADER, **{what: value}), "A", HEADER, "B") != ""


def test_every_part_of_a_header_is_one_or_the_other():
    assert {each.name for each in fields(Header)} == {*MAY_DIFFER, *(what for what, _, _ in DIFFER)}
