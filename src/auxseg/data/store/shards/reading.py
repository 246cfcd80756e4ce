"""Several files read as one store: each checked as a store of its own, then all against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from auxseg.data.store.blocks import joined_blocks
from auxseg.data.store.box_tables import joined_tables
from auxseg.data.store.header import Header
from auxseg.data.store.index import read_checked, vocabulary_of
from auxseg.data.store.layers import StoredLayer
from auxseg.data.store.open_file import StoreFiles
from auxseg.data.store.original_masks import StoredOriginals
from auxseg.data.store.own_sizes import OwnSizes
from auxseg.data.store.shards.agreement import disagreement
from auxseg.data.store.shards.index_file import INDEX_FILE, MEND, Shard, read_index_file
from auxseg.errors import InputError
from auxseg.records.values.size import Size

Fields = Mapping[str, Any]
"""The fields of `Store` for one file."""

_COLUMNS: Final = (
    "ids",
    "groups",
    "split",
    "has_mask",
    "boxes",
    "original_sizes",
    "orientations",
    "is_turned",
    "image_hashes",
    "perceptual_hashes",
)
"""Arrays with a row for every sample."""


def read_sharded(folder: Path) -> dict[str, Any]:
    """The fields of `Store` for a folder of shards.

    Raises `InputError` for a folder without an index and for a damaged one, and if a shard is missing, damaged, holds
    other data than the index says, or does not agree with the others.
    """
    index = read_index_file(folder)
    parts: list[Fields] = []
    for shard in index.shards:
        part = _read_shard(folder, shard)
        if parts and (found := disagreement(parts[0]["header"], index.shards[0].file, part["header"], shard.file)):
            raise InputError(f"{folder}: its shard {found}; prepare or join data of equal form")
        parts.append(part)
    if twice := id_twice(zip((shard.file for shard in index.shards), (part["ids"] for part in parts), strict=True)):
        raise InputError(f"{folder}: {twice}; ids are unique in a store: {MEND}")
    first: Header = parts[0]["header"]
    header = replace(
        first,
        provenance=index.provenance,
        skipped=index.skipped,
        dropped=index.dropped,
        # Each shard knows the hashes of its own layers; nobody asks for those of the whole.
        layers={name: (form, "") for name, (form, _) in first.layers.items()},
        original_masks=None if first.original_masks is None else "",
    )
    return _joined(parts, header) | {"content_hash": index.content_hash}


def id_twice(ids: Iterable[tuple[object, np.ndarray]]) -> str:
    """The first id that stands in two of several stores, in words; empty if there is none.

    ``ids`` are pairs of a store's name and its ids.
    """
    place: dict[str, object] = {}
    for name, names in ids:
        for id in names.tolist():
            if id in place:
                return f"the id {id!a:.80} stands twice, in {place[id]} and in {name}"
            place[id] = name
    return ""


def _read_shard(folder: Path, shard: Shard) -> Fields:
    path = folder / shard.file
    if not path.is_file():
        raise InputError(f"{folder}: its shard {shard.file} is missing; {MEND}")
    part = read_checked(path)
    for what, found, expected in (
        ("content hash", part["content_hash"], shard.content_hash),
        ("number of samples", len(part["ids"]), shard.samples),
    ):
        if found != expected:
            raise InputError(
                f"{path} holds other data than {INDEX_FILE} says: its {what} is {found!s:.12}, expected "
                f"{expected!s:.12}; {MEND}"
            )
    return part


def _joined(parts: Sequence[Fields], header: Header) -> dict[str, Any]:
    """The fields of all samples. Places in a file become places in all files together, see `StoreFiles`."""
    files = StoreFiles([file for part in parts for file in part["_files"].files])
    own = _joined_own_sizes([part["own"] for part in parts], files.bases)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
    classes = {label: np.concatenate([part["classes"][label] for part in parts]) for label in header.labels}
    size: Size = parts[0]["size"] if own is None else own.bounds()
    return {
        **parts[0],
        **columns,
        "header": header,
        "size": size,
        "stored_size": size,
        "own": own,
        "vocabulary": vocabulary_of(header, size, classes, columns["split"]),
        "provenance": header.provenance,
        "skipped": header.skipped,
        "dropped": header.dropped,
        "classes": classes,
        "layers": {
            name: _joined_layer([part["layers"][name] for part in parts], files.bases) for name in header.layers
        },
        "originals": _joined_originals([part["originals"] for part in parts], files.bases),
        "_places": np.concatenate([part["_places"] + base for part, base in zip(parts, files.bases, strict=True)]),
        "_is_checked": bytearray(len(columns["ids"])),
        "_files": files,
    }


def _joined_own_sizes(parts: Sequence[OwnSizes | None], bases: Sequence[int]) -> OwnSizes | None:
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return OwnSizes(
        np.concatenate([part.shapes for part in found]),
        joined_blocks([part.image for part in found], bases),
        joined_blocks([part.mask for part in found], bases),
    )


def _joined_originals(parts: Sequence[StoredOriginals | None], bases: Sequence[int]) -> StoredOriginals | None:
    found = [part for part in parts if part is not None]
    return StoredOriginals("", joined_blocks([part.blocks for part in found], bases)) if found else None


def _joined_layer(parts: Sequence[StoredLayer], bases: Sequence[int]) -> StoredLayer:
    present = np.concatenate([part.present for part in parts])
    tables = [part.table for part in parts if part.table is not None]
    blocks = [part.blocks for part in parts if part.blocks is not None]
    return StoredLayer(
        parts[0].form,
        "",
        present,
        np.concatenate(
            [np.where(part.places < 0, -1, part.places + base) for part, base in zip(parts, bases, strict=True)]
        ),
        bytearray(len(present)),
        None,
        joined_tables(tables) if tables else None,
        joined_blocks(blocks, bases) if blocks else None,
    )
