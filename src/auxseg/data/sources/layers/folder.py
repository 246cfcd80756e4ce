"""All layers of a folder's samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.layers import BoxesForm, Layer, LayerForm, PointsForm, TagsForm
from auxseg.data.sample import Box
from auxseg.data.sources.layers.box_table import BoxTable, read_box_table
from auxseg.data.sources.layers.declared import FILE, Declared, to_form
from auxseg.data.sources.layers.instance_boxes import InstanceBoxes, instance_boxes
from auxseg.data.sources.layers.pixels import PixelLayer, class_folders
from auxseg.data.sources.layers.points import PointTable, point_layer, read_points
from auxseg.data.sources.layers.tags import names_in, read_tags
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.source import SampleError
from auxseg.data.sources.tables import Labels
from auxseg.errors import InputError


@final
@dataclass(frozen=True)
class FolderLayers:
    """The layers that ``layers.yaml`` declares: files for every pixel, tags in a column, boxes, tables of key points.

    Attributes:
        forms: by name, what the layers hold.
        labels: the tables of labels, without the columns that hold tags.
        remarks: what was understood.
    """

    forms: Mapping[str, LayerForm]
    labels: Mapping[str, Labels]
    remarks: tuple[str, ...]
    _pixels: Mapping[str, PixelLayer]
    _cells: Mapping[str, Mapping[str, str]]
    _boxes: Mapping[str, BoxTable]
    _points: Mapping[str, PointTable]
    _around: Mapping[str, InstanceBoxes]
    _tables: Mapping[str, Collection[str]]
    """By name of a table that holds a layer and nothing else, the ids of the images that have a row in it."""

    @property
    def files(self) -> frozenset[str]:
        """Names of the folders and the tables that hold layers and nothing else."""
        return frozenset(layer.folder for layer in self._pixels.values()) | {*self._tables}

    @property
    def ids(self) -> set[str]:
        """The ids of all images that have a file in one of the folders, or a row in one of the tables."""
        return set().union(*(layer.ids for layer in self._pixels.values()), *self._tables.values())

    def has_places(self, id: str) -> bool:
        """Whether an image has a layer of its own files or tables, which lies as its image does."""
        in_tables = any(id in ids for ids in self._tables.values())
        return in_tables or any(id in layer.ids for layer in self._pixels.values())

    def read(
        self, id: str, hw: tuple[int, int], mask: UInt8[np.ndarray, "_ _"] | None
    ) -> tuple[dict[str, Layer], list[str], list[str]]:
        """The layers of an image of this height and width, what was repaired, and why some could not be used.

        ``mask`` is that of the image, if it has one.
        """
        layers: dict[str, Layer] = {}
        notes: list[str] = []
        faults: list[str] = []
        for name, form in self.forms.items():
            try:
                layer, lost = self._read(id, hw, name, form, mask, notes)
            except SampleError as error:
                faults.append(str(error))
                continue
            faults += lost
            if layer is not None:
                layers[name] = layer
        return layers, notes, faults

    def _read(
        self, id: str, hw: tuple[int, int], name: str, form: LayerForm, mask: np.ndarray | None, notes: list[str]
    ) -> tuple[Layer | None, Sequence[str]]:
        """A layer of an image, and what of it could not be used. Raises `SampleError` if all of it cannot."""
        match form:
            case TagsForm():
                cell = self._cells[name].get(id)
                return None if cell is None else Layer(form, read_tags(cell, form, name)), ()
            case PointsForm():
                rows = self._points[name].rows.get(id)
                return (None, ()) if rows is None else point_layer(rows, form, hw, name)
            case BoxesForm() if name in self._around:
                return self._around[name].read(id, hw, mask, notes), ()
            case BoxesForm():
                return self._boxes[name].read(id, form, hw, name), ()
        return self._pixels[name].read(id, notes), ()


def find_layers(
    root: Path,
    declared: Declared,
    photographs: Photographs,
    labels: Mapping[str, Labels],
    boxes: Mapping[str, Sequence[Box]],
    mask_classes: Sequence[str] = (),
    first: int = 0,
) -> FolderLayers:
    """Understand what ``layers.yaml`` declares. Raises `InputError` if it is wrong, or declares what is not there.

    ``mask_classes`` are those of the masks, of which ``first`` is the first that is no background.
    """
    path = root / FILE
    forms: dict[str, LayerForm] = {}
    pixels: dict[str, PixelLayer] = {}
    cells: dict[str, dict[str, str]] = {}
    points: dict[str, PointTable] = {}
    tables: dict[str, BoxTable] = {}
    files: dict[str, Collection[str]] = {}
    for name, values in declared.layers.items():
        match values["kind"]:
            case "boxes" if "of" in values:
                continue
            case "tags":
                cells[name] = {id: row.classes[name] for id, row in labels.items() if name in row.classes}
                if not cells[name]:
                    raise InputError(f"{path}: {name} should be a column of labels.csv with tags, such as rain;people")
                found = names_in(cells[name].values())
            case "boxes" if "table" in values:
                file = _beside(path, name, values, "table", "")
                tables[name] = read_box_table(root / file, photographs, name)
                files[file], found = tables[name].boxes, tables[name].names
            case "boxes":
                if not boxes:
                    raise InputError(f"{path}: {name} needs boxes.csv, which is missing or empty")
                tables[name] = BoxTable(boxes, {})
                found = tables[name].names
            case "points":
                points[name] = read_points(root / _table(name), photographs)
                files[_table(name)], found = points[name].rows, points[name].names
            case "multimask":
                found = class_folders(root / name) if (root / name).is_dir() else ()
            case _:
                found = ()
        form = to_form(path, name, {"names": list(found), **values} if found else values)
        forms[name] = form
        if isinstance(form, PointsForm) and form.names != points[name].names:
            points[name] = _in_order(points[name], form, root / _table(name))
        if not isinstance(form, TagsForm | BoxesForm | PointsForm):
            folder = root / _beside(path, name, values, "folder", name)
            key, scale = declared.keys.get(name), declared.scales.get(name)
            pixels[name] = PixelLayer(folder, form, photographs, key, scale)
    around = {
        name: instance_boxes(path, name, values, pixels, mask_classes, first)
        for name, values in declared.layers.items()
        if "of" in values
    }
    forms |= {name: layer.form for name, layer in around.items()}
    forms = {name: forms[name] for name in declared.layers}
    rest = {
        id: replace(row, classes={kind: text for kind, text in row.classes.items() if kind not in cells})
        for id, row in labels.items()
    }
    unread = {layer.folder: layer.remarks for layer in pixels.values()}  # several layers may read one folder
    remarks = (
        *(f"{name} is {form.in_words()}" for name, form in forms.items()),
        *(remark for remarks in unread.values() for remark in remarks),
    )
    return FolderLayers(forms, rest, remarks, pixels, cells, tables, points, around, files)


def _beside(path: Path, name: str, values: Mapping[str, object], key: str, default: str) -> str:
    """The folder or the table with a layer. Raises `InputError` if it is none beside the images."""
    place = values.get(key, default)
    if not isinstance(place, str) or place in ("", "..") or Path(place).name != place:
        raise InputError(f"{path}: {name}: {key} should be the name of a {key} beside images/, not {place!r}")
    return place


def _table(name: str) -> str:
    """The file with the points of a layer."""
    return f"{name}.csv"


def _in_order(table: PointTable, form: PointsForm, path: Path) -> PointTable:
    """A table with its points in the order of the form. Raises `InputError` if they are not the same."""
    if set(table.names) != set(form.names):
        raise InputError(f"{path} holds the points {', '.join(table.names)}, but {FILE} lists {', '.join(form.names)}")
    places = [table.names.index(name) for name in form.names]
    return PointTable(form.names, {id: rows[places] for id, rows in table.rows.items()})
