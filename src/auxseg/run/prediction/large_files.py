"""Writing what is said of a large image band by band: masks whole, all that is for looking at at a small size.

Shape legend: ``p q`` the size of the image's small copy, ``R`` rows, ``w`` the image's own width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.channels import Channels, displayed
from auxseg.drawing import Picture, overlay_mask
from auxseg.files import replacing
from auxseg.run.prediction.large_image import LargeImage
from auxseg.run.prediction.png_rows import PngRows
from auxseg.tasks.answers import Answer
from auxseg.tasks.answers.assembled import Summed, id_counts


@final
@dataclass(frozen=True)
class Region:
    """Where a class was found: how many pixels, and the box ``x0 y0 x1 y1`` around them, half-open."""

    area: int
    box: tuple[int, int, int, int]

    def joined(self, other: Region) -> Region:
        """Both together."""
        (x0, y0, x1, y1), (u0, v0, u1, v1) = self.box, other.box
        return Region(self.area + other.area, (min(x0, u0), min(y0, v0), max(x1, u1), max(y1, v1)))


@final
@dataclass(frozen=True, eq=False)
class LargeAnswers:
    """What is left to write of a large image when its masks are written.

    Attributes:
        regions: by task with a mask and by class id, where the class was found.
        summed: by task, its scores and its record.
        overlay: the small copy with all masks.
        pictures: by task whose answer would cover others, the small copy with it.
    """

    regions: Mapping[str, Mapping[int, Region]]
    summed: Mapping[str, Summed]
    overlay: Picture
    pictures: Mapping[str, Picture]


def write_masks(
    bands: Iterable[tuple[slice, Mapping[str, Answer]]],
    image: LargeImage,
    channels: Channels,
    class_names: Sequence[str],
    file: Callable[[str], Path],
) -> LargeAnswers:
    """Write the mask of every task that has one, as answers come, and gather the rest.

    Args:
        bands: the rows of each band, from top to bottom, and the answers by task.
        image: what was asked about.
        channels: what it consists of.
        class_names: the names of the mask classes.
        file: where the mask of a task is written; the file is there when all of it is.
    """
    shown = displayed(image.small, channels)
    pictures: dict[str, Picture] = {}
    masks: dict[str, UInt8[np.ndarray, "p q"]] = {}
    regions: dict[str, dict[int, Region]] = {}
    summed: dict[str, Summed] = {}
    with ExitStack() as stack:
        files: dict[str, PngRows] = {}
        for rows, answers in bands:
            for name, answer in answers.items():
                summed.setdefault(name, Summed(class_names)).add(rows, answer)
                if answer.mask is not None:
                    if name not in files:
                        partial = stack.enter_context(replacing(file(name)))
                        files[name] = PngRows(stack.enter_context(partial.open("wb")), *image.shape[:2])
                        masks[name], regions[name] = np.zeros(image.small.shape[:2], np.uint8), {}
                    files[name].add(answer.mask)
                    _add_regions(regions[name], answer.mask, rows.start)
                    small, middles = image.middles(rows)
                    masks[name][small] = answer.mask[middles][:, image.middle_columns]
                if answer.drawn == "alone":
                    _draw(pictures.setdefault(name, shown.copy()), shown, rows, image.shape[0], answer)
        for each in files.values():
            each.finish()
    overlay = shown
    for mask in masks.values():
        overlay = overlay_mask(overlay, mask)
    return LargeAnswers(regions, summed, overlay, pictures)


def _draw(picture: Picture, shown: Picture, rows: slice, height: int, answer: Answer) -> None:
    """Draw the answer about a band onto its rows of the small copy."""
    first, last = (place * len(picture) // height for place in (rows.start, rows.stop))
    if last > first:
        picture[first:last] = answer.draw(shown[first:last])


def _add_regions(regions: dict[int, Region], mask: UInt8[np.ndarray, "R w"], top: int) -> None:
    for id_ in np.flatnonzero(id_counts(mask)).tolist():
        part = mask == id_
        rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
        box = int(columns[0]), top + int(rows[0]), int(columns[-1]) + 1, top + int(rows[-1]) + 1
        found = Region(int(part.sum()), box)
        regions[id_] = regions[id_].joined(found) if id_ in regions else found
