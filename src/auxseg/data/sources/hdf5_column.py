"""One dataset of an HDF5 file as a column of rows that are read one by one."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import h5py
import numpy as np

from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_CACHE_BYTES: Final = 256 * 2**20
"""h5py's automatic chunks hold a small piece of many rows each: a row is cheap only while the chunks of its neighbours
are still in memory. The cache is filled as it is used, so that other files need next to none of it."""

_CACHE_SLOTS: Final = 100_003
"""Many more than there are chunks in the cache, and a prime, as HDF5 recommends."""


MAX_ROWS: Final = 2_000_000
MAX_ROW_NUMBERS: Final = 2**26
"""Of one row: 4,729 x 4,729 pixels in colour. With every copy on the way it takes below 1.5 GiB."""

MAX_CHUNK_BYTES: Final = 2**30
"""What HDF5 unpacks at once to give one row out of it."""


class Extent(NamedTuple):
    """The smallest and the largest of some numbers, and whether all of them are whole."""

    low: float
    high: float
    is_whole: bool


@final
class Column:
    """The rows of a dataset, which stays on the disk.

    The file is opened read-only and without a lock, by every process for itself when it first reads, so that any
    number of processes may read it, whoever else has it open. The dataset called ``key`` is taken; where there is
    none, a rechunked copy of it (``chunked_KEY``, ``KEY_chunk``). A dataset with one axis more than ``ranks`` holds
    its rows in blocks, ``(blocks, rows of a block, ...)``.

    Args:
        path: the file.
        key: the dataset's name.
        ranks: how many axes the dataset may have, rows included.

    Raises:
        InputError: if there is no such file or dataset, or it has other axes.
    """

    def __init__(self, path: Path, key: str, ranks: Sequence[int]) -> None:
        self.path = path
        self._handle: tuple[int, h5py.Dataset] | None = None
        if not path.is_file():
            raise InputError(f"{path} does not exist; it should hold the dataset {key!r}")
        try:
            with h5py.File(path, "r", locking=False) as file:
                self.key = _find(path, file, key)
                dataset: Any = file[self.key]
                self.shape: tuple[int, ...] = tuple(dataset.shape or ())
                self.dtype: np.dtype = dataset.dtype
                fault = storage_fault(dataset, path.stat().st_size)
        except (InputError, MemoryError):
            raise
        except OSError as error:
            raise InputError(f"{path} is not an HDF5 file, is damaged, or cannot be read") from error
        except Exception as error:  # h5py lets many kinds of errors through when a file is damaged.
            raise InputError(f"{path} is damaged: {_reason(error)}") from error
        if self.dtype.kind not in "buif":
            raise InputError(f"{path}: {self.key} should hold numbers, but holds {self.dtype}")
        if len(self.shape) not in (*ranks, max(ranks) + 1):
            wanted = " or ".join(map(str, ranks))
            raise InputError(f"{path}: {self.key} should have {wanted} axes, but has the shape {self.shape}")
        self._is_in_blocks = len(self.shape) not in ranks
        self.row_shape: tuple[int, ...] = self.shape[2:] if self._is_in_blocks else self.shape[1:]
        if fault is not None:
            raise InputError(f"{path}: {self.key} {fault}")
        self._check_size()

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1] if self._is_in_blocks else self.shape[0]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_handle": None}

    def read(self, row: int) -> np.ndarray:
        """One row as it is in the file. Raises `SampleError` if it cannot be read."""
        place = divmod(row, self.shape[1]) if self._is_in_blocks else (row,)
        try:
            values = np.asarray(self._dataset()[place])
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise SampleError(f"row {row} of {self.path.name} cannot be read: {_reason(error)}") from error
        if values.shape != self.row_shape:
            raise SampleError(f"row {row} of {self.path.name} cannot be read: the file was replaced meanwhile")
        return values

    def extent(self, num_rows: int) -> Extent:
        """The numbers in at most ``num_rows`` rows, evenly spread; those of a 0 if there is none.

        Rows that cannot be read say so when their sample is read.
        """
        found: list[float] = []
        is_whole = True
        for row in np.unique(np.linspace(0, len(self) - 1, min(num_rows, len(self))).astype(int)).tolist():
            try:
                values = self.read(row)
            except SampleError:
                continue
            values = values[np.isfinite(values)]
            found += [float(values.min()), float(values.max())] if values.size else []
            is_whole = is_whole and (self.dtype.kind != "f" or bool((values == np.rint(values)).all()))
        return Extent(min(found, default=0.0), max(found, default=0.0), is_whole)

    def _check_size(self) -> None:
        """Refuse what would take too much memory."""
        num_rows, num_numbers = len(self), math.prod(self.row_shape)
        if num_rows > MAX_ROWS:
            raise InputError(f"{self.path}: {self.key} holds {num_rows:,} rows; at most {MAX_ROWS:,} are read")
        if not 1 <= num_numbers <= MAX_ROW_NUMBERS:
            raise InputError(
                f"{self.path}: a row of {self.key} holds {num_numbers:,} numbers (shape {self.row_shape}); "
                f"1 to {MAX_ROW_NUMBERS:,} can be read"
            )

    def _dataset(self) -> h5py.Dataset:
        """This process's own open dataset: an open file must not be shared across a fork."""
        if self._handle is None or self._handle[0] != os.getpid():
            file = h5py.File(
                self.path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES, rdcc_nslots=_CACHE_SLOTS, rdcc_w0=1.0
            )
            dataset: Any = file[self.key]
            self._handle = os.getpid(), dataset
        return self._handle[1]


def storage_fault(dataset: Any, file_size: int) -> str | None:
    """Why a dataset is not there as its shape says, to be put after its name; None if it is.

    Memory is taken by the shape, which a few bytes can make huge; and what was never written would be read as zeros.
    """
    settings = dataset.id.get_create_plist()
    num_bytes = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
    if settings.get_layout() == h5py.h5d.VIRTUAL or settings.get_external_count():
        return "stores its numbers in other files; copy them into this one"
    if settings.get_layout() == h5py.h5d.CHUNKED:
        return _chunks_fault(dataset)
    is_compact = settings.get_layout() == h5py.h5d.COMPACT
    there = dataset.id.get_storage_size() if is_compact else max(file_size - (dataset.id.get_offset() or file_size), 0)
    return None if num_bytes <= there else f"should hold {num_bytes:,} bytes, but only {there:,} are in the file"


def _chunks_fault(dataset: Any) -> str | None:
    chunk_bytes = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if chunk_bytes > MAX_CHUNK_BYTES:
        return f"is divided into chunks of {chunk_bytes:,} bytes; at most {MAX_CHUNK_BYTES:,} can be read"
    expected = math.prod(-(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    found = dataset.id.get_num_chunks() if expected else 0
    return None if found >= expected else f"should hold {expected:,} chunks, but has only {found:,}: rows are missing"


def _find(path: Path, file: h5py.File, key: str) -> str:
    """The dataset's name; what lies in another file is passed over."""
    names = [name for name in file if _is_dataset(file, name)]
    for name in (key, f"chunked_{key}", f"{key}_chunk"):
        if name in names:
            return name
    found = ", ".join(map(str, names)) or "none"
    raise InputError(f"{path} should hold the dataset {key!r}; its datasets: {found}")


def _is_dataset(file: h5py.File, name: object) -> bool:
    is_elsewhere = isinstance(file.get(name, getlink=True), h5py.ExternalLink)
    return not is_elsewhere and isinstance(file.get(name), h5py.Dataset)


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
