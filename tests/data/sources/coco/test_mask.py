"""What is known of each pixel: the class of the smallest object on it, the background, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.sample import IGNORE
from auxseg.data.sources.coco import mask
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoCategory, CocoObject
from auxseg.data.sources.coco.mask import STRAY, DrawnMask, draw_mask

HW = 12, 16
CAT, DOG = 3, 18
CATEGORIES = Categories([(Path("a.json"), [CocoCategory(CAT, "cat", ""), CocoCategory(DOG, "dog", "")])], {CAT, DOG})
Corners = tuple[int, int, int, int]


def polygon(x0: int, y0: int, x1: int, y1: int) -> list[list[int]]:
    return [[x0, y0, x1, y0, x1, y1, x0, y1]]


def thing(corners: Corners | None, category: int = CAT, **changes: Any) -> CocoObject:
    """A rectangle with its outline and its box; none of both without corners."""
    x0, y0, x1, y1 = corners or (0, 0, 0, 0)
    made = CocoObject("7", category, polygon(x0, y0, x1, y1), False, (x0, y0, x1 - x0, y1 - y0))
    made = made if corners else made._replace(outline=[], box=None)
    return made._replace(**changes)


def bare(corners: Corners | None, category: int = CAT, **changes: Any) -> CocoObject:
    """A box without an outline."""
    return thing(corners, category, **({"outline": []} | changes))


def draw(*objects: CocoObject) -> DrawnMask:
    drawn = draw_mask(objects, CATEGORIES, HW, with_things=True)
    plain = draw_mask(objects, CATEGORIES, HW)
    assert plain.things is None
    np.testing.assert_array_equal(plain.mask, drawn.mask)
    return drawn


def expected(*rectangles: tuple[Corners, int]) -> np.ndarray:
    """Rectangles of a value, one over the other."""
    mask = np.zeros(HW, np.uint8)
    for (x0, y0, x1, y1), value in rectangles:
        mask[y0:y1, x0:x1] = value
    return mask


def test_without_objects_all_is_background():
    drawn = draw()
    np.testing.assert_array_equal(drawn.mask, np.zeros(HW))
    assert (drawn.notes, drawn.faults) == ((), ())


def test_objects_have_the_numbers_of_their_classes():
    drawn = draw(thing((1, 1, 5, 9)), thing((8, 2, 15, 4), DOG))
    np.testing.assert_array_equal(drawn.mask, expected(((1, 1, 5, 9), 1), ((8, 2, 15, 4), 2)))
    assert (drawn.notes, drawn.faults) == ((), ())


@pytest.mark.parametrize("turn", [1, -1])
def test_the_smaller_object_lies_above_in_whatever_order_they_stand(turn):
    objects = [thing((0, 0, 10, 10)), thing((2, 2, 6, 6), DOG), thing((3, 3, 4, 5))]
    np.testing.assert_array_equal(
        draw(*objects[::turn]).mask, expected(((0, 0, 10, 10), 1), ((2, 2, 6, 6), 2), ((3, 3, 4, 5), 1))
    )


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("change", [{"is_crowd": True}, {"fault": "its category is not in the file"}])
def test_crowds_and_objects_of_unknown_class_are_ignored_beneath_all_others(turn, change):
    objects = [thing((0, 0, 10, 10)), thing((8, 8, 12, 12), DOG)._replace(**change)]
    np.testing.assert_array_equal(draw(*objects[::turn]).mask, expected(((8, 8, 12, 12), IGNORE), ((0, 0, 10, 10), 1)))


def test_the_area_counts_as_it_is_drawn_not_as_its_box_is():
    """A thin frame around a square is the smaller object, though its box is larger."""
    square, frame = thing((2, 2, 10, 11)), thing((1, 1, 11, 11), DOG)
    outline = np.zeros(HW, np.uint8)
    outline[1:11, 1:11] = 1
    outline[3:9, 3:9] = 0
    flat = outline.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [2]])))
    frame = frame._replace(outline={"size": [*HW], "counts": np.diff(np.concatenate([[0], edges])).tolist()})
    assert outline.sum() < (10 - 2) * (11 - 2)
    drawn = draw(frame, square)
    assert drawn.mask is not None
    assert (drawn.mask[outline == 1] == 2).all()
    assert drawn.mask[5, 5] == 1


def test_a_box_without_outline_is_ignored_to_the_last_pixel_that_it_touches():
    drawn = draw(thing((0, 0, 4, 4)), bare((0, 0, 1, 1), DOG, id="9", box=(5.7, 2.2, 3.1, 4.0)))
    np.testing.assert_array_equal(drawn.mask, expected(((5, 2, 9, 7), IGNORE), ((0, 0, 4, 4), 1)))
    assert drawn.faults == ("object 9 has no outline; its box is ignored in the mask",)


def test_a_box_that_reaches_out_is_ignored_where_the_picture_is():
    drawn = draw(thing((0, 0, 4, 4)), bare((0, 0, 1, 1), box=(13.5, -3, 40, 5)))
    np.testing.assert_array_equal(drawn.mask, expected(((13, 0, 16, 2), IGNORE), ((0, 0, 4, 4), 1)))


@pytest.mark.parametrize("box", [None, (20, 2, 4, 4), (5, 5, 0, 4), (5, 5, -3, 4)])
def test_an_object_that_could_be_anywhere_leaves_no_mask(box):
    drawn = draw(thing((0, 0, 4, 4)), bare((0, 0, 1, 1), id="9", box=box))
    assert drawn.mask is None
    assert drawn.faults == ("no mask: object 9 has no outline, and no box in which to ignore it",)


def test_every_object_that_could_be_anywhere_is_named():
    drawn = draw(thing((0, 0, 4, 4)), bare(None, id="8"), bare((1, 1, 3, 3), id="9"), thing(None, id="10"))
    assert drawn.mask is None
    assert drawn.faults == (
        "no mask: object 8 has no outline, and no box in which to ignore it",
        "no mask: object 10 has no outline, and no box in which to ignore it",
    )


@pytest.mark.parametrize(
    ("objects", "others"),
    [
        ([bare((1, 1, 3, 3))], ""),
        ([bare((1, 1, 3, 3)), bare((4, 4, 6, 6))], ", nor has any other of its 2"),
        ([bare((1, 1, 3, 3)), thing((4, 4, 6, 6), is_crowd=True)], ", nor has any other of its 2"),
        ([bare((1, 1, 3, 3)), thing((4, 4, 6, 6), fault="?")], ", nor has any other of its 2"),
    ],
)
def test_where_no_object_has_an_outline_there_is_no_mask(objects, others):
    drawn = draw(*objects)
    assert drawn.mask is None
    assert drawn.faults == (f"no mask: object 7 has no outline{others}",)


def test_an_outline_that_is_wrong_says_why_and_costs_its_box():
    wrong = thing((5, 5, 9, 9), DOG, id="9", outline={"size": [1, 2], "counts": [2]})
    drawn = draw(thing((0, 0, 4, 4)), wrong)
    np.testing.assert_array_equal(drawn.mask, expected(((0, 0, 4, 4), 1), ((5, 5, 9, 9), IGNORE)))
    assert drawn.faults == (
        "object 9 has no usable outline (an outline is for an image of [1, 2] (height, width), but this is 12 x 16); "
        "its box is ignored in the mask",
    )


@pytest.mark.parametrize("turn", [1, -1])
def test_what_is_ignored_hides_no_object(turn):
    objects = [thing((0, 0, 8, 8)), bare((2, 2, 12, 6), DOG)]
    np.testing.assert_array_equal(draw(*objects[::turn]).mask, expected(((2, 2, 12, 6), IGNORE), ((0, 0, 8, 8), 1)))


def test_stray_points_of_outlines_are_noted_once():
    stray = [*polygon(1, 1, 5, 5), [1, 1, 2, 2]]
    drawn = draw(thing((1, 1, 5, 5), outline=stray), thing((7, 7, 9, 9), outline=[*stray, [3, 3]]))
    np.testing.assert_array_equal(drawn.mask, expected(((1, 1, 5, 5), 1)))
    assert (drawn.notes, drawn.faults) == ((STRAY,), ())
    assert draw(bare(None), thing((1, 1, 5, 5), outline=stray)).notes == (STRAY,)


def test_every_object_is_a_thing_of_its_own():
    touching, small = thing((1, 1, 8, 9)), thing((8, 1, 15, 9))
    above, stuff = thing((2, 2, 4, 4), DOG), thing((9, 2, 12, 4), DOG, is_thing=False)
    things = draw(touching, small, above, stuff).things
    assert things is not None
    assert things.dtype == np.uint16
    numbers = [things[1, 1], things[1, 8], things[2, 2], things[2, 9], things[0, 0]]
    assert len({*numbers}) == 4
    assert numbers[3:] == [0, 0]
    np.testing.assert_array_equal(things == numbers[0], expected(((1, 1, 8, 9), 1), ((2, 2, 4, 4), 0)))


@pytest.mark.parametrize(
    "unknown", [thing((8, 2, 12, 6), is_crowd=True), thing((8, 2, 12, 6), 99, fault="?"), bare((8, 2, 12, 6))]
)
def test_things_are_unknown_where_the_mask_is_ignored(unknown):
    drawn = draw(thing((1, 1, 5, 9)), unknown)
    assert drawn.things is not None
    np.testing.assert_array_equal(drawn.things == UNKNOWN, drawn.mask == IGNORE)
    assert (drawn.things == UNKNOWN).sum() == 16


def test_more_things_than_numbers_are_not_known(monkeypatch):
    monkeypatch.setattr(mask, "UNKNOWN", 3)
    assert draw(*[thing((1, 1, 5, 9))] * 2).things is not None
    drawn = draw(*[thing((1, 1, 5, 9))] * 3)
    assert drawn.things is None
    np.testing.assert_array_equal(drawn.mask, expected(((1, 1, 5, 9), 1)))


def test_without_a_mask_things_are_not_known():
    assert draw(thing(None)).things is None


def test_a_number_in_the_file_is_that_of_the_instance():
    things = draw(thing((1, 1, 5, 9), thing=500), thing((6, 1, 9, 9), DOG, thing=500, is_thing=False)).things
    assert things is not None
    np.testing.assert_array_equal(things == 500, expected(((1, 1, 5, 9), 1), ((6, 1, 9, 9), 1)))


def test_numbers_of_the_file_and_others_are_not_the_same():
    objects = [thing((1, 1, 5, 9), thing=2), thing((6, 1, 9, 9), thing=1), thing((10, 1, 12, 9)), thing((13, 1, 15, 9))]
    things = draw(*objects).things
    assert things is not None
    assert [things[1, x] for x in (1, 6)] == [2, 1]
    assert len(np.unique(things)) == 5


def test_a_category_of_the_background_is_no_thing():
    categories = Categories(
        [(Path("a.json"), [CocoCategory(0, "background", ""), CocoCategory(CAT, "cat", "")])], {0, CAT}
    )
    drawn = draw_mask([thing((1, 1, 5, 9)), thing((2, 2, 4, 4), 0)], categories, HW, with_things=True)
    assert drawn.things is not None
    np.testing.assert_array_equal(drawn.things > 0, expected(((1, 1, 5, 9), 1), ((2, 2, 4, 4), 0)))
