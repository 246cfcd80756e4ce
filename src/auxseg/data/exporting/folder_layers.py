"""The layers of a store as files of a folder and columns of its tables, as ``layers.yaml`` declares them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np
import yaml
from jaxtyping import UInt8, UInt16

from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.exporting.png import write_png
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
from auxseg.data.sources.layers.pixels import PLANE_VALUES
from auxseg.data.sources.layers.tags import SEPARATOR
from auxseg.data.sources.layers.tags import UNKNOWN as MAYBE
from auxseg.data.sources.tables import CORNERS, RESERVED
from auxseg.strict_yaml import read_yaml, write_yaml

_KINDS: Final = MapForm | MaskForm | MultiMaskForm | TagsForm | BoxesForm | PointsForm | InstancesForm
"""What is written; a kind that is not here is said not to be exported."""

_FOLDERS: Final = ("images", "masks")
_TABLES: Final = ("labels.csv", "boxes.csv")
"""What the images and their own labels take."""

_MOST_IN_CELL: Final = 100_000
"""Characters that all tags of an image may have together: Python's own reader of tables takes 131,072."""

Rows = list[list[str]]


@final
class LayerFiles:
    """Writes the layers of pictures, and says at the end what of them a folder cannot hold.

    Maps are arrays (.npy), masks, instances and each class of a multimask PNG files, in a folder that is called as the
    layer. Boxes and key points are tables, tags are cells of ``labels.csv``. A layer is left out if a file, a column or
    a cell cannot hold its name or one of its names.

    Args:
        out: the folder.
        layers: the layers of the store.
        columns: the columns that ``labels.csv`` has in any case.
    """

    def __init__(self, out: Path, layers: Mapping[str, LayerForm], columns: Collection[str]) -> None:
        self._out = out
        self._tables: dict[str, str] = {}
        self.forms: dict[str, LayerForm] = {}
        """The layers that are written."""
        points = {f"{name}.csv" for name, form in layers.items() if isinstance(form, PointsForm)}
        for name, form in layers.items():
            if not isinstance(form, _KINDS) or not _fits(name, form, columns):
                continue
            if isinstance(form, PointsForm):
                self._tables[name] = f"{name}.csv"
            elif isinstance(form, BoxesForm):
                taken = {*_TABLES, *points, *self._tables.values()}
                numbers = ("", *(f"_{number}" for number in range(2, len(layers) + 4)))
                self._tables[name] = next(table for number in numbers if (table := f"{name}{number}.csv") not in taken)
            self.forms[name] = form
            if not _is_read(self._declared(self.forms)):
                del self.forms[name]
        self._seen: set[str] = set()
        self._rows: dict[str, Rows] = {name: [] for name in self._tables}
        self._tags: dict[str, dict[str, str]] = {
            name: {} for name, form in self.forms.items() if isinstance(form, TagsForm)
        }
        self._zeros: dict[str, int] = {}

    def add(self, picture: LabelledPicture, name: str) -> None:
        """Write the layers of a picture under this name, and remember its rows and cells."""
        for layer, form in self.forms.items():
            values = picture.layers.get(layer)
            if values is None:
                continue
            self._seen.add(layer)
            match form:
                case TagsForm():
                    self._tags[layer][picture.id] = _cell(values, form)
                case BoxesForm() | PointsForm():
                    self._rows[layer] += _rows(picture.id, values, form)
                case _:
                    self._write(layer, form, values, name)

    @property
    def tags(self) -> dict[str, dict[str, str]]:
        """By the name of a column of ``labels.csv`` the cells of images, by their ids."""
        return {name: cells for name, cells in self._tags.items() if cells}

    def finish(self, write: Callable[[Path, Sequence[str], Rows], None]) -> tuple[str, ...]:
        """Write the tables by ``write``, which is given the path, the header and the rows, and what declares them all.

        Returns what is read back otherwise.
        """
        forms = {name: form for name, form in self.forms.items() if name in self._seen}
        for name, form in forms.items():
            if isinstance(form, BoxesForm):
                write(self._out / self._tables[name], ["id", *CORNERS, "name", CROWD], self._rows[name])
            elif isinstance(form, PointsForm):
                header = ["id", *(f"{point}_{part}" for point in form.names for part in "xyv")]
                write(self._out / self._tables[name], header, self._rows[name])
        if forms:
            (self._out / FILE).write_text(self._declared(forms), encoding="utf-8")
        unseen = ", ".join(name for name in self.forms if name not in forms)
        return (
            *((f"its layers are not exported, because no image has them: {unseen}",) if unseen else ()),
            *(
                f"data prepare takes 0 in a map with a unit for not known: {count:,} pixels of {name}"
                for name, count in self._zeros.items()
            ),
        )

    def _declared(self, forms: Mapping[str, LayerForm]) -> str:
        tables = {name: {"table": self._tables[name]} for name, form in forms.items() if isinstance(form, BoxesForm)}
        return write_yaml(
            {name: {**form.to_json(), **tables.get(name, {})} for name, form in forms.items()}, allow_unicode=True
        )

    def _write(self, layer: str, form: LayerForm, values: np.ndarray, name: str) -> None:
        path = self._out / layer / name
        match form:
            case MapForm():
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path.with_suffix(".npy"), values)
                if form.unit not in ("", METRES) and not form.is_vector:
                    lost = int(((values == 0).any(axis=2) & form.known(values)).sum())
                    self._zeros |= {layer: self._zeros.get(layer, 0) + lost} if lost else {}
            case MultiMaskForm():
                table = np.full(IGNORE + 1, PLANE_VALUES[IGNORE], np.uint8)
                table[:2] = PLANE_VALUES[0], PLANE_VALUES[1]
                for class_name, plane in zip(form.names, form.unpack(values), strict=True):
                    write_png(self._out / layer / class_name / name, table[plane])
            case InstancesForm():
                write_png(path, renumbered(values))
            case _:
                assert isinstance(form, MaskForm)
                write_png(path, values)


