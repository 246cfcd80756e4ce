"""Layers with values for every pixel, from the files of a folder that is called as the layer.

Shape legend: ``h w`` the image's own size, ``K`` classes of a multimask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import InstancesForm, Layer, MapForm, MaskForm, MultiMaskForm
from auxseg.data.sources.arrays.inside import ARRAY_SUFFIXES, array_files
from auxseg.data.sources.arrays.npy import read_npy
from auxseg.data.sources.arrays.values import to_ids, to_instances, to_map
from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.masks.files import MASK_SUFFIXES, Pixels, read_pixels
from auxseg.data.sources.name_matching import Photographs, masks_by_picture
from auxseg.data.sources.pictures.files import Listing, describe_others, is_passed_over, list_files
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

_Form = MapForm | MaskForm | MultiMaskForm | InstancesForm

GREY_SUFFIXES: Final = (".png", ".tif", ".tiff")
"""Pictures that hold a map of one channel: grey of up to 16 bits, or of TIFF floating-point numbers."""

YES, UNKNOWN = 255, 128
"""What a pixel of a picture of one class says, beside 0 and 1."""

PLANE_VALUES: Final[Mapping[int, int]] = {0: 0, 1: YES, IGNORE: UNKNOWN}
"""What stands in such a picture for each value of a plane."""


@final
class PixelLayer:
    """The files of one layer by the id of their image: one file, or of a multimask one for each class.

    Maps are arrays, and those of one channel grey pictures too; masks and instances are pictures or arrays of ids. A
    multimask is an array ``K h w`` or ``h w K`` of 0, 1 and 255 (not known), or for each class a picture
    ``LAYER/CLASS/ID.png`` of 0, 255 (or 1) where the class is, and 128 where that is not known. Of a class without a
    picture nothing is known in that image. ``key`` names the array that is meant in .npz and .mat files of several,
    ``scale`` is what 1 in the files of a map stands for.

    Raises `InputError` for a folder that is missing or holds nothing that fits, and for a map of pictures without a
    scale.
    """

    def __init__(
        self, folder: Path, form: _Form, photographs: Photographs, key: str | None = None, scale: float | None = None
    ) -> None:
        self.form, self._name, self._scale = form, folder.name, scale
        if not folder.is_dir():
            raise InputError(f"{folder} does not exist; it should hold the files of the layer {folder.name}")
        names = class_folders(folder) if isinstance(form, MultiMaskForm) else ()
        strangers = sorted({*names} - {*getattr(form, "names", ())})
        if strangers:
            known = ", ".join(form_names(form))
            raise InputError(f"{folder} holds the folder {strangers[0]}, which is none of {known}")
        self._files: dict[str, dict[str, ImageFile]] = {}
        others = _files_beside(folder) if names else []
        for name in names or ("",):
            listing = _listing(folder / name, suffixes_of(form))
            others += [f"{name}/{other}" if name else other for other in listing.others]
            matched = masks_by_picture(listing, photographs, "images", (folder / name).name, word=(folder / name).name)
            for id, file in array_files(matched, key, str(folder / name)).items():
                self._files.setdefault(id, {})[name] = file
        self.remarks = describe_others(f"{self._name}/", others, "no file that the layer is read from")
        if isinstance(form, MapForm) and scale is None:
            _refuse_unscaled(folder, [file for files in self._files.values() for file in files.values()])

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return self._name

    @property
    def ids(self) -> set[str]:
        """The ids of all images that have a file."""
        return set(self._files)

    def read(self, id: str, notes: list[str]) -> Layer | None:
        """The layer of an image, ``None`` where it has no file; what was repaired is added to ``notes``.

        Raises `SampleError` for a file that cannot be used.
        """
        files = self._files.get(id)
        if files is None:
            return None
        match self.form:
            case MapForm() as form:
                numbers, done = to_map(self._numbers(files[""]), form, self._name)
                notes += done
                return Layer(form, numbers)
            case MaskForm() as form:
                return Layer(form, to_ids(_one_channel(files[""], read_pixels(files[""])), self._name))
            case InstancesForm() as form:
                things, done = to_instances(_one_channel(files[""], read_pixels(files[""])), self._name)
                notes += [note for note in done if note not in notes]  # boxes around them read them, too
                return Layer(form, things)
            case MultiMaskForm() as form:
                planes = _planes(files, form) if "" not in files else to_planes(read_npy(files[""]), form, self._name)
                return Layer(form, form.pack(planes))

    def _numbers(self, file: ImageFile) -> np.ndarray:
        """The numbers in a file of a map, before anything is known about what they mean."""
        if file.suffix.lower() == ".npy":
            values = read_npy(file)
            return values if self._scale is None else values * np.float64(self._scale)
        pixels = read_pixels(file)
        if pixels.palette is not None:
            raise SampleError(f"{_shown(file)} has a palette; the picture of a map should be grey")
        return _one_channel(file, pixels) * np.float64(self._scale or 1)


def class_folders(folder: Path) -> tuple[str, ...]:
    """The folders in the folder of a multimask, which are called as its classes."""
    return tuple(sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")))


def form_names(form: _Form) -> tuple[str, ...]:
    """The names of classes, of which maps and instances have none."""
    return () if isinstance(form, MapForm | InstancesForm) else form.names


def to_planes(values: np.ndarray, form: MultiMaskForm, what: str) -> UInt8[np.ndarray, "K h w"]:
    """0, 1 and `IGNORE` with classes first; of one class two axes do.

    Raises `SampleError` for another shape or other values.
    """
    num_classes = len(form.names)
    if values.ndim == 2 and num_classes == 1:  # MATLAB has no last axis of length 1
        values = values[None]
    if values.ndim != 3 or num_classes not in (values.shape[0], values.shape[2]):
        expected = f"{num_classes} x h x w or h x w x {num_classes}"
        raise SampleError(f"its {what} has the shape {values.shape}, expected {expected}")
    planes = values if values.shape[0] == num_classes else np.moveaxis(values, 2, 0)
    wrong = planes[(planes != 0) & (planes != 1) & (planes != IGNORE)]
    if wrong.size:
        raise SampleError(f"its {what} holds {wrong[0]:g}, expected 0, 1, or {IGNORE} where it is not known")
    return planes.astype(np.uint8)


def _planes(files: Mapping[str, ImageFile], form: MultiMaskForm) -> UInt8[np.ndarray, "K h w"]:
    planes = {name: _plane(path) for name, path in files.items()}
    shapes = {plane.shape for plane in planes.values()}
    if len(shapes) > 1:
        found = " and ".join(f"{height} x {width}" for height, width in sorted(shapes))
        raise SampleError(f"the pictures of its classes have different sizes: {found} (height x width)")
    blank = np.full(shapes.pop(), IGNORE, np.uint8)
    return np.stack([planes.get(name, blank) for name in form.names])


def _plane(path: ImageFile) -> UInt8[np.ndarray, "h w"]:
    pixels = read_pixels(path)
    if pixels.palette is not None:  # its colours say what is meant, not their indices
        pixels = Pixels(pixels.palette[pixels.values])
    values = _one_channel(path, pixels)
    found, shown = set(np.unique(values).tolist()), _shown(path)
    if not found <= {0, 1, YES, UNKNOWN}:
        raise SampleError(
            f"{shown} holds {max(found - {0, 1, YES, UNKNOWN}):g}, expected 0, {YES} (or 1) where the class is, and "
            f"{UNKNOWN} where it is not known"
        )
    if {1, YES} <= found:
        raise SampleError(
            f"{shown} holds both 1 and {YES}, which both mean the class; write {UNKNOWN} where it is not known"
        )
    plane = np.where((values == 1) | (values == YES), 1, 0).astype(np.uint8)
    plane[values == UNKNOWN] = IGNORE
    return plane


def _one_channel(path: ImageFile, pixels: Pixels) -> np.ndarray:
    values = pixels.one_channel()
    if values is None:
        raise SampleError(f"{_shown(path)} has colours; it should have one channel")
    return values


def _shown(path: ImageFile) -> str:
    return path.name if isinstance(path, Embedded) else f"{path.parent.name}/{path.name}"


def suffixes_of(form: _Form) -> tuple[str, ...]:
    """What the files of a layer are called. No picture keeps several numbers for each pixel."""
    if not isinstance(form, MapForm):
        return MASK_SUFFIXES
    return ARRAY_SUFFIXES if form.channels > 1 else (*ARRAY_SUFFIXES, *GREY_SUFFIXES)


def _listing(folder: Path, suffixes: Sequence[str]) -> Listing:
    listing = list_files(folder, suffixes)
    if not listing.paths:
        found = f", found {listing.others[0]}" if listing.others else ""
        raise InputError(f"{folder} holds no file of a layer; expected {', '.join(suffixes)}{found}")
    return listing


def _files_beside(folder: Path) -> list[str]:
    """The files beside the folders of a multimask's classes, which are not read."""
    return sorted(each.name for each in folder.iterdir() if each.is_file() and not is_passed_over(each.name))


def _refuse_unscaled(folder: Path, files: Sequence[ImageFile]) -> None:
    pictures = sorted(file.name for file in files if isinstance(file, Path) and file.suffix.lower() != ".npy")
    if pictures:
        raise InputError(
            f"{folder} holds pictures such as {pictures[0]}; say in layers.yaml what 1 in them stands for, such as "
            "scale: 0.001 for millimetres of a map in metres, or scale: 1"
        )
