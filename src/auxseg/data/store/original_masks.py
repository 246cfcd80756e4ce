"""Masks at the size of their photographs: packed for a store, found again, and unpacked with a bound on the memory.

Shape legend: ``h w`` a photograph's own size, ``N`` samples.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, UInt8

from auxseg.data.store.blocks import Blocks, read_blocks
from auxseg.data.store.file import StoreFile


@final
@dataclass(frozen=True)
class PackedMask:
    """A mask as one zlib stream of its rows, and the SHA-256 of its shape and pixels."""

    content: bytes
    digest: bytes


def pack(mask: UInt8[np.ndarray, "h w"]) -> PackedMask:
    """Compress a mask without loss."""
    pixels = np.ascontiguousarray(mask).tobytes()
    return PackedMask(zlib.compress(pixels), hashlib.sha256(f"{mask.shape}".encode() + pixels).digest())


def unpack(content: UInt8[np.ndarray, " n"], original: tuple[int, int]) -> UInt8[np.ndarray, "h w"]:
    """The mask of a packed one, of this height and width, as a new array.

    Memory is taken for at most that many pixels, and for no more than a stream of this length can hold (1032 to 1).
    Raises `ValueError` if the stream is damaged or holds another number of pixels.
    """
    height, width = original
    stream = zlib.decompressobj()
    try:
        pixels = stream.decompress(content.tobytes(), height * width + 1)
    except zlib.error as error:
        raise ValueError("cannot be decompressed") from error
    if len(pixels) != height * width or not stream.eof:
        raise ValueError(f"does not have {width} x {height} pixels")
    return np.frombuffer(pixels, np.uint8).reshape(height, width).copy()


@final
@dataclass(frozen=True, eq=False)
class StoredOriginals:
    """Where the packed masks of a store lie, and the SHA-256 over presence, shape and pixels of all masks."""

    content_hash: str
    blocks: Blocks


def read_originals(
    file: StoreFile, content_hash: str | None, has_mask: Bool[np.ndarray, " N"]
) -> StoredOriginals | None:
    """The masks that the header speaks of, ``None`` where there are none. Raises `ValueError` if they are damaged."""
    if content_hash is None:
        return None
    blocks = read_blocks(file, "original_masks", len(has_mask), "masks")
    if ((blocks.num_bytes > 0) != has_mask).any():
        raise ValueError("/original_masks and /has_mask do not name the same samples")
    return StoredOriginals(content_hash, blocks)
