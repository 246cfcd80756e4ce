"""A data set of the library ``datasets`` on the disk, read without that library and without a network."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

from auxseg.data.sources.embedded import Embedded
from auxseg.data.sources.huggingface.columns import Columns, choose_columns
from auxseg.data.sources.huggingface.layout import INFO_FILE, Part, find_parts, official_split, read_json
from auxseg.data.sources.huggingface.table import Table
from auxseg.data.sources.index.rows import ROW_OPTIONS, LabelledRow, RowsSource, Settings
from auxseg.data.sources.masks.files import refuse_lossy
from auxseg.data.sources.pictures.decoding import open_file
from auxseg.data.sources.source import SampleError
from auxseg.data.sources.tables import describe_labels, to_labels
from auxseg.errors import InputError
from auxseg.extras import need_extra

_JPEG: Final = b"\xff\xd8\xff"
_TRAINVAL: Final = "trainval"


@final
@dataclass(frozen=True)
class Cell(Embedded):
    """An image in a cell of a table: its encoded bytes, or the path of its file."""

    table: Table
    column: str
    row: int
    folder: Path
    id: str

    @property
    def name(self) -> str:
        """The column and the sample."""
        return f"{self.column} of {self.id}"

    @property
    def suffix(self) -> str:
        """Only the content tells."""
        return ""

    def open(self) -> IO[bytes]:
        """The encoded image. Raises `SampleError` if there is none."""
        value = self.table.value(self.column, self.row)
        content, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
        if isinstance(content, bytes):
            return io.BytesIO(content)
        if not isinstance(path, str) or not path:
            raise SampleError(f"{self.name} is empty")
        if "://" in path:
            raise SampleError(f"{self.name} is at the address {path}; nothing is downloaded")
        with open_file(self.folder / path) as file:
            return io.BytesIO(file.read())


@final
class HuggingFace(RowsSource):
    """Images and masks in Arrow or Parquet files.

    - A folder of ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk``, or
    - a folder of Parquet files, whose names or folders may name their split: ``data/train-00000-of-00002.parquet``.

    Images are structures of ``bytes`` and ``path``, or bytes, in any format that is read elsewhere; nothing is
    downloaded, and no code in the folder is run. Columns of class labels are kinds of label. ``classes.txt`` in the
    folder names the classes of the mask.

    Args:
        path: the folder.
        fields: by ``image``, ``mask``, ``id``, ``group``, ``split`` or a kind of label the column that holds it. By
            default image and mask are told by names, see `auxseg.data.sources.huggingface.columns`, and a column
            ``split`` counts where folders and files do not divide the rows.
        exif, threshold, colours, instances, channels: as in `auxseg.data.sources.folder`.

    Raises:
        InputError: if pyarrow is not installed, the folder is of another kind or damaged, or has no images.
    """

    name = "huggingface"
    options = ROW_OPTIONS | {"fields"}

    def __init__(
        self,
        path: str | Path,
        fields: Mapping[str, str] | None = None,
        exif: str = "auto",
        threshold: float | None = None,
        colours: str | Path | None = None,
        instances: str | None = None,
        channels: str | None = None,
    ) -> None:
        need_extra("parquet", "the source huggingface")
        self.path = Path(path)
        settings = Settings(exif=exif, threshold=threshold, colours=colours, instances=instances, channels=channels)
        parts = find_parts(self.path)
        tables = [Table(part.paths) for part in parts]
        info_file = parts[0].paths[0].parent / INFO_FILE
        info = read_json(info_file) if info_file.exists() else {}
        chosen = [
            choose_columns(table.schema, info, fields or {}, str(self.path), is_divided=len(parts) > 1)
            for table in tables
        ]
        rows: dict[str, LabelledRow] = {}
        for part, table, columns in zip(parts, tables, chosen, strict=True):
            for id, row in self._labelled(part, table, columns):
                if id in rows:
                    raise InputError(f"{self.path}: the id {id} occurs twice; leave --fields id=... out")
                rows[id] = row
        if threshold is None:
            _refuse_jpeg([row.mask for row in rows.values()])
        self.understand(rows, settings, self.path)
        self.remarks = (
            *dict.fromkeys(remark for columns in chosen for remark in columns.remarks),
            *_describe_splits([part for part, columns in zip(parts, chosen, strict=True) if columns.split is None]),
            *self.remarks,
            *describe_labels(self.path, [row.labels for row in rows.values()]),
        )
        self._fields = " ".join(f"{role}={column}" for role, column in (fields or {}).items())

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and the settings that were given."""
        given = {"fields": self._fields} if self._fields else {}
        return {"name": self.name, "path": self.path.resolve().name, **given, **self._chosen}

    def _labelled(self, part: Part, table: Table, columns: Columns) -> Sequence[tuple[str, LabelledRow]]:
        """The rows of one split by their ids."""
        ids = table.texts(columns.id) if columns.id else [""] * len(table)
        groups = table.texts(columns.group) if columns.group else [""] * len(table)
        kinds = {
            kind: _named(table.texts(column), columns.names.get(column)) for kind, column in columns.labels.items()
        }
        splits = self._splits(part, table, columns)
        has_mask = table.is_known(columns.mask) if columns.mask else [False] * len(table)
        result: list[tuple[str, LabelledRow]] = []
        for row in range(len(table)):
            id = ids[row] or f"{part.name or 'row'}/{row}"
            where = f"{self.path}, row {row} of {part.name or 'the table'}"
            cells = {kind: texts[row] for kind, texts in kinds.items()}
            labels = to_labels(self.path, where, {**cells, "group": groups[row], "split": splits[row]})
            image = Cell(table, columns.image, row, self.path, id)
            mask = Cell(table, columns.mask, row, self.path, id) if columns.mask and has_mask[row] else None
            result.append((id, LabelledRow(image, mask, labels)))
        return result

    def _splits(self, part: Part, table: Table, columns: Columns) -> list[str]:
        """The official split of every row, empty where there is none: what the column says, or else the folder."""
        if columns.split is None:
            return [part.split or ""] * len(table)
        words = _named(table.texts(columns.split), columns.names.get(columns.split))
        splits = {word: word if word in ("", _TRAINVAL) else official_split(word) for word in dict.fromkeys(words)}
        result: list[str] = []
        for row, word in enumerate(words):
            split = splits[word]
            if split is None:
                raise InputError(
                    f"{self.path}, row {row} of {part.name or 'the table'}: the column {columns.split} should hold the "
                    f"split as train, validation, test or {_TRAINVAL}, not {word!r}; --fields NAME={columns.split} "
                    "reads it as a label instead"
                )
            result.append(split)
        return result


def _named(numbers: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """The names of classes by their numbers; -1 stands for a label that is missing."""
    if names is None:
        return list(numbers)
    by_number = {str(number): name for number, name in enumerate(names)} | {"-1": ""}
    return [by_number.get(number, number) for number in numbers]


def _refuse_jpeg(masks: Sequence[Embedded | Path | None]) -> None:
    """Look at the first mask that can be read."""
    for mask in masks:
        if isinstance(mask, Embedded):
            try:
                content = mask.open().read(len(_JPEG))
            except SampleError:
                continue
            if content == _JPEG:
                refuse_lossy(".jpg", f"{mask} is a JPEG image")
            return


def _describe_splits(parts: Sequence[Part]) -> tuple[str, ...]:
    others = [part.name for part in parts if part.name and part.split is None]
    if not others:
        return ()
    return (f"{', '.join(others)}: no official split of ours (train, val or test), so --split should give percentages",)
