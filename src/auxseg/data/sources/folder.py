"""A folder of pictures, and beside it whatever labels there are: masks as PNG files, tables of classes and boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np

from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.mask_files import NAMES_FILE, check_fits, read_ids, read_names
from auxseg.data.sources.picture_files import files_by_id
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.tables import Labels, read_boxes, read_labels
from auxseg.errors import InputError

_UNLABELLED: Final = Labels({}, None, None)
_MOST_UNNAMED: Final = 64
"""Mask classes that are believed to be classes without being named; values beyond come from interpolation."""

_NUM_LOOKED_AT: Final = 64


@final
class Folder(Source):
    """Pictures with masks, classes and boxes, each of which any sample may lack.

    - ``images/``: the pictures; a file's name without its suffix is the sample's id.
    - ``masks/``: PNG files of the same names, whose pixels (of a palette, the indices) are class ids, 255 for ignored.
      Masks of 0 and 255 alone are background and foreground. Without ``classes.txt`` every mask is read once to see
      which; with it at most 64 are.
    - ``classes.txt``: the names of the mask classes, one a line, background first. Without it they are called
      ``background``, and ``foreground`` or ``class 1``, ``class 2`` ...
    - ``labels.csv``: a column ``id`` (or ``file``), then one for each kind of label, named by the header. A column
      ``group`` keeps samples of one animal, say, in one split; a column ``split`` (train, val, test or trainval) is
      the official split.
    - ``boxes.csv``: ``id,x0,y0,x1,y1`` and perhaps ``name``: half-open, in pixels, from the upper left corner.

    What has a mask or a row in a table but no picture is a bad sample, so that no label is dropped unseen.

    Args:
        path: the folder.

    Raises:
        InputError: if there is no ``images/``, ``masks/`` holds other pictures or none, or a table or the mask classes
            cannot be understood.
    """

    name = "folder"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "images").is_dir():
            raise InputError(f"{self.path / 'images'} does not exist; it should hold the pictures")
        self._pictures = files_by_id(self.path / "images")
        self._masks = _masks(self.path / "masks")
        self._labels = read_labels(self.path / "labels.csv")
        self._boxes = read_boxes(self.path / "boxes.csv")
        self.mask_classes, self._top = _classes(self.path, list(self._masks.values()))

    def items(self) -> Sequence[Item]:
        """Whatever has a picture, a mask or a row in a table, by id."""
        ids = sorted({*self._pictures, *self._masks, *self._labels, *self._boxes})
        return [Item(id, self._labels.get(id, _UNLABELLED).split) for id in ids]

    def read(self, item: Item) -> Sample:
        """Read a picture with all its labels; one with an EXIF orientation and no mask is turned upright."""
        if item.id not in self._pictures:
            raise SampleError("it has labels, but no picture in images/")
        mask = None
        if item.id in self._masks:
            mask = read_ids(self._masks[item.id])
            if self._top == IGNORE:
                mask = (mask == IGNORE).astype(np.uint8)
        path, labels = self._pictures[item.id], self._labels.get(item.id, _UNLABELLED)
        picture, orientation = upright(read_picture(path), None if mask is None else mask.shape)
        image = to_rgb(picture, path.name)
        check_fits(mask, image)
        boxes = tuple(self._boxes.get(item.id, ()))
        return Sample(item.id, image, mask, boxes, labels.classes, labels.group, orientation=orientation)

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it."""
        return {"name": self.name, "path": self.path.resolve().name}


def _masks(folder: Path) -> dict[str, Path]:
    """The masks by id; none if there is no such folder."""
    if not folder.is_dir():
        return {}
    masks = files_by_id(folder, (".png",))
    if not masks:
        raise InputError(
            f"{folder} should hold masks as .png files, but there is none; remove it if there are no masks"
        )
    return masks


def _classes(folder: Path, masks: Sequence[Path]) -> tuple[tuple[str, ...], int]:
    """The names of the mask classes, and the value of foreground in masks of 0 and 255 (else 1)."""
    names = read_names(folder)
    every = max(len(masks) // _NUM_LOOKED_AT, 1)
    values = _values(masks if names is None else masks[::every])
    is_black_and_white = values <= {0, IGNORE} and IGNORE in values
    if is_black_and_white and (names is None or len(names) == 2):
        return names or ("background", "foreground"), IGNORE
    if names is not None:
        return names, 1
    largest = max(values - {IGNORE}, default=0)
    if largest > _MOST_UNNAMED:
        raise InputError(
            f"{folder / 'masks'}: the values reach up to {largest}, so they look interpolated; pixels should be class "
            f"ids, and more than {_MOST_UNNAMED} classes need names in {folder / NAMES_FILE}"
        )
    if largest <= 1:
        return ("background", "foreground"), 1
    return ("background", *(f"class {number}" for number in range(1, largest + 1))), 1


def _values(masks: Iterable[Path]) -> set[int]:
    """All values in masks; those that cannot be read say why when their sample is read."""
    found = np.zeros(256, bool)
    for path in masks:
        try:
            found[read_ids(path)] = True
        except SampleError:
            continue
    return set(np.flatnonzero(found).tolist())
