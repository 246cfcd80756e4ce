"""Annotations in the JSON of COCO, as class masks and boxes.

T.-Y. Lin et al.: "Microsoft COCO: Common Objects in Context", ECCV 2014, https://arxiv.org/abs/1405.0312; the format is
described at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.sample import IGNORE, Box, Sample
from auxseg.data.sources.coco_outlines import fill
from auxseg.data.sources.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.overshoot import clip_overshoot
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.errors import InputError


@final
class Coco(Source):
    """Photographs with objects, each with a category, an outline (polygons or run lengths) and a box.

    - The mask's classes are ``background`` and the categories by ascending id. Where objects lie over each other the
      smaller one counts. Crowds (``iscrowd``) are ignored where no object lies over them.
    - A photograph without objects is all background. It has no mask if one of its objects has no outline, or if no
      object in the file has one.
    - A box is named by its category; ``--box`` says which of several is the target. Crowds have none.
    - The photographs are in the first of these folders that holds the first of them: ``images/`` beside the file;
      ``images/`` beside the file's folder; beside the file's folder one called as the file's name ends after its last
      underscore (``instances_val2017.json``: ``val2017/``); the file's folder.

    There is no official split: one file is one set of samples.

    Args:
        path: the annotation file.

    Raises:
        InputError: if it is no such file, or the photographs are nowhere.
    """

    name = "coco"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        content = _load(self.path)
        try:
            categories = sorted((int(each["id"]), str(each["name"])) for each in content["categories"])
            self._images = {str(each["id"]): _Image(each) for each in content["images"]}
            annotations = [(str(each["image_id"]), _Object(each)) for each in content["annotations"]]
            self.mask_classes = _names(self.path, categories)
            self._class_ids = {id: index for index, (id, _) in enumerate(categories, 1)}
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            reason = f"{type(error).__name__} {error}"
            raise InputError(f"{path}: images, annotations or categories are not those of COCO ({reason})") from error
        if len(self._images) < len(content["images"]):
            raise InputError(f"{path}: an image id is given twice")
        self._objects: dict[str, list[_Object]] = {id: [] for id in self._images}
        for image_id, each in annotations:
            if image_id not in self._images or each.category not in self._class_ids:
                raise InputError(f"{path}: annotation {each.id} is of an image or a category that is not in the file")
            self._objects[image_id].append(each)
        self._has_outlines = any(each.outline for _, each in annotations)
        self._folder = _folder(self.path, [each.file_name for each in self._images.values()])

    def items(self) -> Sequence[Item]:
        """All photographs in the order of the file."""
        return [Item(id) for id in self._images]

    def read(self, item: Item) -> Sample:
        """Read a photograph, fill its outlines and name its boxes."""
        image, objects = self._images[item.id], self._objects[item.id]
        path = self._folder / image.file_name
        turned, orientation = upright(read_picture(path), image.hw)
        picture = to_rgb(turned, path.name)
        height, width = picture.shape[:2]
        if (height, width) != image.hw:
            raise SampleError(f"{path.name} is {height} x {width} (height x width), the file says {image.hw}")
        is_outlined = self._has_outlines and all(each.outline for each in objects)
        mask = self._mask(objects, image.hw) if is_outlined else None
        boxes = tuple(self._box(each, image.hw) for each in objects if each.box is not None and not each.is_crowd)
        return Sample(item.id, picture, mask, boxes, orientation=orientation)

    def provenance(self) -> dict[str, str]:
        """The file's name without the way to it."""
        return {"name": self.name, "path": self.path.name}

    def _mask(self, objects: Sequence[_Object], hw: tuple[int, int]) -> UInt8[np.ndarray, "h w"]:
        mask = np.zeros(hw, np.uint8)
        filled = [(not each.is_crowd, fill(each.outline, hw), each) for each in objects]
        for _, pixels, each in sorted(filled, key=lambda one: (one[0], -int(one[1].sum()))):
            mask[pixels] = IGNORE if each.is_crowd else self._class_ids[each.category]
        return mask

    def _box(self, each: _Object, hw: tuple[int, int]) -> Box:
        assert each.box is not None
        x, y, width, height = each.box
        name = self.mask_classes[self._class_ids[each.category]]
        return clip_overshoot(Box(x, y, x + width, y + height, name), hw)


@final
class _Image:
    """A photograph of the file."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.file_name = str(values["file_name"])
        self.hw = int(values["height"]), int(values["width"])
        way = PurePosixPath(self.file_name)
        if way.is_absolute() or ".." in way.parts:
            raise InputError(f"image {values['id']}: the file name {self.file_name!r} leads out of the folder")


@final
class _Object:
    """An annotation of the file."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.id = str(values.get("id", "without id"))
        self.category = int(values["category_id"])
        self.outline: Any = values.get("segmentation")
        self.is_crowd = bool(values.get("iscrowd", 0))
        box = values.get("bbox") or None
        self.box = None if box is None else tuple(map(float, box))
        if self.box is not None and len(self.box) != 4:
            raise InputError(f"annotation {self.id}: bbox should be x, y, width, height, not {box}")


def _load(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise InputError(f"{path} is a folder; coco reads the annotation file (.json)")
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    missing = {"images", "annotations", "categories"} - (content.keys() if isinstance(content, dict) else set())
    if missing:
        raise InputError(
            f"{path} should hold images, annotations and categories; it has no {', '.join(sorted(missing))}"
        )
    return content


def _names(path: Path, categories: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    names = "background", *(name for _, name in categories)
    if len(set(names)) < len(names) or len({id for id, _ in categories}) < len(categories):
        raise InputError(f"{path}: two categories have the same name or id, or one is called 'background'")
    if not 2 <= len(names) <= IGNORE:
        raise InputError(f"{path} should have between 1 and {IGNORE - 1} categories, not {len(categories)}")
    return names


def _folder(path: Path, file_names: Sequence[str]) -> Path:
    beside, above = path.resolve().parent, path.resolve().parent.parent
    folders = (beside / "images", above / "images", above / path.stem.rpartition("_")[2], beside)
    for folder in folders:
        if not file_names or (folder / file_names[0]).is_file():
            return folder
    places = ", ".join(map(str, folders))
    raise InputError(f"{path}: the photograph {file_names[0]} is in none of {places}")
