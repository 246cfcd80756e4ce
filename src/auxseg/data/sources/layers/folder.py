"""All layers of a folder's samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from auxseg.data.layers import BoxesForm, Layer, LayerForm, TagsForm
from auxseg.data.sample import Box
from auxseg.data.sources.layers.box_rows import NAMELESS, box_layer
from auxseg.data.sources.layers.declared import FILE, Declared, to_form
from auxseg.data.sources.layers.pixels import PixelLayer, class_folders
from auxseg.data.sources.layers.tags import names_in, read_tags
from auxseg.data.sources.name_matching import Photographs
from auxseg.data.sources.source import SampleError
from auxseg.data.sources.tables import Labels
from auxseg.errors import InputError


@final
@dataclass(frozen=True)
class FolderLayers:
    """The layers that ``layers.yaml`` declares: files for every pixel, tags in a column, and all boxes.

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

    @property
    def folders(self) -> frozenset[str]:
        """Names of the folders that hold layers."""
        return frozenset(self._pixels)

    @property
    def ids(self) -> set[str]:
        """The ids of all images that have a file in one of the folders."""
        return set().union(*(layer.ids for layer in self._pixels.values()))

    def has_pixels(self, id: str) -> bool:
        """Whether an image has a file of a layer, which lies as its image does."""
        return any(id in layer.ids for layer in self._pixels.values())

    def read(self, id: str, hw: tuple[int, int]) -> tuple[dict[str, Layer], list[str], list[str]]:
        """The layers of an image of this height and width, what was repaired, and why some could not be used."""
        layers: dict[str, Layer] = {}
        notes: list[str] = []
        faults: list[str] = []
        for name, form in self.forms.items():
            try:
                layer = self._read(id, hw, name, form, notes)
            except SampleError as error:
                faults.append(str(error))
                continue
            if layer is not None:
                layers[name] = layer
        return layers, notes, faults

    def _read(self, id: str, hw: tuple[int, int], name: str, form: LayerForm, notes: list[str]) -> Layer | None:
        match form:
            case TagsForm():
                cell = self._cells[name].get(id)
                return None if cell is None else Layer(form, read_tags(cell, form, name))
            case BoxesForm():
                if id not in self._boxes:
                    return None
                strangers = {box.name or NAMELESS for box in self._boxes[id]} - {*form.names}
                if strangers:
                    listed = ", ".join(form.names[:20])
                    raise SampleError(f"its boxes hold the class {min(strangers)!r}; {name} lists {listed}")
                layer = box_layer(self._boxes[id], (), form, hw)
                if layer is None:
                    raise SampleError(f"one of its boxes cannot be used, so {name} is not known")
                return layer
        return self._pixels[name].read(id, notes)


def find_layers(
    root: Path,
    declared: Declared,
    photographs: Photographs,
    labels: Mapping[str, Labels],
    boxes: Mapping[str, Sequence[Box]],
) -> FolderLayers:
    """Understand what ``layers.yaml`` declares. Raises `InputError` if it is wrong, or declares what is not there."""
    path, forms, pixels = root / FILE, {}, {}
    cells: dict[str, dict[str, str]] = {}
    for name, values in declared.layers.items():
        match values["kind"]:
            case "tags":
                cells[name] = {id: row.classes[name] for id, row in labels.items() if name in row.classes}
                if not cells[name]:
                    raise InputError(f"{path}: {name} should be a column of labels.csv with tags, such as rain;people")
                found = names_in(cells[name].values())
            case "boxes":
                if not boxes:
                    raise InputError(f"{path}: {name} needs boxes.csv, which is missing or empty")
                found = tuple(sorted({box.name or NAMELESS for some in boxes.values() for box in some}))
            case "multimask":
                found = class_folders(root / name) if (root / name).is_dir() else ()
            case _:
                found = ()
        form = to_form(path, name, {"names": list(found), **values} if found else values)
        forms[name] = form
        if not isinstance(form, TagsForm | BoxesForm):
            pixels[name] = PixelLayer(root / name, form, photographs, declared.keys.get(name))
    rest = {
        id: replace(row, classes={kind: text for kind, text in row.classes.items() if kind not in cells})
        for id, row in labels.items()
    }
    remarks = tuple(f"{name} is {form.in_words()}" for name, form in forms.items())
    return FolderLayers(forms, rest, remarks, pixels, cells, boxes)
