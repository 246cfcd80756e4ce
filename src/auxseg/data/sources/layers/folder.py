"""All layers of a folder's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.layers import BoxesForm, Layer, LayerForm, PointsForm, TagsForm
from auxseg.data.sample import Box
from auxseg.data.sources.layers.box_rows import NAMELESS, box_layer
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
    _boxes: Mapping[str, Sequence[Box]]
    _points: Mapping[str, PointTable]
    _around: Mapping[str, InstanceBoxes]

    @property
    def files(self) -> frozenset[str]:
        """Names of the folders and the tables that hold layers and nothing else."""
        return frozenset(layer.folder for layer in self._pixels.values()) | {_table(name) for name in self._points}

    @property
    def ids(self) -> set[str]:
        """The ids of all images that have a file in one of the folders, or a row in one of the tables."""
        points = (table.rows for table in self._points.values())
        return set().union(*(layer.ids for layer in self._pixels.values()), *points)

    def has_places(self, id: str) -> bool:
        """Whether an image has a layer of its own files or tables, which lies as its image does."""
        points = any(id in table.rows for table in self._points.values())
        return points or any(id in layer.ids for layer in self._pixels.values())

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
                if id not in self._boxes:
                    return None, ()
                strangers = {box.name or NAMELESS for box in self._boxes[id]} - {*form.names}
                if strangers:
                    listed = ", ".join(form.names[:20])
                    raise SampleError(f"its boxes hold the class {min(strangers)!r}; {name} lists {listed}")
                layer = box_layer(self._boxes[id], (), form, hw)
                if layer is None:
                    raise SampleError(f"one of its boxes cannot be used, so {name} is not known")
                return layer, ()
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
    for name, values in declared.layers.items():
        match values["kind"]:
            case "boxes" if "of" in values:
                continue
            case "tags":
                cells[name] = {id: row.classes[name] for id, row in labels.items() if name in row.classes}
                if not cells[name]:
                    raise InputError(f"{path}: {name} should be a column of labels.csv with tags, such as rain;people")
                found = names_in(cells[name].values())
            case "boxes":
                if not boxes:
                    raise InputError(f"{path}: {name} needs boxes.csv, which is missing or empty")
                found = tuple(sorted({box.name or NAMELESS for some in boxes.values() for box in some}))
            case "points":
                points[name] = read_points(root / _table(name), photographs)
                found = points[name].names
            case "multimask":
                found = class_folders(root / name) if (root / name).is_dir() else ()
            case _:
                found = ()
        form = to_form(path, name, {"names": list(found), **values} if found else values)
        forms[name] = form
        if isinstance(form, PointsForm) and form.names != points[name].names:
            points[name] = _in_order(points[name], form, root / _table(name))
        if not isinstance(form, TagsForm | BoxesForm | PointsForm):
            folder = root / _folder(path, name, values)
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
    return FolderLayers(forms, rest, remarks, pixels, cells, boxes, points, around)


def _folder(path: Path, name: str, values: Mapping[str, object]) -> str:
    """The folder with the files of a layer. Raises `InputError` if it is none beside the images."""
    folder = values.get("folder", name)
    if not isinstance(folder, str) or Path(folder).name != folder:
        raise InputError(f"{path}: {name}: folder should be the name of a folder beside images/, not {folder!r}")
    return folder


def _table(name: str) -> str:
    """The file with the points of a layer."""
    return f"{name}.csv"


def _in_order(table: PointTable, form: PointsForm, path: Path) -> PointTable:
    """A table with its points in the order of the form. Raises `InputError` if they are not the same."""
    if set(table.names) != set(form.names):
        raise InputError(f"{path} holds the points {', '.join(table.names)}, but {FILE} lists {', '.join(form.names)}")
    places = [table.names.index(name) for name in form.names]
    return PointTable(form.names, {id: rows[places] for id, rows in table.rows.items()})
