"""Whether masks have the size of their photographs: one that has not costs itself, all of them the data set.

Shape legend: ``h w`` the photograph's own size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.files import mask_size
from auxseg.data.sources.pictures.native import native_size
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_NUM_LOOKED_AT: Final = 16


def fitting(
    mask: np.ndarray | None, image: UInt[np.ndarray, "h w C"], dropped: tuple[str, ...]
) -> tuple[UInt8[np.ndarray, "h w"] | None, tuple[str, ...]]:
    """The mask, if it has the size of its image, and why labels were left out, to which it may be added."""
    if mask is None or mask.shape == image.shape[:2]:
        return mask, dropped
    (mask_height, mask_width), (height, width) = mask.shape, image.shape[:2]
    return None, (*dropped, f"its mask is {mask_height} x {mask_width} (height x width), its image {height} x {width}")


def refuse_misfits(pairs: Sequence[tuple[ImageFile, ImageFile]]) -> None:
    """Raise `InputError` if no mask, of some that are looked at, has the size of its photograph, turned or not."""
    reasons: list[str] = []
    for photograph, mask in pairs[:: max(len(pairs) // _NUM_LOOKED_AT, 1)]:
        try:
            (height, width), hw = native_size(photograph), mask_size(mask)
        except SampleError:
            continue
        if sorted(hw) == sorted((height, width)):
            return
        reasons.append(
            f"for example, {mask.name} is {hw[0]} x {hw[1]} (height x width), {photograph.name} {height} x {width}"
        )
    if reasons:
        raise InputError(f"no mask has the size of its image: {reasons[0]}")
