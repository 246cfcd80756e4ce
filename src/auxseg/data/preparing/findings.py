"""What looks wrong in a data set: said in one line by `prepare`, and in detail by `inspect`.

Shape legend: ``N`` samples, ``C`` mask classes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Int, UInt8

from auxseg.data.layers import BoxesForm, LayerForm
from auxseg.data.sample import SPLITS

NUM_NAMED: Final = 3
"""How many examples a sentence gives."""

RARE: Final = 0.005
"""Mask classes with a smaller share of the labelled pixels are named: cross-entropy tends to lose them."""

_SMALLEST: Final = 0.00001
_MOST_RARE: Final = 12

UNDECIDED: Final = "undecided orientation"

_UNNAMED: Final = re.compile(r"class \d+")
"""What sources call mask classes of which only the ids are known."""


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong: which kind of trouble, one sentence about it, and the rows it concerns."""

    kind: str
    text: str
    rows: tuple[int, ...] = ()


def grouped(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """The findings by kind, in the order in which the kinds first occur."""
    result: dict[str, list[Finding]] = {}
    for finding in findings:
        result.setdefault(finding.kind, []).append(finding)
    return result


def named(names: Sequence[str], most: int = NUM_NAMED) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def absent_classes(names: Sequence[str], occurs: Bool[np.ndarray, " C"], *, has_background: bool) -> Iterator[Finding]:
    """Mask classes that no mask holds; nothing where there are no masks at all."""
    if not occurs.any():
        return
    if has_background and not occurs[0]:
        yield Finding(
            "no background",
            f"no mask holds the id 0 ({names[0]}); check that ids start at 0 and that 0 is the background",
        )
    absent = [number for number in np.flatnonzero(~occurs).tolist() if number or not has_background]
    if not absent:
        return
    words = [names[number] for number in absent]
    text = f"{len(absent)} of {len(names)} mask classes never occur: {named(words)}"
    if not all(_UNNAMED.fullmatch(word) for word in words):
        yield Finding("absent class", text)
        return
    held = [str(number) for number in np.flatnonzero(occurs).tolist()]
    yield Finding("gap in ids", f"the ids in the masks have gaps, so {text}; the masks hold the ids {named(held)}")


def rare_classes(names: Sequence[str], pixels: Int[np.ndarray, " C"]) -> Iterator[Finding]:
    """Mask classes that occur, but in under `RARE` of the labelled pixels; one finding for all of them."""
    total = int(pixels.sum())
    rare = [number for number, count in enumerate(pixels.tolist()) if 0 < count < RARE * total]
    if rare:
        shares = [pixels[number] / total for number in rare]
        words = [
            f"{names[number]} ({100 * share:.2g}%)" if share >= _SMALLEST else f"{names[number]} (<{_SMALLEST:.3%})"
            for number, share in zip(rare, shares, strict=True)
        ]
        yield Finding(
            "rare class",
            f"{len(rare)} of {len(names)} mask classes have under {RARE:.1%} of the labelled pixels each: "
            f"{named(words, _MOST_RARE)}; networks tend to miss such classes, and "
            "tasks.segmentation.class_weights=balanced gives them more weight",
        )


def missing_masks(has_mask: Bool[np.ndarray, " N"], split: UInt8[np.ndarray, " N"]) -> Iterator[Finding]:
    """A whole data set without masks, or a split that has samples but no mask."""
    if not has_mask.any():
        yield Finding("no masks", "no sample has a mask")
        return
    for number, name in enumerate(SPLITS):
        rows = split == number
        if rows.any() and not has_mask[rows].any():
            yield Finding("no masks", f"none of the {rows.sum():,} samples of {name} has a mask")


def orientations(
    tags: UInt8[np.ndarray, " N"], is_turned: Bool[np.ndarray, " N"], undecided: Sequence[str]
) -> Iterator[Finding]:
    """Photographs whose EXIF orientation nothing decided about, and data sets that treat it in two ways.

    Args:
        tags: the EXIF orientation of each photograph, 1 where it has none.
        is_turned: whether it was applied.
        undecided: the ids of photographs whose labels fit the picture both as stored and as turned.
    """
    has_tag = tags != 1
    if undecided:
        yield Finding(
            UNDECIDED,
            f"{len(undecided):,} of {has_tag.sum():,} images with an EXIF orientation fit their labels both with and "
            f"without it ({named(undecided)}); check their masks, then choose --exif apply or --exif ignore",
        )
    num_turned = int((has_tag & is_turned).sum())
    if 0 < num_turned < has_tag.sum():
        yield Finding(
            "mixed orientations",
            f"{num_turned:,} images were turned by their EXIF orientation, and {has_tag.sum() - num_turned:,} "
            "were read as stored; a model treats new images as the majority was treated",
        )


def boxes_left_out(boxes: Mapping[str, object], layers: Collection[LayerForm] = ()) -> Iterator[Finding]:
    """Boxes that the store has no room for, because it keeps one per sample; see `Tally.boxes`.

    None are left out where one of its layers holds boxes.
    """
    if any(isinstance(form, BoxesForm) for form in layers):
        return
    num_boxes, num_samples, num_kept = (boxes.get(key) for key in ("num_boxes", "num_samples", "num_kept"))
    if not (isinstance(num_boxes, int) and isinstance(num_samples, int) and isinstance(num_kept, int)):
        return
    if num_boxes > num_kept:
        choice = boxes.get("choice")
        kept = "the largest; --box NAME keeps another" if choice == "largest" else f"the only one named {choice!r}"
        yield Finding(
            "boxes left out",
            f"{num_boxes:,} boxes in {num_samples:,} samples; the store keeps one per sample ({kept}), {num_kept:,} "
            "in all",
        )
