"""What takes records one by one and makes a store of them: of one file, or of several."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from jaxtyping import UInt8

from auxseg.data.preparing.record import Record
from auxseg.data.sample import MISSING


class RecordWriter(ABC):
    """A store that grows by one record at a time and is a store only after `finish`.

    Pictures go straight to the disk; the small rest of each record waits in memory. Equal records and header give an
    equal content hash, see `auxseg.data.store.writing.content_hash`.
    """

    def __init__(self) -> None:
        self._index: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close what is open."""

    @abstractmethod
    def append(self, record: Record) -> None:
        """Write a record's pictures and remember the rest. Raises `RunError` if the disk is full."""

    @abstractmethod
    def finish(
        self,
        split: UInt8[np.ndarray, " N"],
        header: Mapping[str, object],
        provenance: Mapping[str, object],
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Write the index and return the content hash.

        Args:
            split: each record's index into `auxseg.data.sample.SPLITS`.
            header: what else the store says of itself, see `auxseg.data.store`.
            provenance: where and how it was made.
            labels: the names of the classes of every kind of label, if there are more than the records have.
        """

    def class_ids(
        self, labels: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
        """The names of every kind of label, those given or else those found, sorted, and each record's index into
        them (int32)."""
        if labels is None:
            kinds = sorted({kind for row in self._index for kind in row["classes"]})
            labels = {
                kind: sorted({row["classes"][kind] for row in self._index if kind in row["classes"]}) for kind in kinds
            }
        ids = {}
        for kind, names in labels.items():
            number = {name: index for index, name in enumerate(names)}
            found = [row["classes"].get(kind) for row in self._index]
            ids[kind] = np.array([MISSING if name is None else number[name] for name in found], np.int32)
        return {kind: list(names) for kind, names in labels.items()}, ids

    def label_rows(self) -> list[tuple[int, ...]]:
        """The class ids of each record, one for every kind of label."""
        _, ids = self.class_ids()
        return [tuple(values[row].item() for values in ids.values()) for row in range(len(self._index))]

    def column(self, key: str) -> list[Any]:
        """One field of all records."""
        return [row[key] for row in self._index]
