"""The order in which training takes its samples: endless, without a state, keyed by seed and epoch.

Shape legend: ``R`` rows of the store, ``n`` samples that are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

import numpy as np
from jaxtyping import Int64

from auxseg.keyed import keyed_bytes

WINDOW_BLOCKS: Final = 4
"""Blocks whose rows are mixed with each other."""


@final
@dataclass(frozen=True, eq=False)
class Stream:
    """Rows in one endless sequence: a new order of all of them after the other.

    Without ``block`` every order of an epoch is as likely as any other. With it the rows are cut into blocks of this
    many neighbours, the blocks are shuffled, and then the rows of every `WINDOW_BLOCKS` blocks in a row. A disk then
    reads long stretches, but the shuffle is weaker: a batch holds rows of few blocks, so that of a data set that is
    sorted by class it sees few classes.

    ``name`` keys the order beside seed and epoch, so that two streams of one seed are not shuffled alike.
    """

    rows: Int64[np.ndarray, " R"]
    seed: int
    name: str = "order"
    block: int | None = None

    def take(self, start: int, stop: int) -> tuple[Int64[np.ndarray, " n"], list[int]]:
        """The rows at positions ``start`` to ``stop`` (excluded) of the sequence, and the epoch of each."""
        epochs, places = np.divmod(np.arange(start, stop), len(self.rows))
        order = [self._order(int(epoch))[place] for epoch, place in zip(epochs, places, strict=True)]
        return self.rows[order], epochs.tolist()

    def _order(self, epoch: int) -> Int64[np.ndarray, " R"]:
        if self.block is None:
            return _shuffled(self.name, self.seed, epoch, len(self.rows))
        return _in_blocks(self.name, self.seed, epoch, len(self.rows), self.block)


@lru_cache(maxsize=8)
def _shuffled(name: str, seed: int, epoch: int, count: int) -> Int64[np.ndarray, " count"]:
    """The order of an epoch's samples. Remembered, because every batch asks for it."""
    return np.argsort(_generator(name, seed, epoch).random_raw(count), kind="stable")


@lru_cache(maxsize=8)
def _in_blocks(name: str, seed: int, epoch: int, count: int, block: int) -> Int64[np.ndarray, " count"]:
    """The order of an epoch's samples in shuffled blocks. Remembered, because every batch asks for it."""
    generator = _generator(name, seed, epoch)
    place_of_block = np.argsort(np.argsort(generator.random_raw(-(-count // block)), kind="stable"))
    sequence = np.argsort(place_of_block[np.arange(count) // block], kind="stable")
    windows = np.arange(count) // (WINDOW_BLOCKS * block)
    return sequence[np.lexsort((generator.random_raw(count), windows))]


def _generator(name: str, seed: int, epoch: int) -> np.random.Philox:
    return np.random.Philox(key=int.from_bytes(keyed_bytes(16, name, seed, epoch), "little"))
