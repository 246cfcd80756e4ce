"""Names that differ as people's names do are one name, and nothing is guessed where two would fit."""

from __future__ import annotations

import unicodedata

import pytest

from auxseg.data.sources.name_matching import Photographs, match_masks


@pytest.mark.parametrize(
    "mask",
    ["IMG 1", "IMG 1_mask", "IMG 1-mask", "IMG 1_Label", "IMG 1.jpg", "img 1", "IMG 1.jpg_mask", "IMG 1_gt", "a/IMG 1"],
)
def test_masks_meet_their_photographs(mask):
    assert match_masks([mask], Photographs(["IMG 1", "IMG 2"])) == {mask: "IMG 1"}


def test_photographs_may_have_a_word_of_their_own():
    assert match_masks(["7_mask", "8_mask"], Photographs(["7_sat", "9_sat"])) == {"7_mask": "7_sat"}


def test_exact_names_come_first_and_nothing_is_guessed():
    photographs = Photographs(["1", "2", "a/3", "b/3", "Cat", "cat"])
    assert match_masks(["1", "1_mask"], photographs) == {"1": "1"}
    assert match_masks(["2_mask", "2_gt"], photographs) == {}
    assert match_masks(["3", "CAT"], photographs) == {}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("images/a/1.jpg", "a/1"),
        ("images\\a\\1.jpg", "a/1"),
        ("C:\\data\\images\\a\\1.jpg", "a/1"),
        ("1.jpg", "a/1"),
        ("x.y", "x.y"),
        ("x.y.png", "x.y"),
        (unicodedata.normalize("NFD", "café"), unicodedata.normalize("NFC", "café")),
        ("2", None),
    ],
)
def test_paths_in_tables_are_found(name, id):
    assert Photographs(["a/1", "x.y", unicodedata.normalize("NFC", "café")]).find(name) == id
