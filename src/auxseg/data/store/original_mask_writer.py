"""Writing masks at the size of their photographs into a store, one by one; `store` describes the file."""

from __future__ import annotations

import hashlib
from typing import final

import h5py
import numpy as np

from auxseg.data.store.original_masks import BLOCK, PackedMask


@final
class OriginalMaskWriter:
    """The datasets of the original masks. At most one block and one mask wait in memory."""

    def __init__(self, file: h5py.File) -> None:
        self._group = file.create_group("original_masks")
        self._blocks = self._group.create_dataset(
            "blocks", (0, BLOCK), np.uint8, maxshape=(None, BLOCK), chunks=(1, BLOCK)
        )
        self._first = [0]
        self._waiting = bytearray()
        self._hash = hashlib.sha256()

    def append(self, mask: PackedMask | None) -> None:
        """Write the mask of the next sample, or that it has none."""
        content = b"" if mask is None else mask.content
        self._hash.update(b"\0" if mask is None else b"\1" + mask.digest)
        self._first.append(self._first[-1] + len(content))
        self._waiting += content
        while len(self._waiting) >= BLOCK:
            self._write(bytes(self._waiting[:BLOCK]))
            del self._waiting[:BLOCK]

    def describe(self) -> dict[str, object]:
        """What stands in the header: the SHA-256 over presence, shape and pixels of all masks."""
        return {"hash": self._hash.hexdigest()}

    def finish(self) -> None:
        """Write what waits, and where each mask begins."""
        if self._waiting:
            self._write(bytes(self._waiting).ljust(BLOCK, b"\0"))
        self._group.create_dataset("first", data=np.array(self._first, np.int64))

    def _write(self, block: bytes) -> None:
        number = self._blocks.shape[0]
        self._blocks.resize(number + 1, axis=0)
        self._blocks.id.write_direct_chunk((number, 0), block)
