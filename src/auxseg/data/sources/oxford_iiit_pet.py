"""The Oxford-IIIT Pet data set in its official layout.

O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar: "Cats and Dogs", CVPR 2012,
https://www.robots.ox.ac.uk/~vgg/data/pets/. About 200 photographs of each of 37 breeds, with a trimap of the animal
(1 inside, 2 outside, 3 the border between them, a few pixels wide) and, for most of trainval, a box around the head.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, final, get_args

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.masks.sizes import fitting
from auxseg.data.sources.pictures.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.voc_xml import VocObjects, read_voc_objects
from auxseg.errors import InputError

Border = Literal["foreground", "ignore", "class"]
BORDERS: Final[tuple[str, ...]] = get_args(Border)

_BORDER_ID: Final = {"foreground": 1, "ignore": IGNORE, "class": 2}
_SPECIES: Final = {"1": "cat", "2": "dog"}
_LINE: Final = re.compile(r"(?P<id>(?P<breed>\S+)_\d+) \d+ (?P<species>[12]) \d+")
_LICENCE: Final = "CC BY-SA 4.0; the photographs belong to their owners"


@final
class OxfordIIITPet(Source):
    """Photographs of cats and dogs with masks, breeds, species and head boxes.

    The samples are those in ``annotations/trainval.txt`` and ``annotations/test.txt``. What is wrong with a trimap
    or a box costs that label alone. A photograph without an XML file has no box, as in the whole test split.

    Args:
        path: the folder that holds ``images/`` and ``annotations/``.
        border: what the trimap's border counts as: the animal (``"foreground"``), nothing (``"ignore"``), or a third
            mask class (``"class"``).

    Raises:
        InputError: if the folder is not in the official layout.
    """

    name = "oxford-iiit-pet"
    options = frozenset({"border"})

    def __init__(self, path: str | Path, border: str = "foreground") -> None:
        if border not in BORDERS:
            raise InputError(f"border must be one of {', '.join(BORDERS)}, not {border!r}")
        self.path = Path(path)
        self.border = border
        self.mask_classes = ("background", "pet", "border") if border == "class" else ("background", "pet")
        self._trimap_to_mask = _lookup(border)
        self._items: list[Item] = []
        self._labels: dict[str, dict[str, str]] = {}
        for split in ("trainval", "test"):
            self._read_list(self.path / "annotations" / f"{split}.txt", split)

    def items(self) -> Sequence[Item]:
        """The lists' samples, trainval first."""
        return self._items

    def read(self, item: Item) -> Sample:
        """Read a photograph with all its labels."""
        mask, dropped = self._read_mask(item.id)
        mask_hw = None if mask is None else (mask.shape[0], mask.shape[1])
        image_name = f"{item.id}.jpg"
        picture, orientation = upright(read_picture(self.path / "images" / image_name), mask_hw)
        image = to_rgb(picture, image_name)
        objects = self._read_objects(item.id)
        labels = self._labels[item.id]
        mask, dropped = fitting(mask, image, (*dropped, *objects.dropped))
        return Sample(item.id, image, mask, objects.boxes, labels, dropped=dropped, orientation=orientation)

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and what was chosen."""
        return {"name": self.name, "path": self.path.resolve().name, "border": self.border, "licence": _LICENCE}

    def _read_list(self, path: Path, split: str) -> None:
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read; in the official layout it holds the list of samples") from error
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            if match is None:
                raise InputError(f"{path}, line {number}: expected 'Breed_1 CLASS SPECIES(1:2) BREED', found {line!r}")
            if match["id"] in self._labels:
                raise InputError(f"{path}, line {number}: {match['id']} is listed twice")
            self._labels[match["id"]] = {"breed": match["breed"], "species": _SPECIES[match["species"]]}
            self._items.append(Item(match["id"], split))

    def _read_mask(self, id: str) -> tuple[UInt8[np.ndarray, "h w"] | None, tuple[str, ...]]:
        """The mask, or why there is none; a trimap should hold nothing but 1, 2 and 3."""
        try:
            picture = read_picture(self.path / "annotations" / "trimaps" / f"{id}.png")
        except SampleError as error:
            return None, (str(error),)
        if picture.mode not in ("L", "P"):
            return None, (f"its trimap has mode {picture.mode}, but should have one 8-bit channel",)
        values = np.flatnonzero(picture.histogram())
        if not set(values) <= {1, 2, 3}:
            return None, (f"its trimap holds the values {', '.join(map(str, values))}; only 1, 2 and 3 are known",)
        return self._trimap_to_mask[np.asarray(picture)], ()

    def _read_objects(self, id: str) -> VocObjects:
        path = self.path / "annotations" / "xmls" / f"{id}.xml"
        try:
            return read_voc_objects(path) if path.is_file() else VocObjects()
        except SampleError as error:
            return VocObjects(dropped=(str(error),))


def _lookup(border: str) -> UInt8[np.ndarray, " 256"]:
    """The mask's id for every value of a trimap."""
    table = np.full(256, IGNORE, np.uint8)
    table[[1, 2, 3]] = 1, 0, _BORDER_ID[border]
    return table
