"""A store as pictures and one COCO annotation file for every split.

T.-Y. Lin et al.: "Microsoft COCO: Common Objects in Context", ECCV 2014, https://arxiv.org/abs/1405.0312; the format is
described at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float32, UInt16

from auxseg.counting import count
from auxseg.data.exporting.coco_layers import CocoLayers
from auxseg.data.exporting.coco_objects import Region, coco_boxes, coco_objects
from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.exporting.png import write_png
from auxseg.data.exporting.run_lengths import bounds, rle
from auxseg.data.layers.instances import NO_THING, UNKNOWN
from auxseg.data.sample import IGNORE, SPLITS, Vocabulary
from auxseg.data.sources.coco.file import THING

BESIDE: Final = "COCO has no place for classes of images and boxes without outline: they stand in the images' entries"

BACKGROUND: Final = "COCO knows pixels of no category: data prepare reads a class background beside those of the store"

PAIRS: Final = (
    "COCO has no place for key points that change places in a mirror: data prepare reads flip_pairs in the categories, "
    "other programs may not"
)

THINGS: Final = (
    "COCO has no place for parts of the mask that no box is around: they are annotations with isthing 0, which data "
    "prepare does not take for boxes, but other programs may"
)

INSTANCES: Final = (
    "its instances are objects of their own, with the classes of the mask; data prepare reads them with --layers "
    "instances"
)


@final
class CocoWriter:
    """``images/`` and ``annotations/train.json``, ``val.json``, ``test.json``.

    - Categories are the mask classes under the data's own numbers, and then the other classes of the layer of boxes;
      the background is none.
    - An annotation is one class of one image, one instance, or one box with its part of the mask, see `coco_objects`.
      Ignored pixels are a crowd of the first category, and so is the whole of an image without a mask; what is no
      object has ``isthing`` 0.
    - The first layer of each kind is written: boxes, instances, tags, which are the categories that occur, and key
      points. These stand with the largest annotation of their image, from the middle of the first pixel; every
      category names them and their ``flip_pairs``. Other annotations have zeros.
    - What COCO has no word for stands in the image's entry: ``classes``, ``box`` (x, y, width, height), ``group``, and
      as ``unknown`` the layers of which nothing is known in it. An annotation has the number of its instance.
    """

    def __init__(self, out: Path, vocabulary: Vocabulary, *, has_masks: bool = True) -> None:
        """``has_masks`` is whether any picture has a mask. Without one, boxes have no outlines at all."""
        self._out = out
        self._has_background = vocabulary.has_background
        first = int(vocabulary.has_background)
        ids = {number: vocabulary.category_ids[number] for number in range(first, len(vocabulary.mask_classes))}
        names = {id: vocabulary.mask_classes[number] for number, id in ids.items()}
        self._layers = CocoLayers(vocabulary, names, has_masks=has_masks)
        self._ids = ids if has_masks or not self._layers.boxes else {}
        self.layers = self._layers.written
        named = self._layers.named_points
        self._no_points = self._layers.no_points
        self._categories = [{"id": id, "name": name, **named} for id, name in self._layers.names.items()]
        self._images: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._annotations: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._num_images = self._num_annotations = 0
        self._has_more = self._has_bare_regions = False
        self._num_bare = self._num_other_tags = self._num_lost_instances = self._num_without_instances = 0

    def add(self, picture: LabelledPicture, name: str) -> None:
        """Write a picture under this name, and remember its entries."""
        write_png(self._out / "images" / name, picture.image)
        self._num_images += 1
        height, width = picture.image.shape[:2]
        entry: dict[str, Any] = {"id": self._num_images, "file_name": name, "width": width, "height": height}
        more: dict[str, Any] = {"classes": picture.classes, "group": picture.group}
        if picture.box is not None:
            x0, y0, x1, y1 = picture.box
            more["box"] = [x0, y0, x1 - x0, y1 - y0]
        self._has_more |= picture.box is not None or bool(picture.classes)
        unknown = np.full((height, width), IGNORE, np.uint8)  # COCO takes an image without annotations for background
        annotations = self._annotated(picture, unknown if picture.mask is None else picture.mask)
        if self._layers.points in picture.layers:
            self._add_points(picture.layers[self._layers.points], annotations)
        more["unknown"] = self._unknown(picture, annotations)
        self._images[picture.split].append({**entry, **{key: value for key, value in more.items() if value}})
        self._annotations[picture.split] += annotations

    def finish(self) -> tuple[str, ...]:
        """Write the annotation files. Returns what COCO has no place for."""
        (self._out / "annotations").mkdir()
        for split in SPLITS:
            content = {
                "images": self._images[split],
                "annotations": self._annotations[split],
                "categories": self._categories,
            }
            if self._images[split]:
                (self._out / "annotations" / f"{split}.json").write_text(json.dumps(content))
        bare = f"the key points of {count(self._num_bare, 'image')} without an outline are not exported"
        tags = (
            f"the tags of {count(self._num_other_tags, 'image')} are not exported: COCO's are the categories of "
            "objects, and these differ"
        )
        partly = (
            f"the instances of {count(self._num_without_instances, 'image')} are read back as not known, because some "
            "of their pixels have no class in the mask, or may belong to one"
        )
        lost = f"not exported, because they have no class in the mask: {count(self._num_lost_instances, 'instance')}"
        return (
            *((BESIDE,) if self._has_more else ()),
            *(() if self._has_background else (BACKGROUND,)),
            *((bare,) if self._num_bare else ()),
            *((tags,) if self._num_other_tags else ()),
            *((PAIRS,) if self._layers.has_other_pairs else ()),
            *((THINGS,) if self._has_bare_regions else ()),
            *((INSTANCES,) if self._layers.instances else ()),
            *((lost,) if self._num_lost_instances else ()),
            *((partly,) if self._num_without_instances else ()),
        )

    def _annotated(self, picture: LabelledPicture, mask: np.ndarray) -> list[dict[str, Any]]:
        """The annotations of a picture with this mask."""
        rows = picture.layers.get(self._layers.boxes)
        boxes = None if rows is None else coco_boxes(rows, self._layers.box_categories)
        things = picture.layers.get(self._layers.instances)
        if things is not None:
            with_class = np.unique(things[np.isin(mask, [*self._ids])])
            self._num_lost_instances += len(np.setdiff1d(things, [*with_class.tolist(), NO_THING, UNKNOWN]))
        objects = coco_objects(mask, self._ids, things, boxes)
        found = [self._annotation(each) for each in objects]
        self._has_bare_regions |= any("isthing" in each for each in found)
        ignored = mask == IGNORE
        if self._ids and ignored.any():
            first = next(iter(self._ids.values()))
            found.append(self._annotation(Region(first, ignored, is_thing=False)) | {"iscrowd": 1})
        return found

    def _annotation(self, each: Region) -> dict[str, Any]:
        self._num_annotations += 1
        box = bounds(each.pixels) if each.box is None else each.box.sides
        return {
            "id": self._num_annotations,
            "image_id": self._num_images,
            "category_id": each.category,
            "bbox": box,
            "area": int(each.pixels.sum()),
            "segmentation": rle(each.pixels) if self._ids else [],
            "iscrowd": int(each.box is not None and each.box.is_crowd),
            **({} if each.is_thing else {"isthing": 0}),
            **({} if each.thing == NO_THING else {THING: each.thing}),
            **self._no_points,
        }

    def _unknown(self, picture: LabelledPicture, annotations: Sequence[dict[str, Any]]) -> list[str]:
        """By the names of `data prepare` the layers that are written, but of which nothing is known in this picture."""
        lacking = [kind for kind, layer in self._layers.read_as.items() if layer not in picture.layers]
        things = picture.layers.get(self._layers.instances)
        if things is not None and self._has_lost(picture, things):
            lacking.append("instances")
            self._num_without_instances += 1
        tags = picture.layers.get(self._layers.tags)
        if tags is None:
            return lacking
        found = {each["category_id"] for each in annotations if each.get("isthing", 1) or not each["iscrowd"]}
        if self._layers.tags_of(found) == tags.tolist():
            return lacking
        self._num_other_tags += 1
        return [*lacking, "tags"]

    def _has_lost(self, picture: LabelledPicture, things: UInt16[np.ndarray, "h w"]) -> bool:
        """Whether pixels of no class belong to an instance, or may do so: there is no annotation to say that."""
        has_class = False if picture.mask is None else np.isin(picture.mask, [*self._ids, IGNORE])
        return bool(((things != NO_THING) & np.logical_not(has_class)).any())

    def _add_points(self, rows: Float32[np.ndarray, "K 3"], annotations: Sequence[dict[str, Any]]) -> None:
        objects = [each for each in annotations if not each["iscrowd"]]
        if not objects:
            self._num_bare += 1
            return
        known = rows[:, 2:] > 0
        values = np.where(known, rows - np.array([0.5, 0.5, 0]), 0).tolist()
        largest = max(objects, key=lambda each: each["area"])
        largest["keypoints"] = [number for x, y, visibility in values for number in (x, y, int(visibility))]
        largest["num_keypoints"] = int(known.sum())
