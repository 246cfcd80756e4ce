"""Texts of version 1 stores, which lie in HDF5's global heap, read in a way that always ends.

HDF5 walks through a collection of that heap without looking at what it walks on: a size of zero keeps it there for
ever, and no signal is heard meanwhile. So each collection is walked through here before HDF5 gets to see it.
Source of the layout: "HDF5 File Format Specification Version 3.0", III.E "Disk Format: Level 1E - Global Heap".
"""

from __future__ import annotations

import io
import os
import struct
from typing import Any, Final, final

import numpy as np

from auxseg.data.store.text import check_column_bytes

_SIGNATURE: Final = b"GCOL"
_HEADER: Final = struct.Struct("<4sB3xQ")
"""Signature, version, and the size of the whole collection."""

_OBJECT: Final = struct.Struct("<HHxxxxQ")
"""Number (0: the free rest), references, size (of the free rest: with this header)."""

_NOWHERE: Final = 0, -1

_REFERENCE: Final = np.dtype([("length", "<u4"), ("place", "<u8"), ("number", "<u4")])


@final
class CheckedFile(io.RawIOBase):
    """A file for HDF5 to read that refuses a damaged collection of texts instead of handing it over."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._place = 0
        self.size = os.fstat(descriptor).st_size

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the start or the end."""
        self._place = offset + (self.size if whence == os.SEEK_END else 0)
        return self._place

    def tell(self) -> int:
        """The current place."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from the current place. Raises `ValueError` for a damaged collection."""
        num_bytes = os.preadv(self._descriptor, [buffer], self._place)
        if bytes(buffer[: len(_SIGNATURE)]) == _SIGNATURE:
            Collection(self, self._place)
        self._place += num_bytes
        return num_bytes

    def read_at(self, place: int, num_bytes: int) -> bytes:
        """Bytes from a place that lie within the file. Raises `ValueError` if they do not."""
        if place < 0 or num_bytes < 0 or place + num_bytes > self.size:
            raise ValueError("a text is stored beyond the end of the file")
        return os.pread(self._descriptor, num_bytes, place)


@final
class Collection:
    """A piece of the global heap: texts by their numbers. Raises `ValueError` if it is damaged."""

    def __init__(self, file: CheckedFile, place: int) -> None:
        signature, version, size = _HEADER.unpack(file.read_at(place, _HEADER.size))
        if signature != _SIGNATURE or version != 1 or size < _HEADER.size:
            raise ValueError("its texts are not stored where they should be")
        self.content = file.read_at(place, size)
        self.places: dict[int, tuple[int, int]] = {}
        start = _HEADER.size
        while start + _OBJECT.size <= size:
            number, _, length = _OBJECT.unpack_from(self.content, start)
            step = length if number == 0 else _OBJECT.size + length + -length % 8
            if step < _OBJECT.size or start + step > size:
                raise ValueError("a text in it has an impossible size")
            if number:
                self.places[number] = start + _OBJECT.size, length
            start += step

    def text(self, number: int, length: int) -> str:
        """One text. Raises `ValueError` if there is no such text."""
        start, size = self.places.get(number, _NOWHERE)
        if length > size:
            raise ValueError("a text in it is incomplete")
        try:
            return self.content[start : start + length].decode()
        except UnicodeDecodeError as error:
            raise ValueError("it is not UTF-8") from error


def read_texts(file: CheckedFile, place: int, num_texts: int) -> np.ndarray:
    """A column of texts whose references lie at a place in the file. Raises `ValueError` if it is damaged."""
    references = np.frombuffer(file.read_at(place, num_texts * _REFERENCE.itemsize), _REFERENCE)
    check_column_bytes(num_texts, int(references["length"].max(initial=0)))
    collections = _collections(file, np.unique(references["place"][references["length"] > 0]).tolist())
    return np.array(
        [collections[place].text(number, length) if length else "" for length, place, number in references.tolist()],
        dtype=str,
    )


def _collections(file: CheckedFile, places: list[int]) -> dict[int, Collection]:
    """The pieces of the heap at some places, which together are no larger than the file."""
    collections: dict[int, Collection] = {}
    budget = file.size
    for place in places:
        collections[place] = Collection(file, place)
        budget -= len(collections[place].content)
        if budget < 0:
            raise ValueError("its texts take more space than the file has")
    return collections
