"""Writing masks at the size of their photographs into a store, one by one; `auxseg.data.store` describes the file."""

from __future__ import annotations

import hashlib
from typing import final

import h5py

from auxseg.data.store.blocks import BlockWriter
from auxseg.data.store.original_masks import PackedMask


@final
class OriginalMaskWriter:
    """The datasets of the original masks. At most one block and one mask wait in memory."""

    def __init__(self, file: h5py.File) -> None:
        self._blocks = BlockWriter(file.create_group("original_masks"))
        self._hash = hashlib.sha256()

    def append(self, mask: PackedMask | None) -> None:
        """Write the mask of the next sample, or that it has none."""
        self._hash.update(b"\0" if mask is None else b"\1" + mask.digest)
        self._blocks.append(b"" if mask is None else mask.content)

    def describe(self) -> dict[str, object]:
        """What stands in the header: the SHA-256 over presence, shape and pixels of all masks."""
        return {"hash": self._hash.hexdigest()}

    def finish(self) -> None:
        """Write what waits, and where each mask begins."""
        self._blocks.finish()
