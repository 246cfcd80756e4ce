"""Where the pixels of pictures lie that have each their own size.

Shape legend: ``N`` samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Int32

from auxseg.data.geometry import MAX_STORED_PIXELS
from auxseg.data.store.blocks import Blocks
from auxseg.records.values.size import Size


@final
@dataclass(frozen=True, eq=False)
class OwnSizes:
    """Where pixels lie in a store whose pictures have each their own size, ``shapes``: height and width."""

    shapes: Int32[np.ndarray, "N 2"]
    image: Blocks
    mask: Blocks

    def bounds(self) -> Size:
        """The largest height and the largest width."""
        return Size(*self.shapes.max(0, initial=1).tolist())

    def least(self) -> Size:
        """The smallest height and the smallest width."""
        return Size(*self.shapes.min(0, initial=MAX_STORED_PIXELS).tolist())

    def of(self, row: int) -> Size:
        """The size of one picture."""
        return Size(*self.shapes[row].tolist())

    def in_words(self) -> str:
        """The range of each side."""
        return self.least().up_to(self.bounds())
