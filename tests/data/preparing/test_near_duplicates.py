"""Pictures that look nearly the same become one group, and nothing else does."""

from __future__ import annotations

import numpy as np
from PIL import Image

from auxseg.data.preparing import near_duplicates
from auxseg.data.preparing.near_duplicates import NearDuplicates
from auxseg.data.preparing.record import RecordSettings, make_record
from auxseg.data.sample import Sample
from auxseg.records.values.size import Size
from tests.data.preparing.test_record import photograph, recompressed


def collected(pictures: list[Image.Image], resize: str = "squash") -> NearDuplicates:
    alike = NearDuplicates(resize)
    for index, picture in enumerate(pictures):
        sample = Sample(f"{index}", np.array(picture))
        alike.add(make_record(sample, RecordSettings(Size.of(64), resize, ("background", "thing"))))
    return alike


def sets_of(groups: list[str]) -> list[list[int]]:
    """The rows of every group of several."""
    names = sorted({group for group in groups if group})
    return [[row for row, group in enumerate(groups) if group == name] for name in names]


def test_copies_and_their_copies_are_one_group():
    pictures = [photograph(index) for index in range(6)]
    pictures += [recompressed(photograph(2)), photograph(2).resize((100, 80)), photograph(4)]
    for resize in ("squash", "letterbox"):
        groups, findings = collected(pictures, resize).merged([""] * 9)
        assert sets_of(groups) == [[2, 6, 7], [4, 8]]
        assert findings == []


def test_groups_that_share_a_near_duplicate_are_joined():
    pictures = [photograph(0), photograph(1), recompressed(photograph(1)), photograph(2), photograph(3)]
    groups, _ = collected(pictures).merged(["cow", "cow", "pig", "pig", ""])
    assert sets_of(groups) == [[0, 1, 2, 3]]


def test_a_degenerate_set_ends_and_says_so(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MAX_CANDIDATES", 1)
    monkeypatch.setattr(near_duplicates, "_CANDIDATES_PER_PICTURE", 1)
    flat = [Image.fromarray(np.full((30, 30, 3), 20 * level, np.uint8)) for level in range(10)]
    groups, findings = collected(flat).merged([""] * 10)
    assert sets_of(groups) == []
    assert [finding.kind for finding in findings] == ["unfinished search"]
    assert "over 11 pairs" in findings[0].text
