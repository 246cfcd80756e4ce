"""Key points of the objects of COCO, of which an image keeps those of one object.

Places in COCO's key points are indices of pixels, whole numbers from 0, as detectron2 reads them
(https://github.com/facebookresearch/detectron2, ``detectron2/data/datasets/coco.py``): half a pixel is added, so that
they lie in the middle of their pixels. Boxes and outlines count from the pixels' edges.

Shape legend: ``K`` key points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float

from auxseg.data.layers import Layer, LayerForm, PointsForm
from auxseg.data.layers.points import HIDDEN, UNLABELLED, VISIBLE, pairs_by_name
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoObject
from auxseg.data.sources.layers.points import point_layer
from auxseg.data.sources.values import BadValue, integer, number, shown
from auxseg.errors import InputError

POINTS: Final = "points"
"""The name of the layer."""

SEVERAL: Final = "several objects have key points, of which those of the largest were kept"
"""The note of an image of which this is so."""

MIDDLE: Final = 0.5
"""From the index of a pixel to its middle."""


def points_form(categories: Categories) -> PointsForm:
    """The key points that all categories with any share. Raises `InputError` if there are none, or several lists."""
    lists = categories.point_names
    if len(lists) == 0:
        raise InputError("layers: no category names key points (keypoints), so there is no layer points")
    if len(lists) > 1:
        one, other = (f"{len(names)} ({', '.join(names[:5])}, ...)" for names in lists[:2])
        raise InputError(
            f"layers: two categories have different key points, {one} and {other}; a layer of points has one list. "
            "Leave the objects of one of them out of the file"
        )
    try:
        said = [_by_name(pairs, lists[0]) for pairs in categories.flip_pairs]
        forms = {PointsForm.from_json({"kind": "points", "names": [*lists[0]], "flip_pairs": pairs}) for pairs in said}
        if len({tuple(form.partners) for form in forms if form is not None}) > 1:
            raise ValueError("two categories have different flip_pairs")
        return next((form for form in forms if form is not None), PointsForm(lists[0], pairs_by_name(lists[0])))
    except ValueError as error:
        raise InputError(f"layers: the key points of the categories cannot be kept: {error}") from None


def _by_name(pairs: object, names: Sequence[str]) -> object:
    """``flip_pairs`` with the names of the points instead of indices. These count from 0, as HRNet and mmpose number
    points; COCO's own ``skeleton`` counts from 1. What is no index stays as it is.

    Raises `ValueError` for an index beyond the points, or one that may as well be the name of another point.
    """
    if not isinstance(pairs, list):
        return pairs
    return [[_name(each, names) for each in pair] if isinstance(pair, list) else pair for pair in pairs]


def _name(point: object, names: Sequence[str]) -> object:
    if type(point) is not int:
        return point
    if not 0 <= point < len(names):
        raise ValueError(f"flip_pairs holds {shown(point)}, but the indices of its points are 0 to {len(names) - 1}")
    if names[point] != str(point) and str(point) in names:
        raise ValueError(f"flip_pairs holds {point}, which is an index and also a name; write names as texts")
    return names[point]


def object_points(
    objects: Sequence[CocoObject], categories: Categories, forms: Mapping[str, LayerForm], hw: tuple[int, int]
) -> tuple[dict[str, Layer], list[str], list[str]]:
    """The layer of an image of this height and width, if it is asked for; notes, and what could not be used.

    An image keeps the key points of the largest object that has any, by the area of its box. Crowds have none.
    """
    form = forms.get(POINTS)
    if not isinstance(form, PointsForm):
        return {}, [], []
    found: list[tuple[float, Float[np.ndarray, "K 3"]]] = []
    for each in objects:
        if each.fault or each.is_crowd or not categories.has_points(each.category) or each.points in (None, []):
            continue
        try:
            rows = _rows(each.points, form)
        except BadValue as error:
            return {}, [], [f"the key points of object {each.id}: {error}; so those of its image are not known"]
        if (rows[:, 2] != UNLABELLED).any():
            found.append((_area(each, rows), rows))
    if not found:
        return {}, [], []
    layer, lost = point_layer(max(found, key=lambda one: one[0])[1], form, hw, POINTS)
    return ({} if layer is None else {POINTS: layer}), [SEVERAL] if len(found) > 1 else [], lost


def _rows(values: object, form: PointsForm) -> Float[np.ndarray, "K 3"]:
    """Raises `BadValue` if they are not three numbers for every point."""
    if not isinstance(values, list) or len(values) != 3 * len(form.names):
        raise BadValue(f"keypoints should be a list of {3 * len(form.names)} numbers, not {shown(values)}")
    rows = np.zeros((len(form.names), 3))
    for place, name in enumerate(form.names):
        x, y, visibility = values[3 * place : 3 * place + 3]
        seen = integer(visibility, f"the visibility of {name}")
        if seen not in (UNLABELLED, HIDDEN, VISIBLE):
            raise BadValue(f"the visibility of {name} should be 0, 1 or 2, not {seen}")
        if seen != UNLABELLED:
            rows[place] = number(x, f"x of {name}") + MIDDLE, number(y, f"y of {name}") + MIDDLE, seen
    return rows


def _area(each: CocoObject, rows: Float[np.ndarray, "K 3"]) -> float:
    """Of the object's box, or of the box around its key points where it has none or one without an area."""
    if each.box is not None and min(each.box[2:]) > 0:
        return each.box[2] * each.box[3]
    places = rows[rows[:, 2] != UNLABELLED, :2]
    return float(np.ptp(places, axis=0).prod())
