"""The layers of a store as files of a folder and columns of its tables, as ``layers.yaml`` declares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.ignore import IGNORE
from auxseg.data.layers import (
    BoxesForm,
    InstancesForm,
    LayerForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PointsForm,
    TagsForm,
)
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.layers.maps import METRES
from auxseg.data.sources.layers.box_table import CROWD
from auxseg.data.sources.layers.declared import FILE
from auxseg.data.sources.layers.tags import SEPARATOR
from auxseg.data.sources.layers.tags import UNKNOWN as MAYBE
from auxseg.errors import InputError
from auxseg.strict_yaml import write_yaml

_TAKEN: Final = ("images", "masks", "labels", "boxes")
"""Folders and tables of the images themselves."""

_CORNERS: Final = ("x0", "y0", "x1", "y1")

_KINDS: Final = MapForm | MaskForm | MultiMaskForm | TagsForm | BoxesForm | PointsForm | InstancesForm
"""What is written; a kind that is not here is said not to be exported."""

Rows = list[list[str]]


@final
class LayerFiles:
    """Writes the layers of pictures, and says at the end what of them a folder cannot hold.

    Maps and multimasks are arrays (.npy), masks and instances PNG files, each in a folder that is called as the layer.
    Boxes and key points are tables, tags are cells of ``labels.csv``. Names of tags and boxes that a cell cannot hold
    keep their layer from being exported.

    Args:
        out: the folder.
        layers: the layers of the store.
        columns: the columns that ``labels.csv`` has in any case.
    """

    def __init__(self, out: Path, layers: Mapping[str, LayerForm], columns: Sequence[str]) -> None:
        self._out = out
        self.forms = {name: form for name, form in layers.items() if isinstance(form, _KINDS) and _fits_cells(form)}
        """The layers that are written."""
        self._seen: set[str] = set()
        self._rows: dict[str, Rows] = {name: [] for name, form in self.forms.items() if _has_table(form)}
        self._zeros: dict[str, int] = {}
        for name, form in self.forms.items():
            if isinstance(form, TagsForm) and name in columns:
                raise InputError(f"a layer of tags called {name!r} cannot stand in labels.csv: it has such a column")
            if not isinstance(form, TagsForm | BoxesForm) and name in _TAKEN:
                raise InputError(f"a layer called {name!r} cannot be exported: a folder has another file of that name")

    @property
    def tags(self) -> list[str]:
        """The names of the columns of tags in ``labels.csv``."""
        return [name for name, form in self.forms.items() if isinstance(form, TagsForm)]

    def add(self, picture: LabelledPicture, name: str) -> list[str]:
        """Write the layers of a picture under this name. Returns its cells in the columns of tags."""
        cells: list[str] = []
        for layer, form in self.forms.items():
            values = picture.layers.get(layer)
            if isinstance(form, TagsForm):
                cells.append("" if values is None else _cell(values, form))
            elif values is not None and isinstance(form, BoxesForm | PointsForm):
                self._rows[layer] += _rows(picture.id, values, form)
            elif values is not None:
                self._write(layer, form, values, name)
            if values is not None:
                self._seen.add(layer)
        return cells

    def finish(self, write: Callable[[Path, Sequence[str], Rows], None]) -> tuple[str, ...]:
        """Write the tables by ``write``, which is given the path, the header and the rows, and what declares them all.

        Returns what is read back otherwise.
        """
        declared: dict[str, object] = {}
        for name, form in self.forms.items():
            if name not in self._seen:
                continue
            declared[name] = form.to_json()
            if isinstance(form, BoxesForm):
                table = _table(name)
                declared[name] = {**form.to_json(), "table": table}
                write(self._out / table, ["id", *_CORNERS, "name", CROWD], self._rows[name])
            elif isinstance(form, PointsForm):
                header = ["id", *(f"{point}_{part}" for point in form.names for part in "xyv")]
                write(self._out / _table(name), header, self._rows[name])
        if declared:
            (self._out / FILE).write_text(write_yaml(declared, allow_unicode=True), encoding="utf-8")
        return tuple(
            f"data prepare takes 0 in a map with a unit for not known: {count:,} pixels of {name}"
            for name, count in self._zeros.items()
        )

    def _write(self, layer: str, form: LayerForm, values: np.ndarray, name: str) -> None:
        path = self._out / layer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match form:
            case MapForm():
                np.save(path.with_suffix(".npy"), values)
                if form.unit not in ("", METRES) and not form.is_vector and (values == 0).any():
                    self._zeros[layer] = self._zeros.get(layer, 0) + int((values == 0).sum())
            case MultiMaskForm():
                np.save(path.with_suffix(".npy"), form.unpack(values))
            case InstancesForm():
                Image.fromarray(renumbered(values)).save(path, format="PNG", compress_level=1)
            case _:
                assert isinstance(form, MaskForm)
                Image.fromarray(values).save(path, format="PNG", compress_level=1)


def renumbered(instances: UInt16[np.ndarray, "h w"]) -> UInt16[np.ndarray, "h w"]:
    """The same instances, of which none has 255 as the highest number: readers take that for pixels not known."""
    known = instances != UNKNOWN
    if instances.max(initial=0, where=known) != IGNORE:
        return instances
    return np.where(instances == IGNORE, np.uint16(IGNORE + 1), instances)


def _has_table(form: LayerForm) -> bool:
    return isinstance(form, BoxesForm | PointsForm)


def _table(name: str) -> str:
    """The table of a layer, beside that of the images' own boxes or labels."""
    return f"{name}_layer.csv" if name in _TAKEN else f"{name}.csv"


def _fits_cells(form: LayerForm) -> bool:
    """Whether cells can hold the names of a layer: spaces around them are no part of a cell."""
    if isinstance(form, TagsForm):
        return all(name == name.strip(f" {MAYBE}") and name and SEPARATOR not in name for name in form.names)
    return not isinstance(form, BoxesForm) or all(name == name.strip() and name for name in form.names)


def _cell(values: UInt8[np.ndarray, " T"], form: TagsForm) -> str:
    said = {1: "", IGNORE: MAYBE}
    tags = [said[value] + name for name, value in zip(form.names, values.tolist(), strict=True) if value in said]
    return SEPARATOR.join(tags) or SEPARATOR


def _rows(id: str, values: np.ndarray, form: BoxesForm | PointsForm) -> Iterator[list[str]]:
    if isinstance(form, PointsForm):
        yield [id, *(f"{number:.9g}" for number in values.ravel().tolist())]
        return
    for *corners, number, is_crowd in values.tolist():
        yield [id, *(f"{corner:.9g}" for corner in corners), form.names[int(number)], str(int(is_crowd))]
    if not len(values):
        yield [id, *[""] * (len(_CORNERS) + 2)]
