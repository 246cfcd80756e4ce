"""Writing a store of several files, sample by sample; `auxseg.data.store.shards` describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import LayerForm
from auxseg.data.preparing.record import Record
from auxseg.data.store.alike import ALIKE
from auxseg.data.store.shards.index_file import MOST_SHARDS, Shard, ShardIndex, shard_name, write_index
from auxseg.data.store.writing.content_hash import ContentHash
from auxseg.data.store.writing.record_writer import RecordWriter
from auxseg.data.store.writing.writer import NO_LAYERS, StoreWriter
from auxseg.errors import InputError
from auxseg.records.values.size import Size, SizeLike

_OF_THE_WHOLE: Final = ("notes", "boxes", "undecided_orientations", "remarks", "near_duplicates", ALIKE)
"""What provenance says of all samples. It stands in the index, and in no shard."""


@final
class ShardedWriter(RecordWriter):
    """Writes a store of files with ``shard_size`` samples each; the last one has what is left.

    One file is open at a time. Splits and class names are those of all samples, and known at the end: each file is
    then opened once more for its index.
    """

    def __init__(
        self,
        folder: Path,
        shard_size: int,
        size: SizeLike | LongSide,
        layers: Mapping[str, LayerForm] = NO_LAYERS,
        *,
        channels: Channels = RGB,
        original_masks: bool = False,
    ) -> None:
        super().__init__()
        self._folder, self._shard_size = folder, shard_size
        self._size = size if isinstance(size, LongSide) else Size.of(size)
        self._layers, self._channels, self._original_masks = layers, channels, original_masks
        self._hash = ContentHash(self._size, layers, channels)
        self._shards: list[StoreWriter] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for shard in self._shards:
            shard.__exit__(kind, error, traceback)

    def append(self, record: Record) -> None:
        """Write a record into the last file, or into a new one. Raises `RunError` if the disk is full."""
        if len(self._index) == len(self._shards) * self._shard_size:
            self._begin()
        self._shards[-1].append(record)
        self._index.append(self._shards[-1].last_row)
        self._hash.append(record)

    def finish(
        self,
        split: UInt8[np.ndarray, " N"],
        header: Mapping[str, object],
        provenance: Mapping[str, object],
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Write the index of each file and that of the folder, see `RecordWriter`."""
        names, _ = self.class_ids(labels)
        own = {key: value for key, value in provenance.items() if key not in _OF_THE_WHOLE}
        content_hash = self._hash.finish(split, self._hash.complete(header, names))
        shards: list[Shard] = []
        for number, shard in enumerate(self._shards):
            ids = set(shard.column("id"))
            part = split[number * self._shard_size :][: len(ids)]
            with shard:
                found = shard.finish(part, _of_shard(header, ids), own, names)
            shards.append(Shard(shard_name(number), len(ids), found))
        write_index(
            self._folder,
            ShardIndex(content_hash, tuple(shards), provenance, _pairs(header, "skipped"), _pairs(header, "dropped")),
        )
        return content_hash

    def _begin(self) -> None:
        if self._shards:
            self._shards[-1].set_aside()
        self._shards.append(
            StoreWriter(
                self._folder / shard_name(len(self._shards)),
                self._size,
                self._layers,
                channels=self._channels,
                original_masks=self._original_masks,
                place=self._folder.parent,  # the folder itself has a passing name
            )
        )


def check_shard_size(shard_size: int, num_samples: int, option: str = "shard_size") -> None:
    """Raise `InputError` for a number of samples per file that is none, or would make too many files."""
    if shard_size < 1:
        raise InputError(f"{option} must be at least 1 sample per file, not {shard_size}")
    num_shards = -(-num_samples // shard_size)
    if num_shards > MOST_SHARDS:
        raise InputError(
            f"{option} {shard_size} makes {num_shards:,} files of {num_samples:,} samples, more than {MOST_SHARDS:,}; "
            f"take at least {-(-num_samples // MOST_SHARDS):,}"
        )


def _of_shard(header: Mapping[str, object], ids: set[str]) -> dict[str, Any]:
    """What a shard says of itself: that of the whole, with the labels that were left out of its own samples."""
    dropped = [pair for pair in _pairs(header, "dropped") if pair[0] in ids]
    rest = {key: value for key, value in header.items() if key != "dropped"}
    return rest | {"skipped": []} | ({"dropped": dropped} if dropped else {})


def _pairs(header: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple((id, reason) for id, reason in header.get(key, ()))
