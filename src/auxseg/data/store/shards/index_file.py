"""The index of a store of several files, written and read; `auxseg.data.store.shards` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from auxseg.data.store.file import HASH_LENGTH
from auxseg.errors import InputError, RunError

if TYPE_CHECKING:
    from pydantic import ConfigDict

INDEX_FILE: Final = "shards.json"
"""Its name in the folder of the shards."""

FORMAT: Final = 1

MOST_SHARDS: Final = 10_000
"""Shards of one store: more would take long to open."""

_MAX_BYTES: Final = 2**30
"""Of an index: it lists what was left out, and whatever provenance says of every sample."""

MEND: Final = "restore it, or prepare or join the data again"

_STRICT: Final[ConfigDict] = {"extra": "forbid"}
_SHA256: Final = re.compile(rf"[0-9a-f]{{{HASH_LENGTH}}}")


@final
@dataclass(frozen=True)
class Shard:
    """One file: its name in the folder, its number of samples and its content hash."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    file: str
    samples: int
    content_hash: str


@final
@dataclass(frozen=True)
class ShardIndex:
    """What the index says; see `auxseg.data.store.shards`."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    content_hash: str
    shards: tuple[Shard, ...]
    provenance: Mapping[str, Any]
    skipped: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    format: int = field(default=FORMAT, kw_only=True)


def shard_name(number: int) -> str:
    """The file name of a shard."""
    return f"shard-{number:04d}.h5"


def write_index(folder: Path, index: ShardIndex) -> None:
    """Write the index into a folder that nobody reads yet.

    Raises `RunError` for one that is larger than what is read.
    """
    values = {**vars(index), "shards": [vars(shard) for shard in index.shards]}
    content = (json.dumps(values, separators=(",", ":")) + "\n").encode()
    if len(content) > _MAX_BYTES:
        raise RunError(
            f"{INDEX_FILE} would have {len(content):,} bytes, over the limit of {_MAX_BYTES:,}; divide the data into "
            "several stores"
        )
    (folder / INDEX_FILE).write_bytes(content)


def read_index_file(folder: Path) -> ShardIndex:
    """Read the index of a folder.

    Raises `InputError` if there is none, for unknown keys and for values that cannot be meant, such as a shard outside
    of the folder.
    """
    path = folder / INDEX_FILE
    if not path.is_file():
        raise InputError(
            f"{folder} is a directory without {INDEX_FILE}; a store is one file, or a folder that `auxseg data join` "
            "or `auxseg data prepare --shard-size` wrote"
        )
    from auxseg.records.values.reading import read_versioned  # only who has shards waits for it

    index = read_versioned(path, ShardIndex, FORMAT, max_bytes=_MAX_BYTES, mend=MEND)
    if fault := _fault(index):
        raise InputError(f"{path}: {fault}; {MEND}")
    return index


def _fault(index: ShardIndex) -> str:
    """What is wrong with an index; empty if nothing is."""
    if not 1 <= len(index.shards) <= MOST_SHARDS:
        return f"names {len(index.shards):,} shards, expected 1 to {MOST_SHARDS:,}"
    if not _SHA256.fullmatch(index.content_hash):
        return "content_hash is not a SHA-256 sum"
    if not isinstance(index.provenance.get("source"), str):
        return "provenance does not name a source"
    notes = index.provenance.get("notes", {})
    if not isinstance(notes, dict) or not all(type(count) is int for count in notes.values()):
        return "the notes in provenance are not numbers of samples"
    seen: set[str] = set()
    for shard in index.shards:
        if fault := _shard_fault(shard):
            return f"the shard {shard.file!a:.80} {fault}"
        if shard.file in seen:
            return f"the shard {shard.file!a:.80} stands in it twice"
        seen.add(shard.file)
    return ""


def _shard_fault(shard: Shard) -> str:
    if shard.file != Path(shard.file).name or shard.file in ("", ".", "..") or "\\" in shard.file or "\0" in shard.file:
        return "is not the name of a file in its folder"
    if shard.samples < 0:
        return f"has {shard.samples} samples"
    return "" if _SHA256.fullmatch(shard.content_hash) else "has a content_hash that is not a SHA-256 sum"
