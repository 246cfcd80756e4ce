"""Categories become classes by their ids, whatever order and gaps those have, and doubts are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoCategory
from auxseg.errors import InputError

TRAIN, VAL = Path("train.json"), Path("val.json")


def made(*pairs: tuple[int, str], used: set[int] | None = None) -> Categories:
    """From pairs of id and name, all of which objects have unless told."""
    categories = [CocoCategory(id, name, "") for id, name in pairs]
    return Categories([(TRAIN, categories)], {id for id, _ in pairs} if used is None else used)


@settings(max_examples=30)
@given(st.lists(st.integers(-1000, 10**6), min_size=1, max_size=20, unique=True), st.randoms())
def test_classes_are_in_the_order_of_ids_behind_the_background(ids, chance):
    categories = made(*((id, f"name {id}") for id in ids))
    assert categories.names == ("background", *(f"name {id}" for id in sorted(ids)))
    for id in ids:
        assert categories.names[categories.number(id)] == categories.name(id) == f"name {id}"
        assert not categories.is_background(id)
    shuffled = chance.sample(ids, len(ids))
    assert made(*((id, f"name {id}") for id in shuffled)).names == categories.names


@pytest.mark.parametrize(
    ("ids", "expected"),
    [((1, 2), ()), ((2, 1), ()), ((1, 3), (0, 1, 3)), ((18, 3), (0, 3, 18)), ((0, 1), (-1, 0, 1)), ((7,), (0, 7))],
)
def test_ids_are_kept_unless_they_are_the_positions(ids, expected):
    """Where a category has the 0, the background has a number that no category has."""
    assert made(*((id, f"name {id}") for id in ids)).ids == expected


@pytest.mark.parametrize("name", ["background", "Background", "_background_", "__background__", "BACKGROUND_"])
def test_a_category_called_background_is_class_0_with_its_own_id(name):
    categories = made((7, name), (1, "cat"))
    assert categories.names == ("background", "cat")
    assert categories.ids == (7, 1)
    assert (categories.number(7), categories.number(1)) == (0, 1)
    assert (categories.is_background(7), categories.is_background(1)) == (True, False)
    assert categories.name(7) == "background"
    assert made((0, name), (1, "cat")).ids == ()


def test_a_heading_that_no_object_has_is_no_class():
    tree = [CocoCategory(0, "animal", "none"), CocoCategory(1, "cat", "animal"), CocoCategory(2, "dog", "animal")]
    categories = Categories([(TRAIN, tree)], {1, 2})
    assert categories.names == ("background", "cat", "dog")
    assert categories.ids == ()
    assert categories.remarks == (
        "the category 'animal' (id 0) groups other categories and no object has it, so it is not a class",
    )


@pytest.mark.parametrize(
    ("heading", "used"),
    [
        (CocoCategory(9, "animal", ""), {1, 9}),  # an object has it
        (CocoCategory(9, "animal", "things"), {1}),  # it belongs to another
        (CocoCategory(9, "plant", ""), {1}),  # none belongs to it
        (CocoCategory(9, "plant", "plant"), {1}),  # nor is it its own heading
    ],
)
def test_no_class_is_lost_for_being_unused(heading, used):
    categories = Categories([(TRAIN, [CocoCategory(1, "cat", "animal"), heading])], used)
    assert categories.names == ("background", "cat", heading.name)
    assert categories.remarks == ()


def test_files_may_know_different_parts_of_the_categories():
    one, other = [CocoCategory(3, "cat", ""), CocoCategory(1, "dog", "")], [CocoCategory(2, "owl", "")]
    categories = Categories([(TRAIN, one), (VAL, [*other, one[0]])], {1, 2, 3})
    assert categories.names == ("background", "dog", "owl", "cat")


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(1, "a"), (2, "a")], "train.json: the categories 1 and 2 have the same name 'a'"),
        ([(1, "a"), (1, "b")], "train.json: two categories have the same id 1"),
        ([(1, "a"), (1, "a")], "train.json: two categories have the same id 1"),
        (
            [(1, "background"), (2, "_background_"), (3, "a")],
            "train.json: the categories 1 and 2 are both called background",
        ),
        ([], "train.json should have between 1 and 254 categories, not 0"),
        ([(1, "background")], "train.json should have between 1 and 254 categories, not 0"),
        ([(id, str(id)) for id in range(255)], "train.json should have between 1 and 254 categories, not 255"),
    ],
)
def test_categories_that_leave_a_doubt_are_refused(pairs, reason):
    with pytest.raises(InputError) as error:
        made(*pairs)
    assert str(error.value) == reason


def test_as_many_classes_as_a_mask_has_values_are_taken():
    assert made(*((id, str(id)) for id in range(1, 255))).number(254) == 254


def test_files_that_disagree_about_an_id_are_refused_with_both_names():
    with pytest.raises(InputError, match=r"^val\.json: the category 3 is 'dog', but 'cat' in train\.json$"):
        Categories([(TRAIN, [CocoCategory(3, "cat", "")]), (VAL, [CocoCategory(3, "dog", "")])], {3})
