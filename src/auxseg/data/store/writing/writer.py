"""Writing a store, sample by sample; `auxseg.data.store` describes the file."""

from __future__ import annotations

import hashlib
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
from auxseg.data.sample import MISSING, Orientation
from auxseg.data.store.blocks import BlockWriter
from auxseg.data.store.text import encode_texts
from auxseg.data.store.versions import FIRST_VERSION, version_for
from auxseg.data.store.writing.layer_writer import layer_writer
from auxseg.data.store.writing.original_mask_writer import OriginalMaskWriter
from auxseg.errors import RunError
from auxseg.records.values.size import Size, SizeLike

_NOT_KEPT: Final = ("image", "mask", "notes", "dropped", "seen", "layers", "original_mask")
"""What is not part of a record's row in the index."""

_BYTE: Final = np.dtype(np.uint8)

NO_LAYERS: Final[Mapping[str, LayerForm]] = MappingProxyType({})


@final
class StoreWriter:
    """A store that grows by one record at a time and is a store only after `finish`.

    Pictures go straight to the file; the small rest of each record waits in memory. Equal records and header give an
    equal content hash, which covers everything in the file except where and when it was made, and the original masks.
    """

    def __init__(
        self,
        path: Path,
        size: SizeLike | LongSide,
        layers: Mapping[str, LayerForm] = NO_LAYERS,
        *,
        channels: Channels = RGB,
        original_masks: bool = False,
    ) -> None:
        self._path, self._channels = path, channels
        self._size = size if isinstance(size, LongSide) else Size.of(size)
        self._index: list[dict[str, Any]] = []
        self._shapes: list[tuple[int, ...]] = []
        self._hash = hashlib.sha256()
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

    def __enter__(self) -> StoreWriter:
        return self

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
        row = {key: value for key, value in vars(record).items() if key not in _NOT_KEPT}
        self._index.append(row)
        shape = {"shape": record.mask.shape} if isinstance(self._size, LongSide) else {}
        self._shapes.append(record.mask.shape)
        described = json.dumps(_plain(row) | {"box": record.box.tolist()} | shape, sort_keys=True)
        for part in (described.encode(), record.image.tobytes(), record.mask.tobytes()):
            self._hash.update(part)

    def class_ids(self) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
        """The names of every kind of label, sorted, and each record's index into them (int32)."""
        kinds = sorted({kind for row in self._index for kind in row["classes"]})
        names = {
            kind: sorted({row["classes"][kind] for row in self._index if kind in row["classes"]}) for kind in kinds
        }
        ids = {}
        for kind in kinds:
            number = {name: index for index, name in enumerate(names[kind])}
            found = [number.get(row["classes"].get(kind), MISSING) for row in self._index]
            ids[kind] = np.array(found, np.int32)
        return names, ids

    def label_rows(self) -> list[tuple[int, ...]]:
        """The class ids of each record, one for every kind of label."""
        _, ids = self.class_ids()
        return [tuple(values[row].item() for values in ids.values()) for row in range(len(self._index))]

    def column(self, key: str) -> list[Any]:
        """One field of all records."""
        return [row[key] for row in self._index]

    def finish(
        self, split: UInt8[np.ndarray, " N"], header: Mapping[str, object], provenance: Mapping[str, object]
    ) -> str:
        """Write the index and the attributes and return the content hash.

        ``header`` holds what else the store says of itself, see `auxseg.data.store`.
        """
        names, ids = self.class_ids()
        header = {**header, "labels": names}
        if self._channels != RGB:
            header["channels"] = self._channels.to_json()
        if self._layers:
            header["layers"] = {name: layer.describe() for name, layer in self._layers.items()}
        hashed = header | {"schema_version": FIRST_VERSION}
        self._hash.update(split.tobytes() + json.dumps(hashed, sort_keys=True).encode())
        if self._originals is not None:
            header["original_masks"] = self._originals.describe()
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
            "header": np.frombuffer(json.dumps(header | {"provenance": dict(provenance)}).encode(), np.uint8),
        }
        if isinstance(self._size, LongSide):
            columns["shapes"] = np.array(self._shapes, np.int32)
        with self._failures_named():
            for pictures in self._pictures:
                pictures.finish()
            for name, values in columns.items():
                self._file.create_dataset(name, data=values)
            for layer in self._layers.values():
                layer.finish()
            if self._originals is not None:
                self._originals.finish()
            self._file.attrs["schema_version"] = self._version
            self._file.attrs["content_hash"] = np.bytes_(self._hash.hexdigest())
            self._file.flush()
        return self._hash.hexdigest()

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        """HDF5 reports a full disk in a page of text, as one of two kinds of error."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            cause = re.search(r"error message = '([^']+)'", str(error))
            reason = cause[1] if cause else str(error)
            raise RunError(f"{self._path.parent}: writing the store failed: {reason}") from error


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


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What the content hash covers of a row; an orientation only where a photograph has one."""
    orientation: Orientation = row["orientation"]
    rest = {key: value for key, value in row.items() if key != "orientation"}
    return rest if orientation.tag == 1 else rest | {"orientation": [orientation.tag, orientation.is_turned]}


def _text_columns(columns: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """The two datasets of every column of texts."""
    datasets: dict[str, np.ndarray] = {}
    for name, texts in columns.items():
        datasets[name], datasets[f"{name}_end"] = encode_texts(texts)
    return datasets
