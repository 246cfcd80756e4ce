"""Writing a mask as a PNG file row by row, so that it is never held whole.

Format: Portable Network Graphics (PNG) Specification, third edition, W3C 2025, https://www.w3.org/TR/png-3/.

Shape legend: ``R`` rows, ``w`` the mask's width.
"""

from __future__ import annotations

import struct
import zlib
from typing import IO, Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.drawing import COMPRESSION, palette_image
from auxseg.run.prediction.own_files import mark

_MARK: Final = b"\x89PNG\r\n\x1a\n"
_INDEXED: Final = 3
"""The colour type of pictures with a palette."""


@final
class PngRows:
    """A file of class ids with the palette and the text of other masks; rows come from top to bottom, then `finish`."""

    def __init__(self, file: IO[bytes], height: int, width: int) -> None:
        self._file, self._compress = file, zlib.compressobj(COMPRESSION)
        file.write(_MARK)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _INDEXED, 0, 0, 0))
        self._chunk(b"PLTE", bytes(palette_image(np.zeros((1, 1), np.uint8)).getpalette() or ()))
        for kind, content, *_ in mark().chunks:
            self._chunk(kind, content)

    def add(self, rows: UInt8[np.ndarray, "R w"]) -> None:
        """Write the next rows."""
        unfiltered = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)  # a row begins with its filter, 0 for none
        unfiltered[:, 1:] = rows
        if content := self._compress.compress(unfiltered.tobytes()):
            self._chunk(b"IDAT", content)

    def finish(self) -> None:
        """Write the end, when all rows are there."""
        self._chunk(b"IDAT", self._compress.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, content: bytes) -> None:
        checksum = zlib.crc32(kind + content)
        self._file.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum))
