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
from jaxtyping import Float32
from PIL import Image

from auxseg.counting import count
from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.exporting.run_lengths import bounds, rle
from auxseg.data.layers import PointsForm
from auxseg.data.layers.points import pairs_by_name
from auxseg.data.sample import IGNORE, SPLITS, Vocabulary

BESIDE: Final = "COCO has no place for classes of images and boxes without outline: they stand in the images' entries"

BACKGROUND: Final = "COCO knows pixels of no category: data prepare reads a class background beside those of the store"

PAIRS: Final = (
    "COCO has no place for key points that change places in a mirror: data prepare reads flip_pairs in the categories, "
    "other programs may not"
)


@final
class CocoWriter:
    """``images/`` and ``annotations/train.json``, ``val.json``, ``test.json``.

    - Categories are the mask classes under the data's own numbers; the background is none.
    - An annotation is one class of one image. Ignored pixels are a crowd of the first category, and so is the whole of
      an image without a mask.
    - The first layer of key points stands with the largest annotation of its image, from the middle of the first pixel;
      every category names them and their ``flip_pairs``. Other annotations have zeros.
    - What COCO has no word for stands in the image's entry: ``classes``, ``box`` (x, y, width, height) and ``group``.
    """

    def __init__(self, out: Path, vocabulary: Vocabulary) -> None:
        self._out = out
        self._no_points: dict[str, Any] = {}
        self._has_other_pairs = False
        self._has_background = vocabulary.has_background
        first = int(vocabulary.has_background)
        self._ids = {number: vocabulary.category_ids[number] for number in range(first, len(vocabulary.mask_classes))}
        points = [(name, form) for name, form in vocabulary.layers.items() if isinstance(form, PointsForm)]
        self.layers = dict(points[:1])
        named: dict[str, Any] = {}
        if points:
            form = points[0][1]
            named = {"keypoints": list(form.names), "flip_pairs": [list(pair) for pair in form.flip_pairs]}
            self._no_points = {"keypoints": [0] * (3 * len(form.names)), "num_keypoints": 0}
            self._has_other_pairs = form.partners != PointsForm(form.names, pairs_by_name(form.names)).partners
        self._categories = [
            {"id": id, "name": vocabulary.mask_classes[number], **named} for number, id in self._ids.items()
        ]
        self._images: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._annotations: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._num_images = self._num_annotations = 0
        self._has_more = False
        self._num_bare = 0

    def add(self, picture: LabelledPicture, name: str) -> None:
        """Write a picture under this name, and remember its entries."""
        path = self._out / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.image).save(path, format="PNG", compress_level=1)
        self._num_images += 1
        height, width = picture.image.shape[:2]
        entry: dict[str, Any] = {"id": self._num_images, "file_name": name, "width": width, "height": height}
        more: dict[str, Any] = {"classes": picture.classes, "group": picture.group}
        if picture.box is not None:
            x0, y0, x1, y1 = picture.box
            more["box"] = [x0, y0, x1 - x0, y1 - y0]
        more = {key: value for key, value in more.items() if value}
        self._has_more |= bool({"classes", "box"} & more.keys())
        self._images[picture.split].append({**entry, **more})
        unknown = np.full((height, width), IGNORE, np.uint8)  # COCO takes an image without annotations for background
        first = len(self._annotations[picture.split])
        self._add_mask(unknown if picture.mask is None else picture.mask, picture.split)
        for layer in self.layers:
            if layer in picture.layers:
                self._add_points(picture.layers[layer], self._annotations[picture.split][first:])

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
        return (
            *((BESIDE,) if self._has_more else ()),
            *(() if self._has_background else (BACKGROUND,)),
            *((bare,) if self._num_bare else ()),
            *((PAIRS,) if self._has_other_pairs else ()),
        )

    def _add_mask(self, mask: np.ndarray, split: str) -> None:
        for number, id in self._ids.items():
            self._annotate(mask == number, id, split, is_crowd=False)
        if self._ids:
            self._annotate(mask == IGNORE, next(iter(self._ids.values())), split, is_crowd=True)

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

    def _annotate(self, region: np.ndarray, category: int, split: str, *, is_crowd: bool) -> None:
        if not region.any():
            return
        self._num_annotations += 1
        self._annotations[split].append(
            {
                "id": self._num_annotations,
                "image_id": self._num_images,
                "category_id": category,
                "bbox": bounds(region),
                "area": int(region.sum()),
                "segmentation": rle(region),
                "iscrowd": int(is_crowd),
                **self._no_points,
            }
        )
