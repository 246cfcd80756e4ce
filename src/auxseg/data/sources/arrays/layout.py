"""Which folders and files of arrays there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from auxseg.data.layers import METRES, LayerForm, MapForm, MaskForm, name_fault
from auxseg.data.sources.arrays.npy import Head, read_head
from auxseg.data.sources.arrays.values import MAP_CHANNELS, channels_of
from auxseg.data.sources.pictures.files import is_passed_over
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError, nearest

SPLITS: Final = ("train", "val", "test")
IMAGES: Final = "image"
LABELS: Final = "label"
MASK: Final = "mask"
_KNOWN: Final[Mapping[str, LayerForm]] = {
    "depth": MapForm(unit=METRES),
    "disparity": MapForm(unit="px"),
    "normal": MapForm(channels=3, is_vector=True),
    "normals": MapForm(channels=3, is_vector=True),
}


@dataclass(frozen=True)
class Layout:
    """By split the names of its images (without suffix), and all folders of labels beside them.

    ``imageless`` are the names of labels that have no image.
    """

    names: Mapping[str, tuple[str, ...]]
    folders: tuple[str, ...]
    imageless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def mask(self) -> str | None:
        """The folder whose ids are the mask: ``label``, or the first of ``label_7``, ``label_19`` and so on."""
        return next(iter(self.masks), None)

    @property
    def masks(self) -> tuple[str, ...]:
        """All folders of that kind."""
        return tuple(name for name in self.folders if name == LABELS or name.startswith(f"{LABELS}_"))


def choose_folders(root: Path, layout: Layout, fields: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """The folder of the mask, and the others by the names of their layers, which are their own unless ``fields`` says
    otherwise: ``{"mask": "label_7", "disparity": "depth"}``.

    Raises `InputError` for a folder that is not there, or is asked for twice.
    """
    for role, folder in fields.items():
        if role == IMAGES:
            raise InputError(f"{root}: images are in the folder {IMAGES}; --fields names labels")
        if folder not in layout.folders:
            raise InputError(
                f"{root}: {role}={folder} names no folder{nearest(folder, layout.folders)}; there are "
                f"{', '.join(layout.folders) or 'none'}"
            )
    roles = {folder: role for role, folder in fields.items()}
    mask = fields.get(MASK, layout.mask)
    layers = {roles.get(folder, folder): folder for folder in layout.folders if folder != mask}
    if len(roles) < len(fields) or len(layers) + (mask is not None) < len(layout.folders):
        raise InputError(f"{root}: two of {', '.join(map('='.join, fields.items()))} or of the folders are one")
    return mask, layers


def find_layout(root: Path) -> Layout:
    """What lies in ``root/train/image/0.npy``, ``root/train/label/0.npy`` and so on. Raises `InputError`."""
    splits = [split for split in SPLITS if (root / split / IMAGES).is_dir()]
    if not splits:
        raise InputError(
            f"{root} should hold .npy files in folders such as train/{IMAGES}, train/{LABELS}, train/depth and "
            f"val/{IMAGES}, but has no folder of images"
        )
    names = {split: _names(root / split / IMAGES) for split in splits}
    for split, found in names.items():
        if not found:
            raise InputError(f"{root / split / IMAGES} holds no .npy files")
    folders = {each.name for split in splits for each in (root / split).iterdir() if each.is_dir()}
    folders = {name for name in folders - {IMAGES} if not is_passed_over(name)}
    labelled = {
        split: {
            name for folder in folders if (root / split / folder).is_dir() for name in _names(root / split / folder)
        }
        for split in splits
    }
    imageless = {split: tuple(sorted(labelled[split] - {*names[split]}, key=_natural)) for split in splits}
    return Layout(names, tuple(sorted(folders, key=_natural)), imageless)


def form_of(root: Path, layout: Layout, folder: str, name: str, classes: Callable[[], tuple[str, ...]]) -> LayerForm:
    """What a folder of labels holds: by the name of its layer, or by the type of its first array. Raises `InputError`.

    ``classes`` gives the names for whole numbers.
    """
    if fault := name_fault(name):
        raise InputError(f"{root}: the name of the folder {name!r} {fault}, to be the name of a layer")
    if name in _KNOWN:
        return _KNOWN[name]
    head = _first_head(root, layout, folder)
    if folder in layout.masks or head.dtype.kind != "f":
        return MaskForm(classes())
    channels = channels_of(head.shape, MAP_CHANNELS)
    if channels is None:
        raise InputError(
            f"{root}: arrays in {folder} have the shape {head.shape}, expected height and width with at most "
            f"{MAP_CHANNELS[-1]} channels"
        )
    return MapForm(channels[0])


def _first_head(root: Path, layout: Layout, folder: str) -> Head:
    for split, names in layout.names.items():
        for name in names:
            path = root / split / folder / f"{name}.npy"
            if path.is_file():
                try:
                    return read_head(path)
                except SampleError as error:
                    raise InputError(f"{root / split}: {error}") from error
    raise InputError(f"{root}: the folder {folder} holds no array for any image")


def _names(folder: Path) -> tuple[str, ...]:
    found = [path.stem for path in folder.iterdir() if path.suffix == ".npy" and not is_passed_over(path.name)]
    return tuple(sorted(found, key=_natural))


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """2 before 10."""
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.findall(r"[0-9]{1,18}|[^0-9]+", name))
