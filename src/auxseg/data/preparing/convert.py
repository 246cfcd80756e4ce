"""A store written again: as a file of today's version, as one file or as several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.arguments import as_path
from auxseg.data.preparing.stored_record import header_values, record_of
from auxseg.data.store.store import Store
from auxseg.data.store.writing.output import is_of, store_writer
from auxseg.data.store.writing.sharded_writer import check_shard_size
from auxseg.errors import InputError, RunError


@final
@dataclass(frozen=True)
class Converted:
    """The store that was written, and the hash of its content, which is that of the old one."""

    path: Path
    num_samples: int
    content_hash: str


def convert(
    old: str | Path,
    out: str | Path,
    *,
    shard_size: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Converted:
    """Write a store again, sample by sample, in the layout that this version writes.

    It becomes one file, or with ``shard_size`` a folder of files with so many samples each. The content stays the same
    to the bit, and so does its hash: runs that were trained on the old store know the new one. Raises `InputError` if
    ``out`` exists, and `RunError` if the store is damaged: its content has another hash than it says.
    """
    store, out = Store.open(old), as_path(out, "out")
    if is_of(out, store):
        raise InputError(f"--out {out} is the store itself, one of its files, or holds it; choose another name")
    if shard_size is not None:
        check_shard_size(shard_size, len(store))
    header = store.header
    with store_writer(
        out,
        header.size,
        {name: layer.form for name, layer in store.layers.items()},
        channels=store.channels,
        original_masks=store.originals is not None,
        shard_size=shard_size,
        overwrite=overwrite,
    ) as writer:
        for row in range(len(store)):
            writer.append(record_of(store, row))
            progress(row + 1, len(store))
        content_hash = writer.finish(store.split, header_values(header), store.provenance, header.labels)
        if content_hash != store.content_hash:
            raise RunError(f"{store.path} is damaged: it does not hold what its content hash covers; prepare it again")
    return Converted(out, len(store), content_hash)
