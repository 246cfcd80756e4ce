"""A label that cannot be used costs that label, not its sample.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.decoding import read_header
from auxseg.data.sources.mask_files import check_fits, mask_size
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_NUM_LOOKED_AT: Final = 16


def fitting(
    mask: np.ndarray | None, image: UInt8[np.ndarray, "h w 3"], dropped: tuple[str, ...]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The mask, if it has the size of its picture, and why labels were left out, to which it may be added."""
    try:
        check_fits(mask, image)
    except SampleError as error:
        return None, (*dropped, str(error))
    return mask, dropped


def refuse_misfits(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Raise `InputError` if no mask, of some that are looked at, has the size of its photograph, turned or not."""
    reasons: list[str] = []
    for photograph, mask in pairs[:: max(len(pairs) // _NUM_LOOKED_AT, 1)]:
        try:
            header, hw = read_header(photograph), mask_size(mask)
        except SampleError:
            continue
        if sorted(hw) == sorted((header.height, header.width)):
            return
        reasons.append(
            f"{mask.name}, for one, is {hw[0]} x {hw[1]} (height x width), {photograph.name} {header.height} x "
            f"{header.width}"
        )
    if reasons:
        raise InputError(f"no mask has the size of its photograph: {reasons[0]}")


def with_boxes(sample: Sample, boxes: Sequence[Box]) -> Sample:
    """The sample with those boxes of which anything lies within its picture."""
    height, width = sample.image.shape[:2]
    usable = [max(box.x0, 0) < min(box.x1, width) and max(box.y0, 0) < min(box.y1, height) for box in boxes]
    dropped = [
        f"its box{f' {box.name!r}' if box.name else ''} from ({box.x0:g}, {box.y0:g}) to ({box.x1:g}, {box.y1:g}) is "
        f"empty or not within the image of {width} x {height} pixels"
        for box, is_usable in zip(boxes, usable, strict=True)
        if not is_usable
    ]
    kept = tuple(box for box, is_usable in zip(boxes, usable, strict=True) if is_usable)
    return replace(sample, boxes=kept, dropped=(*sample.dropped, *dropped))
