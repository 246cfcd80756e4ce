"""Samples of any number of bytes each, one after another in blocks of a fixed size: written, found again, checked.

Shape legend: ``N`` samples, ``M`` blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import h5py
import numpy as np
from jaxtyping import Int64

from auxseg.data.store.file import StoreFile

BLOCK: Final = 1 << 16
"""Bytes of one chunk of the file. Samples lie one after another, whatever blocks they touch."""


@final
@dataclass(frozen=True, eq=False)
class Blocks:
    """Where samples lie: from byte ``first[row]`` to ``end[row]`` of all blocks together.

    ``places`` are where the blocks begin in the file.
    """

    first: Int64[np.ndarray, " N"]
    end: Int64[np.ndarray, " N"]
    places: Int64[np.ndarray, " M"]

    def parts(self, row: int, skipped: int = 0, most: int | None = None) -> Iterator[tuple[int, int]]:
        """Where each part of a sample begins in the file, and how many bytes it has; neighbours are one part.

        Of ``most`` bytes after the first ``skipped`` ones, or of all.
        """
        start, stop = int(self.first[row]) + skipped, int(self.end[row])
        stop = stop if most is None else min(stop, start + most)
        if start >= stop:
            return
        low, high = start // BLOCK, -(-stop // BLOCK)
        starts = self.places[low:high].copy()
        ends = starts + BLOCK
        starts[0] += start - low * BLOCK
        ends[-1] -= high * BLOCK - stop
        is_new = np.append(True, starts[1:] != ends[:-1])
        yield from zip(
            starts[is_new].tolist(), (ends[np.append(is_new[1:], True)] - starts[is_new]).tolist(), strict=True
        )

    @property
    def num_bytes(self) -> Int64[np.ndarray, " N"]:
        """How many bytes each sample has."""
        return self.end - self.first

    def extent(self) -> tuple[Int64[np.ndarray, " M"], Int64[np.ndarray, " M"]]:
        """Where the blocks begin and end in the file."""
        return self.places, self.places + BLOCK


def read_blocks(file: StoreFile, group: str, num_samples: int, what: str) -> Blocks:
    """The blocks in a group. Raises `ValueError`, speaking of ``what``, if they are damaged."""
    first = file.column(f"{group}/first", np.int64, num_samples + 1)
    num_blocks = file.length(f"{group}/blocks")
    if first[0] != 0 or (first[1:] < first[:-1]).any() or -(-int(first[-1]) // BLOCK) != num_blocks:
        raise ValueError(f"/{group}/first does not say where {what} begin")
    return Blocks(first[:-1], first[1:], file.chunk_places(f"{group}/blocks", num_blocks, BLOCK))


def read_sized_blocks(file: StoreFile, group: str, num_bytes: Int64[np.ndarray, " N"]) -> Blocks:
    """The blocks of samples that have these numbers of bytes. Raises `ValueError` if they are damaged."""
    blocks = read_blocks(file, group, len(num_bytes), "samples")
    if (blocks.num_bytes != num_bytes).any():
        raise ValueError(f"/{group}/first and /shapes do not agree about the sizes of samples")
    return blocks


def joined_blocks(parts: Sequence[Blocks], bases: Sequence[int]) -> Blocks:
    """The blocks of several files as those of one, of which each file is the part that begins at its base."""
    num_before = np.cumsum([0, *(len(part.places) for part in parts)])[:-1].tolist()
    return Blocks(
        np.concatenate([part.first + BLOCK * before for part, before in zip(parts, num_before, strict=True)]),
        np.concatenate([part.end + BLOCK * before for part, before in zip(parts, num_before, strict=True)]),
        np.concatenate([part.places + base for part, base in zip(parts, bases, strict=True)]),
    )


def extents(blocks: Mapping[str, Blocks]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Where the blocks of each group begin and end in the file, by the name of the dataset."""
    return {f"{group}/blocks": each.extent() for group, each in blocks.items()}


@final
class BlockWriter:
    """Writes the datasets of a group. Less than one block waits in memory, beside the sample that is written."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group
        self._blocks = group.create_dataset("blocks", (0, BLOCK), np.uint8, maxshape=(None, BLOCK), chunks=(1, BLOCK))
        self._first = [0]
        self._waiting = b""

    def append(self, content: bytes) -> None:
        """Write the next sample."""
        self._first.append(self._first[-1] + len(content))
        joined = memoryview(self._waiting + content)
        whole = len(joined) - len(joined) % BLOCK
        number = self._blocks.shape[0]
        if whole:
            self._blocks.resize(number + whole // BLOCK, axis=0)
        for place in range(0, whole, BLOCK):
            self._blocks.id.write_direct_chunk((number + place // BLOCK, 0), bytes(joined[place : place + BLOCK]))
        self._waiting = bytes(joined[whole:])

    def finish(self) -> None:
        """Write what waits, and where each sample begins."""
        if self._waiting:
            number = self._blocks.shape[0]
            self._blocks.resize(number + 1, axis=0)
            self._blocks.id.write_direct_chunk((number, 0), self._waiting.ljust(BLOCK, b"\0"))
        self._group.create_dataset("first", data=np.array(self._first, np.int64))
