"""Writing the file of a store, sample by sample; `auxseg.data.store` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, final

import h5py
import numpy as np
from jaxtyping import UInt8

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import LayerForm
from auxseg.data.preparing.record import Record
from auxseg.data.store.blocks import BlockWriter
from auxseg.data.store.text import encode_texts
from auxseg.data.store.versions import version_for
from auxseg.data.store.writing.content_hash import ContentHash, row_of
from auxseg.data.store.writing.layer_writer import layer_writer
from auxseg.data.store.writing.original_mask_writer import OriginalMaskWriter
from auxseg.data.store.writing.record_writer import RecordWriter
from auxseg.errors import RunError
from auxseg.records.values.size import Size, SizeLike

_BYTE: Final = np.dtype(np.uint8)

NO_LAYERS: Final[Mapping[str, LayerForm]] = MappingProxyType({})


@final
class StoreWriter(RecordWriter):
    """Writes a store of one file."""

    def __init__(
        self,
        path: Path,
        size: SizeLike | LongSide,
        layers: Mapping[str, LayerForm] = NO_LAYERS,
        *,
        channels: Channels = RGB,
        original_masks: bool = False,
        place: Path | None = None,
    ) -> None:
        """``place`` is the folder that errors name, by default that of the file."""
        super().__init__()
        self._path, self._place = path, place or path.parent
        self._size = size if isinstance(size, LongSide) else Size.of(size)
        self._shapes: list[tuple[int, ...]] = []
        self._hash = ContentHash(self._size, layers, channels)
        self._is_set_aside = False
        with self._failures_named():
            # The file is locked already, by whoever made its name, see `auxseg.files.replacing`.
            self._file = h5py.File(path, "w", libver="v110", locking=False)
            self._pictures = [
                _pictures(self._file, "image", self._size, (len(channels),), channels.numpy),
                _pictures(self._file, "mask", self._size),
            ]
            self._layers = {name: layer_writer(self._file, name, form, self._size) for name, form in layers.items()}
            self._version = version_for(self._size, layers.values(), channels)
            self._originals = OriginalMaskWriter(self._file) if original_masks else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            with self._failures_named():
                self._file.close()
        except RunError:
            if error is None:
                raise

    def append(self, record: Record) -> None:
        """Write a record's pictures and remember the rest. Raises `RunError` if the disk is full."""
        with self._failures_named():
            for pictures, picture in zip(self._pictures, (record.image, record.mask), strict=True):
                pictures.append(picture.tobytes())
            for name, layer in self._layers.items():
                layer.append(record.layers.get(name))
            if self._originals is not None:
                self._originals.append(record.original_mask)
        self._index.append(row_of(record))
        self._shapes.append(record.mask.shape)
        self._hash.append(record)

    @property
    def last_row(self) -> dict[str, Any]:
        """What the index keeps of the last record."""
        return self._index[-1]

    def set_aside(self) -> None:
        """Write what waits of the samples and close the file. There may be more such writers than open files."""
        with self._failures_named():
            self._finish_samples()
            self._file.close()
        self._is_set_aside = True

    def finish(
        self,
        split: UInt8[np.ndarray, " N"],
        header: Mapping[str, object],
        provenance: Mapping[str, object],
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Write the index and the attributes and return the content hash, see `RecordWriter`."""
        names, ids = self.class_ids(labels)
        complete = self._hash.complete(header, names)
        content_hash = self._hash.finish(split, complete)
        if self._originals is not None:
            complete["original_masks"] = self._originals.describe()
        columns = {
            **_text_columns({name: self.column(name) for name in ("id", "group", "image_hash")}),
            "split": split,
            "has_mask": np.array(self.column("has_mask"), bool),
            "box": np.stack(self.column("box")),
            "original_size": np.array(self.column("original_size"), np.int32),
            "orientation": np.array([each.tag for each in self.column("orientation")], np.uint8),
            "is_turned": np.array([each.is_turned for each in self.column("orientation")], bool),
            "perceptual_hash": np.array(self.column("perceptual_hash"), np.uint64),
            "classes": np.array([*ids.values()], np.int32).reshape(len(ids), len(split)).T.copy(),
            "header": np.frombuffer(json.dumps(complete | {"provenance": dict(provenance)}).encode(), np.uint8),
        }
        if isinstance(self._size, LongSide):
            columns["shapes"] = np.array(self._shapes, np.int32)
        with self._failures_named():
            if self._is_set_aside:
                self._file = h5py.File(self._path, "r+", libver="v110", locking=False)
            else:
                self._finish_samples()
            for name, values in columns.items():
                self._file.create_dataset(name, data=values)
            self._file.attrs["schema_version"] = self._version
            self._file.attrs["content_hash"] = np.bytes_(content_hash)
            self._file.flush()
        return content_hash

    def _finish_samples(self) -> None:
        """Write what waits of pictures, layers and original masks."""
        for each in (*self._pictures, *self._layers.values()):
            each.finish()
        if self._originals is not None:
            self._originals.finish()

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        """HDF5 reports a full disk in a page of text, as one of two kinds of error."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            cause = re.search(r"error message = '([^']+)'", str(error))
            reason = cause[1] if cause else str(error)
            raise RunError(f"{self._place}: writing the store failed: {reason}") from error


@final
class _PictureWriter:
    """Writes pictures of one size, each as one chunk."""

    def __init__(self, file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._dataset = file.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(1, *shape))

    def append(self, content: bytes) -> None:
        row, *rest = self._dataset.shape
        self._dataset.resize(row + 1, axis=0)
        self._dataset.id.write_direct_chunk((row, *(0 for _ in rest)), content)

    def finish(self) -> None:
        """All is written already."""


def _pictures(
    file: h5py.File, name: str, size: Size | LongSide, more: tuple[int, ...] = (), dtype: np.dtype = _BYTE
) -> _PictureWriter | BlockWriter:
    if isinstance(size, LongSide):
        return BlockWriter(file.create_group(name))
    return _PictureWriter(file, name, (*size, *more), dtype)


def _text_columns(columns: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """The two datasets of every column of texts."""
    datasets: dict[str, np.ndarray] = {}
    for name, texts in columns.items():
        datasets[name], datasets[f"{name}_end"] = encode_texts(texts)
    return datasets
