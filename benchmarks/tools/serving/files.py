"""Files that a server may be sent: photographs, bombs, and photographs with wrong bytes."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image

FORMATS: Final = ("JPEG", "PNG", "TIFF", "WebP", "BMP", "GIF", "PPM")
_MEGABYTE: Final = 2**20


def photograph(width: int, height: int, format: str = "JPEG", seed: int = 0) -> bytes:
    """An image file of soft shapes with noise, about as large as a photograph of that size."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    noise = rng.integers(-8, 9, (height, width, 1), np.int16)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8)).save(buffer, format=format)
    return buffer.getvalue()


@functools.cache
def bomb(side: int = 30_000) -> bytes:
    """A PNG of one colour, whole, with so many black pixels a side: a small file that becomes a large image."""
    row = -(-side // 8) + 1
    compressor, data = zlib.compressobj(1), []
    for start in range(0, row * side, _MEGABYTE):
        data.append(compressor.compress(bytes(min(_MEGABYTE, row * side - start))))
    data.append(compressor.flush())
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", b"".join(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """A file with some wrong bytes, a piece that is missing or doubled, or its end cut off."""
    wrong = bytearray(content)
    start, length = int(rng.integers(len(wrong))), int(rng.integers(1, 65))
    match int(rng.integers(5)):
        case 0:
            del wrong[start:]
        case 1:
            del wrong[start : start + length]
        case 2:
            wrong[start:start] = wrong[start : start + length]
        case 3:  # headers are where sizes stand
            for place in rng.integers(0, min(len(wrong), 200), 3):
                wrong[place] = int(rng.integers(256))
        case _:
            for place in rng.integers(0, len(wrong), int(rng.integers(1, 9))):
                wrong[place] = int(rng.integers(256))
    return bytes(wrong)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
