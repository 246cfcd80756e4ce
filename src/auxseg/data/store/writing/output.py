"""Where a store is written: under another name beside its place, which it takes when it is whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import LayerForm
from auxseg.data.store.shards.index_file import INDEX_FILE, read_index_file
from auxseg.data.store.store import Store
from auxseg.data.store.writing.record_writer import RecordWriter
from auxseg.data.store.writing.sharded_writer import ShardedWriter
from auxseg.data.store.writing.writer import StoreWriter
from auxseg.errors import InputError
from auxseg.files import replacing, replacing_folder, sweep
from auxseg.records.values.size import Size


@contextmanager
def store_writer(
    out: Path,
    size: Size | LongSide,
    layers: Mapping[str, LayerForm],
    *,
    channels: Channels = RGB,
    original_masks: bool = False,
    shard_size: int | None = None,
    overwrite: bool = False,
) -> Iterator[RecordWriter]:
    """A writer of a store that appears at ``out`` when all has gone well: a file, or a folder of shards.

    Raises `InputError` if ``out`` exists and may not be replaced, or nothing can be written there.
    """
    how = {"channels": channels, "original_masks": original_masks}
    if shard_size is None:
        with output(out, overwrite) as partial, StoreWriter(partial, size, layers, **how) as writer:
            yield writer
    else:
        with (
            output(out, overwrite, is_folder=True) as partial,
            ShardedWriter(partial, shard_size, size, layers, **how) as writer,
        ):
            yield writer


def is_of(path: Path, store: Store) -> bool:
    """Whether a path is a store, one of its files, or a folder that holds one: to replace it would end the store."""
    place = path.resolve()
    files = [file.resolve() for file in (store.path, *store.files)]
    return path.exists() and any(place == file or place in file.parents for file in files)


@contextmanager
def output(out: Path, overwrite: bool, *, is_folder: bool = False) -> Iterator[Path]:
    """A writable temporary file, or an empty temporary folder, that becomes ``out`` if all goes well."""
    check = _check_folder if is_folder else _check_file
    check(out, overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise InputError(f"{out} cannot be written to {out.parent}: {error.strerror}") from error
    sweep(out)
    with replacing_folder(out) if is_folder else replacing(out, alone=True) as partial:
        check(out, overwrite)  # again: another process may have finished it before this one got the lock
        yield partial


def _check_file(out: Path, overwrite: bool) -> None:
    if out.is_dir():
        raise InputError(f"{out} is a directory; give the name of a file, or a shard size to write several files")
    if out.exists() and not out.is_file():
        raise InputError(f"{out} is not a regular file; a store is one file")
    if (out.parent / INDEX_FILE).is_file():
        raise InputError(
            f"{out.parent} is a store of several files, which has no room for others; choose another folder"
        )
    if out.exists() and not overwrite:
        raise InputError(f"{out} already exists; --overwrite replaces it")


def _check_folder(out: Path, overwrite: bool) -> None:
    """Nothing is replaced but a store of several files that holds nothing else."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"{out} is a {'link' if out.is_symlink() else 'file'}; a store of several files is a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / INDEX_FILE).is_file():
        raise InputError(f"{out} holds other things than a store; choose another folder")
    if not overwrite:
        raise InputError(f"{out} already exists; --overwrite replaces it")
    known = {INDEX_FILE, *(shard.file for shard in read_index_file(out).shards)}
    others = sorted(path.name for path in out.iterdir() if path.name not in known)
    if others:
        raise InputError(f"{out} holds other things than a store ({others[0]!a:.80}); choose another folder")
