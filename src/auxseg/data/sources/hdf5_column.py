"""One dataset of an HDF5 file as a column of rows that are read one by one."""

from __future__ import annotations

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
                self.shape: tuple[int, ...] = dataset.shape
                self.dtype: np.dtype = dataset.dtype
        except OSError as error:
            raise InputError(f"{path} is not an HDF5 file, or it is damaged or may not be read") from error
        if self.dtype.kind not in "buif":
            raise InputError(f"{path}: {self.key} should hold numbers, but holds {self.dtype}")
        if len(self.shape) not in (*ranks, max(ranks) + 1):
            wanted = " or ".join(map(str, ranks))
            raise InputError(f"{path}: {self.key} should have {wanted} axes, but has the shape {self.shape}")
        self._is_in_blocks = len(self.shape) not in ranks
        self.row_shape = self.shape[2:] if self._is_in_blocks else self.shape[1:]

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1] if self._is_in_blocks else self.shape[0]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handle": None}

    def read(self, row: int) -> np.ndarray:
        """One row as it is in the file. Raises `SampleError` if it cannot be read."""
        place = divmod(row, self.shape[1]) if self._is_in_blocks else (row,)
        try:
            return np.asarray(self._dataset()[place])
        except (OSError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise SampleError(f"row {row} of {self.path.name} cannot be read: {reason}") from error

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

    def _dataset(self) -> h5py.Dataset:
        """This process's own open dataset: an open file must not be shared across a fork."""
        if self._handle is None or self._handle[0] != os.getpid():
            file = h5py.File(
                self.path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES, rdcc_nslots=_CACHE_SLOTS, rdcc_w0=1.0
            )
            dataset: Any = file[self.key]
            self._handle = os.getpid(), dataset
        return self._handle[1]


def _find(path: Path, file: h5py.File, key: str) -> str:
    names = [name for name in file if isinstance(file.get(name), h5py.Dataset)]
    for name in (key, f"chunked_{key}", f"{key}_chunk"):
        if name in names:
            return name
    found = ", ".join(map(str, names)) or "none"
    raise InputError(f"{path} should hold the dataset {key!r}; its datasets: {found}")
