"""Whether the samples of two stores can stand in one, and what keeps them from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from auxseg.data.geometry import LongSide
from auxseg.data.store.header import Header
from auxseg.records.values.size import Size

Difference = tuple[str, str]
"""What one store has, and what the other has instead."""


def disagreement(one: Header, name: object, other: Header, other_name: object) -> str:
    """The first thing that two stores disagree about, in words that name both.

    Empty if they agree about everything but their samples.
    """
    for expected, found in _differences(one, other):
        return f"{other_name} has {found}, but {name} has {expected}"
    return ""


def _differences(one: Header, other: Header) -> Iterator[Difference]:
    pairs = (
        (_size_words(one.size), _size_words(other.size)),
        *((f"{what} {getattr(one, what)}", f"{what} {getattr(other, what)}") for what in ("resize", "border", "exif")),
        (one.channels.in_words(), other.channels.in_words()),
    )
    yield from ((expected, found) for expected, found in pairs if expected != found)
    yield from _names(one.mask_classes, other.mask_classes, "mask class")
    yield from _names([*map(str, one.category_ids)], [*map(str, other.category_ids)], "category id")
    if one.has_background != other.has_background:
        yield _either("a background class", "no background class", one.has_background)
    if one.box_from_mask != other.box_from_mask:
        yield _either("boxes made from masks", "boxes of its own", one.box_from_mask)
    if (one.original_masks is None) != (other.original_masks is None):
        yield _either("original masks", "no original masks", one.original_masks is not None)
    yield from _lacking(one.labels, other.labels, "label")
    for label in one.labels:
        yield from _names(one.labels[label], other.labels[label], f"{label} class")
    yield from _lacking(one.layers, other.layers, "layer")
    for name, (form, _) in one.layers.items():
        if form != other.layers[name][0]:
            yield f"the layer {name} as {form.to_json()}", f"the layer {name} as {other.layers[name][0].to_json()}"


def _names(one: Sequence[str], other: Sequence[str], what: str) -> Iterator[Difference]:
    """The first place at which two tables of names differ."""
    for number, (name, instead) in enumerate(zip_longest(one, other)):
        if name != instead:
            yield (
                f"no {what} {number}" if name is None else f"the {what} {number} {name!r}",
                f"no {what} {number}" if instead is None else f"the {what} {number} {instead!r}",
            )
            return


def _lacking(one: Collection[str], other: Collection[str], what: str) -> Iterator[Difference]:
    """The names that only one of two stores has."""
    yield from ((f"the {what} {name!r}", f"no {what} {name!r}") for name in one if name not in other)
    yield from ((f"no {what} {name!r}", f"the {what} {name!r}") for name in other if name not in one)


def _either(yes: str, no: str, is_first: bool) -> Difference:
    return (yes, no) if is_first else (no, yes)


def _size_words(size: Size | LongSide) -> str:
    if isinstance(size, Size):
        return f"images of {size} px"
    return "images of their own sizes" if size.pixels is None else f"images with a long side of {size.pixels} px"
