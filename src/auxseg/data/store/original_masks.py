"""Masks at the size of their photographs: packed for a store, found again, and unpacked with a bound on the memory.

Shape legend: ``h w`` a photograph's own size, ``N`` samples, ``E`` one more than these, ``M`` blocks.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from auxseg.data.store.file import StoreFile

BLOCK: Final = 1 << 16
"""Bytes of one chunk of the file. Packed masks lie one after another, whatever blocks they touch."""


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
    """Where the packed masks of a store lie: from byte ``first[row]`` to ``first[row + 1]`` of all blocks together.

    ``places`` are where the blocks begin in the file. ``content_hash`` is the SHA-256 over presence, shape and pixels
    of all masks.
    """

    content_hash: str
    first: Int64[np.ndarray, " E"]
    places: Int64[np.ndarray, " M"]

    def parts(self, row: int) -> Iterator[tuple[int, int]]:
        """Where each part of a packed mask begins in the file, and how many bytes it has."""
        start, stop = self.first[row : row + 2].tolist()
        while start < stop:
            block, within = divmod(start, BLOCK)
            num_bytes = min(stop - start, BLOCK - within)
            yield int(self.places[block]) + within, num_bytes
            start += num_bytes


def read_originals(
    file: StoreFile, content_hash: str | None, has_mask: Bool[np.ndarray, " N"]
) -> StoredOriginals | None:
    """The masks that the header speaks of, ``None`` where there are none. Raises `ValueError` if they are damaged."""
    if content_hash is None:
        return None
    first = file.column("original_masks/first", np.int64, len(has_mask) + 1)
    num_blocks = file.length("original_masks/blocks")
    if first[0] != 0 or (first[1:] < first[:-1]).any() or -(-int(first[-1]) // BLOCK) != num_blocks:
        raise ValueError("/original_masks/first does not say where masks begin")
    if ((first[1:] > first[:-1]) != has_mask).any():
        raise ValueError("/original_masks and /has_mask do not name the same samples")
    return StoredOriginals(content_hash, first, file.chunk_places("original_masks/blocks", num_blocks, BLOCK))


def extents(originals: StoredOriginals | None) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
    """Where the blocks begin and end in the file, by the name of the dataset."""
    if originals is None:
        return {}
    return {"original_masks/blocks": (originals.places, originals.places + BLOCK)}
