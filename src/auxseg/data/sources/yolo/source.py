"""Ultralytics' YOLO: a data.yaml, images, and beside them a text file of boxes, outlines or key points for each.

https://docs.ultralytics.com/datasets/detect/, https://docs.ultralytics.com/datasets/segment/ and
https://docs.ultralytics.com/datasets/pose/ describe the format.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import final

from auxseg.counting import count
from auxseg.data.layers import Layer
from auxseg.data.preparing.findings import named
from auxseg.data.sample import Sample
from auxseg.data.sources.coco.boxes import INSTANCES, lost_layers, named_boxes, object_forms, object_layers
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoCategory, CocoObject
from auxseg.data.sources.coco.mask import DrawnMask, draw_mask
from auxseg.data.sources.coco.points import POINTS, object_points
from auxseg.data.sources.pictures.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.pictures.orientation import check_exif
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.yolo.config import YoloConfig, read_config
from auxseg.data.sources.yolo.images import find_images, label_path
from auxseg.data.sources.yolo.key_points import FLIP, NAMES, SHAPE
from auxseg.data.sources.yolo.labels import has_outline, read_rows
from auxseg.errors import InputError


@final
class Yolo(Source):
    """Images whose labels are rows ``class cx cy w h`` (boxes) or ``class x1 y1 x2 y2 ...`` (outlines) in text files.

    - ``data.yaml`` names the classes and the images of train, val and test: each a folder, a list of folders, or a text
      file with a path per line. These are the official splits. An image of several counts for the first.
    - The labels of ``images/a.jpg`` are in ``labels/a.txt``: the last folder ``images`` of the path counts. Coordinates
      are shares of the width and height of the image as its EXIF orientation turns it.
    - The mask's classes are ``background`` and the names; ``category_ids`` are the file's own, and -1 for background.
    - Where any row is an outline, all images have masks. They are drawn as those of COCO
      (`auxseg.data.sources.coco`): where objects lie over each other the smaller one counts, and an object that has
      only a box is ignored in the mask, or leaves no mask if no object of the image has an outline. The box of an
      outline is what bounds it.
    - An image whose file of labels is missing or empty shows background alone, by Ultralytics' rule. A split without
      any such file is unlabelled.
    - Where ``data.yaml`` has a ``kpt_shape``, rows are boxes with key points: ``class cx cy w h x y visibility ...``.
    - Layers on request: ``boxes`` are all boxes with their classes, ``tags`` say which classes occur in an image,
      ``points`` are the key points of its largest object that has any, ``instances`` tell the objects apart as the mask
      shows them.
    - A row that cannot be used costs its box, and the mask and layers of its image; a class beyond the names is ignored
      where it lies. Both are named.

    Args:
        path: the folder with the ``data.yaml``, or such a file.
        exif: ``"ignore"`` where labels were drawn on images as they are stored; otherwise they are turned.
        layers: any of ``boxes``, ``tags``, ``points`` and ``instances``.

    Raises:
        InputError: if the ``data.yaml`` or a list of images is missing or wrong, no image has labels, or key points or
            instances are asked for and there are none.
    """

    name = "yolo"
    options = frozenset({"exif", "layers"})

    def __init__(self, path: str | Path, exif: str = "auto", layers: Sequence[str] = ()) -> None:
        self.path = Path(path)
        self._exif = check_exif(exif)
        config = read_config(self.path, with_points=POINTS in layers)
        categories = _categories(config)
        self._categories = Categories([(config.path, categories)], set(range(len(categories))))
        self._num_classes = len(categories)
        self.mask_classes = self._categories.names
        self.category_ids = self._categories.ids
        self._points = config.points
        if POINTS in layers and self._points is None:
            raise InputError(
                f"{config.path} has no {SHAPE}, so there are no key points; leave points out of the layers"
            )
        self._images, remarks = find_images(config)
        self._labels = {id: label_path(image.path) for id, image in self._images.items()}
        self._labelled, said = self._labelled_splits()
        self._has_outlines = self._points is None and any(has_outline(path) for path in self._labels.values())
        self.layers = object_forms(layers, self._categories, has_outlines=self._has_outlines)
        self.remarks = (*config.remarks, *remarks, *said, *_describe_points(config, layers))

    def items(self) -> Sequence[Item]:
        """All images, those of train first."""
        return [Item(id, image.split) for id, image in self._images.items()]

    def read(self, item: Item) -> Sample:
        """Read an image, draw its outlines and name its boxes."""
        path = self._images[item.id].path
        picture, orientation = upright(read_picture(path), None, self._exif)
        image = to_rgb(picture, path.name)
        hw = image.shape[0], image.shape[1]
        rows, faults = read_rows(self._labels[item.id], self._points)
        objects = [row.to_object(hw, self._num_classes) for row in rows]
        boxes, lost = named_boxes(objects, self._categories)
        drawn = self._draw(objects, hw, faults, item.split)
        notes, layers = list(drawn.notes), dict[str, Layer]()
        if item.split in self._labelled and not faults:
            layers = object_layers(objects, self._categories, self.layers, hw)
            if drawn.things is not None and INSTANCES in self.layers:
                layers[INSTANCES] = Layer(self.layers[INSTANCES], drawn.things)
            lost += lost_layers(layers, self.layers)
            points, said, outside = object_points(objects, self._categories, self.layers, hw)
            layers, notes, lost = layers | points, [*said, *notes], [*lost, *outside]
        return Sample(
            item.id,
            image,
            drawn.mask,
            boxes,
            notes=tuple(notes),
            dropped=(*drawn.faults, *lost),
            orientation=orientation,
            layers=layers,
        )

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and whether orientations were chosen."""
        exif = {} if self._exif == "auto" else {"exif": self._exif}
        return {"name": self.name, "path": self.path.resolve().name} | exif

    def _draw(
        self, objects: Sequence[CocoObject], hw: tuple[int, int], faults: Sequence[str], split: str | None
    ) -> DrawnMask:
        """The mask, if there is any in this data set and split. Where an object may be anywhere there is none."""
        if not self._has_outlines or split not in self._labelled:
            return DrawnMask(None, None, (), tuple(faults))
        if faults:
            return DrawnMask(None, None, (), tuple(f"no mask: {fault}" for fault in faults))
        return draw_mask(objects, self._categories, hw, with_things=INSTANCES in self.layers)

    def _labelled_splits(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """The splits with any file of labels, and what is to be said about files that are not there."""
        there = {id for id, path in self._labels.items() if os.path.lexists(path)}
        splits = dict.fromkeys(image.split for image in self._images.values())
        labelled = frozenset(self._images[id].split for id in there)
        if not labelled:
            id, image = next(iter(self._images.items()))
            raise InputError(f"{self.path}: no image has labels; those of {image.path} should be in {self._labels[id]}")
        remarks = [
            f"no image of {split} has a file of labels, so it is unlabelled"
            for split in splits
            if split not in labelled
        ]
        lacking = [id for id, image in self._images.items() if id not in there and image.split in labelled]
        lacking = [id for id in lacking if os.path.isfile(self._images[id].path)]
        if lacking:
            said = f"{count(len(lacking), 'image')} ({named(lacking)})"
            remarks.append(f"taken for background, because there is no file of labels: {said}")
        return labelled, tuple(remarks)


def _categories(config: YoloConfig) -> list[CocoCategory]:
    """The classes with their key points, which have names where the layer is asked for."""
    names = config.points.names if config.points is not None else ()
    if config.points is None or not names:
        return [CocoCategory(id, name, "") for id, name in enumerate(config.names)]
    pairs = None if config.points.flip_pairs is None else [[*pair] for pair in config.points.flip_pairs]
    return [CocoCategory(id, name, "", names[id], pairs) for id, name in enumerate(config.names)]


def _describe_points(config: YoloConfig, layers: Sequence[str]) -> tuple[str, ...]:
    """What is to be said about key points that are not read, or that nothing says the mirror of."""
    points = config.points
    if points is None:
        return ()
    if POINTS not in layers:
        return (f"its {points.number} key points are not read; --layers {POINTS} keeps those of the largest object",)
    if points.flip_pairs is None and not points.is_named:
        return (
            f"{config.path.name} has neither {FLIP} nor {NAMES}, so none of the key points change places in a mirror; "
            f"add {FLIP} if there are left and right ones",
        )
    return ()
