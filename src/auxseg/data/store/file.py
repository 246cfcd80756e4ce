"""The parts of a store's HDF5 file, each checked for kind, type, shape and size before memory is taken for it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, final

import h5py
import numpy as np

from auxseg.data.store.old_texts import CheckedFile, read_texts
from auxseg.data.store.text import decode_texts

HASH_LENGTH: Final = 64
"""Characters of a SHA-256 in hexadecimal."""

_BYTE: Final = np.dtype(np.uint8)


@final
class StoreFile:
    """An open store. What is damaged raises `ValueError` or one of h5py's many kinds of errors, saying how."""

    def __init__(self, file: h5py.File, content: CheckedFile) -> None:
        self._file = file
        self._content = content

    @classmethod
    @contextmanager
    def open(cls, descriptor: int) -> Iterator[StoreFile]:
        """The store behind a descriptor. Raises `OSError` if it is no HDF5 file."""
        content = CheckedFile(descriptor)
        with h5py.File(content, "r") as file:
            yield cls(file, content)

    def __contains__(self, name: str) -> bool:
        return self._file.id.links.exists(name.encode())

    def has_attribute(self, name: str) -> bool:
        """Whether the root has an attribute."""
        return h5py.h5a.exists(self._file.id, name.encode())

    def number(self, name: str) -> float:
        """An attribute of the root that is one number."""
        attribute = self._attribute(name)
        if not isinstance(attribute.get_type(), h5py.h5t.TypeIntegerID | h5py.h5t.TypeFloatID | h5py.h5t.TypeEnumID):
            raise ValueError(f"{name} is not a number")
        return np.asarray(self._file.attrs[name]).item()

    def text(self, name: str) -> str:
        """An attribute of the root that is one text."""
        attribute = self._attribute(name)
        if not isinstance(attribute.get_type(), h5py.h5t.TypeStringID):
            raise ValueError(f"{name} is not a text")
        value = self._file.attrs[name]
        return value.decode("ascii") if isinstance(value, bytes) else str(value)

    def column(self, name: str, dtype: type[np.generic], *shape: int) -> np.ndarray:
        """A dataset that lies in the file in one piece."""
        dataset = self._checked(name, np.dtype(dtype), shape)
        self._place(dataset)
        return dataset[:]

    def texts(self, name: str, num_texts: int) -> np.ndarray:
        """A column of texts, from bytes and ends."""
        ends = self.column(f"{name}_end", np.int64, num_texts)
        try:
            return decode_texts(self.bytes(name), ends)
        except ValueError as error:
            raise ValueError(f"/{name}: {error}") from error

    def old_texts(self, name: str, num_texts: int) -> np.ndarray:
        """A column of texts of version 1, from HDF5's global heap."""
        dataset = self._checked(name, None, (num_texts,))
        datatype = dataset.id.get_type()
        if not isinstance(datatype, h5py.h5t.TypeStringID) or not datatype.is_variable_str():
            raise ValueError(f"/{name} holds {dataset.dtype}, not texts")
        try:
            return read_texts(self._content, self._place(dataset, itemsize=16), num_texts)
        except ValueError as error:
            raise ValueError(f"/{name}: {error}") from error

    def json(self, name: str) -> object:
        """A dataset of bytes that is a JSON value."""
        return parse_json(self.bytes(name), f"/{name}")

    def bytes(self, name: str) -> bytes:
        """A dataset of bytes, of any length."""
        return self.column(name, np.uint8, *self._dataset(name).shape[:1]).tobytes()

    def length(self, name: str) -> int:
        """How many rows a dataset says it has."""
        shape = self._dataset(name).shape
        return shape[0] if shape else 0

    def truths(self, name: str, num_samples: int) -> np.ndarray:
        """A column of true and false."""
        values = self.column(name, np.bool_, num_samples)
        if (values.view(np.uint8) > 1).any():
            raise ValueError(f"/{name} holds values that are neither true nor false")
        return values

    def chunk_places(self, name: str, *shape: int, dtype: np.dtype = _BYTE) -> np.ndarray:
        """Where every sample of a picture dataset begins in the file (int64); -1 for one that is not there."""
        dataset = self._checked(name, dtype, shape)
        num_samples, sample_bytes = shape[0], math.prod(shape[1:]) * dtype.itemsize
        plist = dataset.id.get_create_plist()
        if dataset.chunks != (1, *shape[1:]) or plist.get_nfilters():
            raise ValueError(f"/{name} is not stored as one uncompressed chunk per sample")
        chunks: list[h5py.h5d.StoreInfo] = []
        dataset.id.chunk_iter(chunks.append)
        rows = np.array([chunk.chunk_offset[0] for chunk in chunks], np.uint64)
        is_whole = np.array([chunk.size == sample_bytes for chunk in chunks], bool) & (rows < num_samples)
        places = np.full(num_samples, -1, np.int64)
        places[rows[is_whole]] = np.array([chunk.byte_offset for chunk in chunks], np.int64)[is_whole]
        return places

    def _checked(self, name: str, dtype: np.dtype | None, shape: tuple[int, ...]) -> h5py.Dataset:
        dataset = self._dataset(name)
        if dataset.shape != shape:
            raise ValueError(f"/{name} has shape {dataset.shape}, not {shape}")
        if dtype is not None and dataset.dtype != dtype:
            raise ValueError(f"/{name} holds {dataset.dtype}, not {dtype}")
        return dataset

    def _place(self, dataset: h5py.Dataset, itemsize: int | None = None) -> int:
        """Where a dataset lies that is in one piece, and whole."""
        num_bytes = math.prod(dataset.shape) * (itemsize or dataset.dtype.itemsize)
        plist = dataset.id.get_create_plist()
        if plist.get_layout() != h5py.h5d.CONTIGUOUS or plist.get_external_count():
            raise ValueError(f"{dataset.name} is not stored in one piece")
        place = dataset.id.get_offset()
        if num_bytes and (place is None or place + num_bytes > self._content.size):
            raise ValueError(f"{dataset.name} is incomplete")
        return place or 0

    def _dataset(self, name: str) -> h5py.Dataset:
        group: Any = self._file
        for part in name.split("/"):
            if not isinstance(group, h5py.Group) or not group.id.links.exists(part.encode()):
                raise ValueError(f"/{name} is missing")
            if not isinstance(group.get(part, getlink=True), h5py.HardLink):
                raise ValueError(f"/{name} is a link to another place")
            group = group[part]
        if not isinstance(group, h5py.Dataset):
            raise ValueError(f"/{name} is not a dataset")
        return group

    def _attribute(self, name: str) -> h5py.h5a.AttrID:
        if not self.has_attribute(name):
            raise ValueError(f"{name} is missing")
        attribute = h5py.h5a.open(self._file.id, name.encode())
        if attribute.shape != ():
            raise ValueError(f"{name} is not a single value")
        return attribute


def parse_json(content: str | bytes, name: str) -> object:
    """A JSON value from a damaged file. Raises `ValueError` if it is none, or nested too deep."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON that can be read") from error
