"""Tables in Parquet files, with cells as a CSV file would have them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from auxseg.errors import InputError

SUFFIXES: Final = (".parquet", ".pq")

_MAX_BYTES: Final = 500_000_000
_MAX_CELLS: Final = 50_000_000
_BATCH: Final = 4096

_PANDAS_INDEX: Final = re.compile(r"__index_level_\d+__")
"""What pandas calls the index of a table, which is no column."""


def read_parquet(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and of every row that is not empty its number, from 1, and its cells as text.

    Nulls and NaN are empty cells, whole numbers have no decimals, texts no spaces around them. Values that are neither
    text nor numbers, such as lists, are refused. Raises `InputError`, also for a file that cannot be read; its size is
    known before it is unpacked.
    """
    try:
        return _read(path)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # Arrow lets many kinds of errors through when a file is damaged.
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InputError(f"{path} cannot be read as a Parquet table: {reason}") from error


def _read(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    import pyarrow.parquet

    if path.exists() and path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path} has over {_MAX_BYTES:,} bytes; divide the table")
    with path.open("rb") as opened, pyarrow.parquet.ParquetFile(opened) as file:
        metadata = file.metadata
        num_bytes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        if num_bytes > _MAX_BYTES:
            raise InputError(
                f"{path} unpacks to {num_bytes:,} bytes, over the limit of {_MAX_BYTES:,}; divide the table"
            )
        columns = [field for field in file.schema_arrow if not _PANDAS_INDEX.fullmatch(field.name)]
        if metadata.num_rows * len(columns) > _MAX_CELLS:
            raise InputError(f"{path} has {metadata.num_rows:,} rows of {len(columns)} cells; divide the table")
        for field in columns:
            _check_type(path, field)
        names = [field.name for field in columns]
        rows: list[list[str]] = []
        for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
            cells = [texts(batch.column(name)) for name in names]
            rows += [list(row) for row in zip(*cells, strict=True)]
    return names, ((number, row) for number, row in enumerate(rows, 1) if any(row))


def texts(column: Any) -> list[str]:
    """The values of an Arrow array as a CSV file has them: short floating-point numbers with their own digits."""
    from pyarrow import types

    values = column.to_pylist()
    if types.is_float32(column.type) or types.is_float16(column.type):
        short = column.type.to_pandas_dtype()
        values = [None if value is None else float(str(short(value))) for value in values]
    return [to_text(value) for value in values]


def to_text(value: object) -> str:
    """A value as a CSV file has it: of what is missing nothing."""
    match value:
        case None:
            return ""
        case float():
            return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
        case _:
            return str(value).strip()


def is_plain(kind: Any) -> bool:
    """Whether values of an Arrow type are texts or numbers, or a time, each as one of several or by itself."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return is_plain(kind.value_type)
    return any(
        check(kind)
        for check in (
            types.is_string,
            types.is_large_string,
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_decimal,
            types.is_temporal,
            types.is_null,
        )
    )


def _check_type(path: Path, field: Any) -> None:
    if not is_plain(field.type):
        raise InputError(
            f"{path}: the column {field.name} holds {field.type}; cells should be texts or numbers, so leave it "
            "out, or divide it into columns"
        )
