"""A label that cannot be used costs that label, not its sample.

Shape legend: ``h w`` the picture's own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.mask_files import check_fits
from auxseg.data.sources.source import SampleError


def fitting(
    mask: np.ndarray | None, image: UInt8[np.ndarray, "h w 3"], dropped: tuple[str, ...]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The mask, if it has the size of its picture, and why labels were left out, to which it may be added."""
    try:
        check_fits(mask, image)
    except SampleError as error:
        return None, (*dropped, str(error))
    return mask, dropped


def with_boxes(sample: Sample, boxes: Sequence[Box]) -> Sample:
    """The sample with those boxes that lie within its picture."""
    height, width = sample.image.shape[:2]
    fitting: list[Box] = []
    dropped: list[str] = []
    for box in boxes:
        if 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height:
            fitting.append(box)
        else:
            dropped.append(
                f"its box{f' {box.name!r}' if box.name else ''} from ({box.x0:g}, {box.y0:g}) to "
                f"({box.x1:g}, {box.y1:g}) is empty or not within the image of {width} x {height}"
            )
    return replace(sample, boxes=tuple(fitting), dropped=(*sample.dropped, *dropped))
