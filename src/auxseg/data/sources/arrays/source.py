"""Folders of NumPy arrays, as MTAN and LibMTL publish NYUv2 and Cityscapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import final

import numpy as np

from auxseg.data.layers import METRES, Layer, LayerForm, MapForm
from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.arrays.layout import IMAGES, choose_folders, find_layout, form_of
from auxseg.data.sources.arrays.npy import read_npy
from auxseg.data.sources.arrays.values import to_ids, to_image, to_map
from auxseg.data.sources.class_names import find_names
from auxseg.data.sources.source import Item, SampleError, Source


@final
class Arrays(Source):
    """Arrays in ``train/image/0.npy``, ``train/label/0.npy``, ``train/depth/0.npy``, ``val/image/0.npy`` and so on.

    Images are uint8, or floating-point numbers from 0 to 1, with three channels, first or last. Ids are whole numbers
    in any type; -1 and 255 are ignored. Depth is in metres, and 0 where it is not known. Normals are unit vectors: x to
    the right, y down. Disparities are in pixels, and 0 where they are not known. ``label_7`` and the like are further
    masks. Any other folder becomes a map if its arrays hold floating-point numbers, else a further mask.
    Files that are not there are missing labels.

    ``classes.txt`` in the folder names the classes of the mask; all others are called by their numbers. Where
    there is no folder ``test``, ``val`` is the test split, which published figures are of, and ``train`` is
    divided into train and val.

    The layout is that of Liu, Johns, Davison 2019, End-to-End Multi-Task Learning with Attention,
    https://github.com/lorenmt/mtan, and of LibMTL, https://github.com/median-research-group/LibMTL.

    Args:
        path: the folder.
        fields: which folder holds what, where that is not its name: ``{"mask": "label_7", "disparity": "depth"}``.

    Raises `InputError` for a folder of another kind.
    """

    name = "arrays"
    options = frozenset({"fields"})
    has_background = False

    def __init__(self, path: str | Path, fields: Mapping[str, str] | None = None) -> None:
        self._root = Path(path)
        self._layout = find_layout(self._root)
        self._fields = dict(fields or {})
        self._mask, self._folders = choose_folders(self._root, self._layout, self._fields)
        named, remarks = find_names(self._root)
        self.mask_classes = named.names if named else self._numbered(self._mask)
        self.layers = {
            name: form_of(self._root, self._layout, folder, name, partial(self._numbered, folder))
            for name, folder in self._folders.items()
        }
        self.remarks = (*remarks, *self._say())

    def items(self) -> Sequence[Item]:
        """All images by split, in the order of their numbers, and what has labels alone."""
        splits = {"train": "train", "val": "val", "test": "test"}
        if "test" not in self._layout.names and "val" in self._layout.names:
            splits = {"train": "trainval", "val": "test"}
        return [
            Item(f"{split}/{name}", splits[split])
            for split, names in self._layout.names.items()
            for name in (*names, *self._layout.imageless[split])
        ]

    def read(self, item: Item) -> Sample:
        """Read the arrays of one image."""
        split, _, name = item.id.partition("/")
        if name in self._layout.imageless[split]:
            raise SampleError(f"it has labels, but no image in {split}/{IMAGES}/")
        folder = self._root / split
        image = to_image(read_npy(folder / IMAGES / f"{name}.npy"))
        layers: dict[str, Layer] = {}
        dropped: list[str] = []
        notes: list[str] = []
        for label, form in self.layers.items():
            path = folder / self._folders[label] / f"{name}.npy"
            if path.exists():
                try:
                    layers[label] = _layer(path, form, label, notes)
                except SampleError as error:
                    dropped.append(str(error))
        mask = None if self._mask is None else self._read_mask(folder / self._mask / f"{name}.npy", dropped)
        return Sample(item.id, image, mask, layers=layers, notes=tuple(notes), dropped=tuple(dropped))

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and which folder holds what if that was said."""
        given = {"fields": " ".join(map("=".join, self._fields.items()))} if self._fields else {}
        return {"name": self.name, "path": self._root.resolve().name, **given}

    def _read_mask(self, path: Path, dropped: list[str]) -> np.ndarray | None:
        if not path.exists():
            return None
        try:
            return to_ids(read_npy(path), path.parent.name)
        except SampleError as error:
            dropped.append(str(error))
            return None

    def _numbered(self, folder: str | None) -> tuple[str, ...]:
        """Names for the ids that a folder holds, of which every file is read."""
        highest = 0
        for split, names in self._layout.names.items() if folder else ():
            for name in names:
                path = self._root / split / str(folder) / f"{name}.npy"
                try:
                    ids = to_ids(read_npy(path), str(folder)) if path.exists() else np.zeros(1, np.uint8)
                except SampleError:  # `read` will say so
                    continue
                highest = max(highest, int(ids[ids != IGNORE].max(initial=0)))
        return tuple(f"class {number}" for number in range(highest + 1)) if folder else ()

    def _say(self) -> tuple[str, ...]:
        remarks = [f"{name} is {form.in_words()}" for name, form in self.layers.items()]
        if len(self._layout.masks) > 1:
            masks = ", ".join(self._layout.masks)
            remarks.append(
                f"{self._mask} is the mask, of {masks}; the others are layers (--fields mask=... takes another)"
            )
        if any(isinstance(form, MapForm) and form.unit == METRES for form in self.layers.values()):
            remarks.append("depth is read as metres, 0 as unknown; --fields disparity=depth reads disparities")
        if "test" not in self._layout.names and "val" in self._layout.names:
            remarks.append("there is no folder test: val is the test split, and a part of train is for validation")
        return tuple(remarks)


def _layer(path: Path, form: LayerForm, name: str, notes: list[str]) -> Layer:
    values = read_npy(path)
    if not isinstance(form, MapForm):
        return Layer(form, to_ids(values, name))
    numbers, done = to_map(values, form, name)
    notes += done
    return Layer(form, numbers)
