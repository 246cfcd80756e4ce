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
        grouping = collected(pictures, resize).merged([""] * 9)
        assert sets_of(grouping.groups) == [[2, 6, 7], [4, 8]]
        assert grouping.alike == ((2, 6, 7), (4, 8))
        assert grouping.findings == ()
        assert grouping.in_words() == "near-duplicates: 2 groups of 5 images in all"


def test_groups_that_share_a_near_duplicate_are_joined():
    pictures = [photograph(0), photograph(1), recompressed(photograph(1)), photograph(2), photograph(3)]
    grouping = collected(pictures).merged(["cow", "cow", "pig", "pig", ""])
    assert sets_of(grouping.groups) == [[0, 1, 2, 3]]
    assert grouping.alike == ((1, 2),)  # the groups of the source are no near duplicates


def test_groups_across_splits_are_named():
    pictures = [photograph(0), recompressed(photograph(0)), photograph(1), recompressed(photograph(1)), photograph(2)]
    grouping = collected(pictures).merged([""] * 5)
    assert grouping.leaks(np.array([0, 0, 2, 2, 1]), "abcde") == ()
    (finding,) = grouping.leaks(np.array([0, 0, 1, 2, 1]), "abcde")
    assert finding.kind == "near leak"
    assert finding.rows == (2, 3)
    assert finding.text.startswith("1 group of near-duplicates is in more than one split, ")
    assert "c (val) and d (test)" in finding.text


def test_the_search_tells_how_far_it_is_and_finds_the_same_in_blocks(monkeypatch):
    pictures = [photograph(index % 4) for index in range(4)] + [recompressed(photograph(index)) for index in range(4)]
    whole = collected(pictures).merged([""] * 8)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(near_duplicates, "_BLOCK_PAIRS", 24)
    assert collected(pictures).merged([""] * 8, lambda done, total: told.append((done, total))) == whole
    assert told == [(3, 8), (6, 8), (8, 8)]
    assert whole.alike == ((0, 4), (1, 5), (2, 6), (3, 7))


def test_a_degenerate_set_ends_and_says_so(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MAX_CANDIDATES", 1)
    monkeypatch.setattr(near_duplicates, "_CANDIDATES_PER_PICTURE", 1)
    flat = [Image.fromarray(np.full((30, 30, 3), 20 * level, np.uint8)) for level in range(10)]
    grouping = collected(flat).merged([""] * 10)
    assert sets_of(grouping.groups) == []
    assert [finding.kind for finding in grouping.findings] == ["unfinished search"]
    assert "over 11 pairs" in grouping.findings[0].text
