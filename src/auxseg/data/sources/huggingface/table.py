"""All rows of several Arrow or Parquet files as one table, whose columns are read in order and in little memory."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, final

from auxseg.data.sources.huggingface.columns import class_names
from auxseg.data.sources.index.parquet import texts
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

MAX_ROWS: Final = 2_000_000

_END: Final = b"\xff\xff\xff\xff\0\0\0\0"
"""How a stream of Arrow ends. One that was cut off between two batches looks whole otherwise."""

_FEW, _MANY = 16, 4096
"""Rows of a Parquet file that are unpacked at once: of images, which may be large, and of numbers."""


@final
class Table:
    """The rows of all files one after the other. A copy in another process opens the files again.

    Raises `InputError` if a file cannot be read, is cut off, or has other columns than the first.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        counts: list[int] = []
        with _named(self.paths[0]):
            self.schema = _schema(self.paths[0])
        for path in self.paths:
            with _named(path):
                counts.append(_num_rows(path, self.schema))
        self._starts = (0, *accumulate(counts))
        if len(self) > MAX_ROWS:
            raise InputError(f"{self.paths[0].parent} holds {len(self):,} rows; at most {MAX_ROWS:,} are read")
        self._cursors: tuple[int, dict[str, _Cursor]] = os.getpid(), {}

    def __len__(self) -> int:
        return self._starts[-1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_cursors": (0, {})}

    def value(self, column: str, row: int) -> object:
        """What a cell holds, as a value of Python; fast while rows are asked for in order. Raises `SampleError`."""
        if self._cursors[0] != os.getpid():  # an open file must not be shared across a fork
            self._cursors = os.getpid(), {}
        cursor = self._cursors[1].setdefault(column, _Cursor(column))
        shard = bisect_right(self._starts, row) - 1
        try:
            return cursor.scalar(self.paths[shard], row - self._starts[shard]).as_py()
        except MemoryError:
            raise
        except Exception as error:  # as below
            raise SampleError(f"{self.paths[shard].name} cannot be read: {_reason(error)}") from error

    def texts(self, column: str) -> list[str]:
        """All values of a column that holds no images, as text. Raises `InputError` for a file that is damaged."""
        result: list[str] = []
        for path in self.paths:
            with _named(path):
                for batch in _batches(path, column, num_rows=_MANY):
                    batch.validate(full=True)
                    result += texts(batch)
        return result

    def is_known(self, column: str) -> list[bool]:
        """Which cells of a column of images hold one. Raises `InputError` for a file that is damaged."""
        result: list[bool] = []
        for path in self.paths:
            with _named(path):
                for batch in _batches(path, column):
                    result += _known(batch)
        return result


@final
@dataclass
class _Cursor:
    """Where one column is being read. It only goes forwards; what lies behind it is read from a new beginning."""

    column: str
    path: Path | None = None
    first: int = 0
    batch: Any = ()
    rest: Iterator[Any] | None = None

    def scalar(self, path: Path, row: int) -> Any:
        """The value in a row of a file."""
        if path != self.path or row < self.first:
            self.first, self.rest = _beginning(path, self.column, row)
            self.path, self.batch = path, ()
        while row >= self.first + len(self.batch):
            self.first += len(self.batch)
            self.batch = next(self.rest or iter(()), ())
            if not len(self.batch):
                raise ValueError(f"it has no row {row}")
            self.batch.validate(full=True)
        return self.batch[row - self.first]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of a file, which is then of no use, with its name."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # Arrow lets many kinds of errors through when a file is damaged.
        raise InputError(f"{path} cannot be read: {_reason(error)}; copy or download it again") from error


def _schema(path: Path) -> Any:
    """The schema, whose names can be read. Raises Arrow's errors."""
    import pyarrow
    import pyarrow.parquet

    if _is_parquet(path):
        schema = pyarrow.parquet.read_schema(path)
    else:
        with pyarrow.memory_map(str(path)) as source:
            schema = pyarrow.ipc.open_stream(source).schema
    for each in schema:
        _ = each.name, str(each.type), [each.type.field(place).name for place in range(each.type.num_fields)]
    return schema


def _num_rows(path: Path, schema: Any) -> int:
    import pyarrow
    import pyarrow.parquet

    if _is_parquet(path):
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_schema(path, file.schema_arrow, schema)
            return file.metadata.num_rows
    with path.open("rb") as opened:
        opened.seek(max(path.stat().st_size - len(_END), 0))
        if opened.read() != _END:
            raise ValueError("it is cut off")
    with pyarrow.memory_map(str(path)) as source, pyarrow.ipc.open_stream(source) as stream:
        _check_schema(path, stream.schema, schema)
        return sum(batch.num_rows for batch in stream)


def _check_schema(path: Path, found: Any, expected: Any) -> None:
    if found.names != expected.names:
        raise InputError(
            f"{path} has the columns {', '.join(found.names)}, the first file {', '.join(expected.names)}; keep data "
            "sets in folders of their own"
        )
    if class_names(found, {}) != class_names(expected, {}):
        raise InputError(f"{path} numbers its classes in another way than the first file; keep both in folders apart")


def _beginning(path: Path, column: str, row: int) -> tuple[int, Iterator[Any]]:
    """Where to begin in order to come to a row, and the column from there on."""
    import pyarrow.parquet

    if not _is_parquet(path):
        return 0, _batches(path, column)
    metadata = pyarrow.parquet.read_metadata(path)
    first = 0
    for group in range(metadata.num_row_groups):
        num_rows = metadata.row_group(group).num_rows
        if row < first + num_rows:
            return first, _batches(path, column, first_group=group)
        first += num_rows
    raise ValueError(f"it has no row {row}")


def _batches(path: Path, column: str, *, first_group: int = 0, num_rows: int = _FEW) -> Iterator[Any]:
    """One column, batch by batch.

    Of an Arrow file nothing is copied; of a Parquet file a page is unpacked at once, at most a group of rows.
    """
    import pyarrow
    import pyarrow.parquet

    if _is_parquet(path):
        with pyarrow.parquet.ParquetFile(path, memory_map=True) as file:
            groups = range(first_group, file.metadata.num_row_groups)
            for batch in file.iter_batches(num_rows, row_groups=list(groups), columns=[column], use_threads=False):
                yield batch.column(column)
        return
    with pyarrow.memory_map(str(path)) as source, pyarrow.ipc.open_stream(source) as stream:
        for batch in stream:
            yield batch.column(column)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _known(column: Any) -> list[bool]:
    """Of each image whether it is there, with its bytes or its path."""
    from pyarrow import types

    known: list[bool] = column.is_valid().to_pylist()
    if not types.is_struct(column.type):
        return known
    parts = [column.field(number).is_valid().to_pylist() for number in range(column.type.num_fields)]
    return [each and any(some) for each, *some in zip(known, *parts, strict=True)]


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
