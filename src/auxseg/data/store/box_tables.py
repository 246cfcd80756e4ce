"""The boxes of a layer in a store: one table of all samples' rows, and where each sample's rows begin.

Shape legend: ``N`` samples, ``R`` boxes of all samples, ``K`` of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import h5py
import numpy as np
from jaxtyping import Float32, Int64

from auxseg.data.layers import BoxesForm
from auxseg.data.layers.boxes import COLUMNS
from auxseg.data.store.file import StoreFile


@final
@dataclass(frozen=True, eq=False)
class BoxTable:
    """The rows of all samples, as `BoxesForm` has them, and the first row of each sample and of the one after it."""

    rows: Float32[np.ndarray, "R 6"]
    first: Int64[np.ndarray, " _"]

    def of(self, row: int) -> Float32[np.ndarray, "K 6"]:
        """A copy of the boxes of one sample."""
        return self.rows[self.first[row] : self.first[row + 1]].copy()


def joined_tables(parts: Sequence[BoxTable]) -> BoxTable:
    """The tables of several files as one."""
    num_before = np.cumsum([0, *(len(part.rows) for part in parts)])[:-1].tolist()
    first = [part.first[:-1] + before for part, before in zip(parts, num_before, strict=True)]
    rows = np.concatenate([part.rows for part in parts])
    return BoxTable(rows, np.append(np.concatenate(first), len(rows)))


def read_table(file: StoreFile, group: str, num_samples: int) -> BoxTable:
    """The table below ``group``. Raises `ValueError` if it is damaged."""
    num_rows = file.length(f"{group}/class")
    first = file.column(f"{group}/first", np.int64, num_samples + 1)
    if first[0] != 0 or first[-1] != num_rows or (np.diff(first) < 0).any():
        raise ValueError(f"/{group}/first does not divide the {num_rows} boxes among the samples")
    columns = (
        file.column(f"{group}/box", np.float32, num_rows, 4),
        file.column(f"{group}/class", np.int32, num_rows)[:, None],
        file.truths(f"{group}/crowd", num_rows)[:, None],
    )
    return BoxTable(np.hstack(columns).astype(np.float32), first)


@final
class BoxWriter:
    """Writes the table of a layer of boxes, sample by sample; the rows wait in memory."""

    def __init__(self, file: h5py.File, name: str, form: BoxesForm) -> None:
        self._form, self._group = form, file.create_group(f"layers/{name}")
        self._present: list[bool] = []
        self._rows: list[np.ndarray] = []

    def append(self, values: np.ndarray | None) -> None:
        """Remember the boxes of the next sample, or that they are not known."""
        self._present.append(values is not None)
        rows = np.empty((0, COLUMNS), np.float32) if values is None else values
        assert (rows.dtype, rows.shape[1:]) == (self._form.dtype, (COLUMNS,))
        self._rows.append(rows)

    def finish(self) -> None:
        """Write the table, and which samples have the layer."""
        rows = np.concatenate([np.empty((0, COLUMNS), np.float32), *self._rows])
        self._group.create_dataset("first", data=np.cumsum([0, *map(len, self._rows)], dtype=np.int64))
        self._group.create_dataset("box", data=np.ascontiguousarray(rows[:, :4]))
        self._group.create_dataset("class", data=rows[:, 4].astype(np.int32))
        self._group.create_dataset("crowd", data=rows[:, 5] == 1)
        self._group.create_dataset("present", data=np.array(self._present, bool))