def renumbered(instances: UInt16[np.ndarray, "h w"]) -> UInt16[np.ndarray, "h w"]:
    """The same instances, of which none has 255 as the highest number: readers take that for pixels not known."""
    known = instances != UNKNOWN
    if instances.max(initial=0, where=known) != IGNORE:
        return instances
    return np.where(instances == IGNORE, np.uint16(IGNORE + 1), instances)


def _fits(name: str, form: LayerForm, columns: Collection[str]) -> bool:
    """Whether a folder can hold a layer. Spaces around the name of a column or around a cell are no part of it."""
    match form:
        case TagsForm():
            each = all(
                tag and tag == tag.strip() and SEPARATOR not in tag and not tag.startswith(MAYBE) for tag in form.names
            )
            length = sum(len(tag) + len(MAYBE + SEPARATOR) for tag in form.names)
            return each and length <= _MOST_IN_CELL and name not in columns and name not in RESERVED
        case BoxesForm():
            return all(each and each == each.strip() for each in form.names)
        case PointsForm():
            return all(each == each.lstrip() for each in form.names) and f"{name}.csv" not in _TABLES
        case MultiMaskForm():
            return all(_is_folder(each) for each in form.names) and name not in _FOLDERS
        case _:
            return name not in _FOLDERS


def _is_folder(name: str) -> bool:
    """Whether a folder of a class may be called so."""
    return not name.startswith(".") and not {*name} & {*"/\\\0"} and 0 < len(name.encode()) <= 200


def _is_read(text: str) -> bool:
    """Whether what declares the layers is as small as its reader expects."""
    try:
        read_yaml(text)
    except yaml.YAMLError:
        return False
    return True


def _cell(values: UInt8[np.ndarray, " T"], form: TagsForm) -> str:
    said = {1: "", IGNORE: MAYBE}
    tags = [said[value] + name for name, value in zip(form.names, values.tolist(), strict=True) if value in said]
    return SEPARATOR.join(tags) or SEPARATOR


def _rows(id: str, values: np.ndarray, form: BoxesForm | PointsForm) -> Iterator[list[str]]:
    if isinstance(form, PointsForm):
        yield [id, *map(decimal, values.ravel().tolist())]
        return
    for *corners, number, is_crowd in values.tolist():
        yield [id, *map(decimal, corners), form.names[int(number)], str(int(is_crowd))]
    if not len(values):
        yield [id, *[""] * (len(CORNERS) + 2)]


def decimal(number: float) -> str:
    """A number of float32 with all of its digits."""
    return f"{number:.9g}"
