"""A store as a folder of pictures and tables, in the form that `auxseg.data.sources.folder` reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np

from auxseg.data.channels import RGB
from auxseg.data.exporting.folder_layers import LayerFiles, decimal
from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.exporting.png import write_png
from auxseg.data.sample import Vocabulary
from auxseg.data.sources.class_names import read_names
from auxseg.data.sources.tables import CORNERS
from auxseg.errors import InputError

_LABELS, _BOXES = "labels.csv", "boxes.csv"
_COLUMNS: Final = ("id", "file", "group", "split")
"""Of labels.csv, beside one for each kind of label."""


@final
class FolderWriter:
    """``images/`` (PNG, or .npy of other channels than RGB of 8 bits), ``masks/`` (grey values are class ids, 255 is
    ignored), ``classes.txt``, ``labels.csv`` with groups and splits, ``boxes.csv``, and ``layers.yaml`` with what
    `LayerFiles` writes."""

    def __init__(self, out: Path, vocabulary: Vocabulary) -> None:
        self._out, self._vocabulary = out, vocabulary
        taken = [label for label in vocabulary.labels if label in _COLUMNS]
        if taken:
            raise InputError(f"a label called {taken[0]!r} cannot stand in labels.csv, which has a column of that name")
        if vocabulary.mask_classes:
            _write_classes(out / "classes.txt", vocabulary.mask_classes)
        self._layers = LayerFiles(out, vocabulary.layers, [*_COLUMNS, *vocabulary.labels])
        self.layers = self._layers.forms
        self._labels: list[list[str]] = []
        self._boxes: list[list[str]] = []

    def add(self, picture: LabelledPicture, name: str) -> None:
        """Write a picture and its mask under this name, and remember its rows."""
        if self._vocabulary.channels == RGB:
            write_png(self._out / "images" / name, picture.image)
        else:
            path = (self._out / "images" / name).with_suffix(".npy")
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, picture.image)
        if picture.mask is not None:
            write_png(self._out / "masks" / name, picture.mask)
        labels = [picture.classes.get(label, "") for label in self._vocabulary.labels]
        self._labels.append([picture.id, *labels, picture.group, picture.split])
        self._layers.add(picture, name)
        if picture.box is not None:
            self._boxes.append([picture.id, *map(decimal, picture.box)])

    def finish(self) -> tuple[str, ...]:
        """Write the tables. Returns what a folder says otherwise than the store."""
        tags = self._layers.tags
        header = ["id", *self._vocabulary.labels, "group", "split", *tags]
        rows = [[*row, *(cells.get(row[0], "") for cells in tags.values())] for row in self._labels]
        _write(self._out / _LABELS, header, rows)
        if self._boxes:
            _write(self._out / _BOXES, ["id", *CORNERS], self._boxes)
        notes = self._layers.finish(_write)
        numbers = self._vocabulary.category_ids
        is_numbered = numbers != tuple(range(len(numbers)))
        if is_numbered:
            notes = (*notes, "masks number the classes from 0, as classes.txt lists them")
        channels = self._vocabulary.channels
        return notes if channels == RGB else (*notes, f"read the images with --channels {','.join(channels.names)}")


def _write_classes(path: Path, names: tuple[str, ...]) -> None:
    """Write a name a line. Raises `InputError` for names that would be read back as something else."""
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    try:
        found = read_names(path).names
    except InputError:
        found = ()
    if found != names:
        raise InputError(f"the mask classes {', '.join(map(repr, names))} cannot be written to {path.name}; use coco")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
