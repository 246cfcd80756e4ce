"""A store as pictures and one COCO annotation file for every split.

T.-Y. Lin et al.: "Microsoft COCO: Common Objects in Context", ECCV 2014, https://arxiv.org/abs/1405.0312; the format is
described at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from PIL import Image

from auxseg.data.exporting.labelled_picture import LabelledPicture
from auxseg.data.exporting.run_lengths import bounds, rle
from auxseg.data.sample import IGNORE, SPLITS, Vocabulary

BESIDE: Final = "COCO has no place for classes of images and boxes without outline: they stand in the images' entries"

BACKGROUND: Final = "COCO knows pixels of no category: data prepare reads a class background beside those of the store"


@final
class CocoWriter:
    """``images/`` and ``annotations/train.json``, ``val.json``, ``test.json``.

    - Categories are the mask classes under the data's own numbers; the background is none.
    - An annotation is one class of one image. Ignored pixels are a crowd of the first category, and so is the whole of
      an image without a mask.
    - What COCO has no word for stands in the image's entry: ``classes``, ``box`` (x, y, width, height) and ``group``.
    """

    def __init__(self, out: Path, vocabulary: Vocabulary) -> None:
        self._out = out
        self._has_background = vocabulary.has_background
        first = int(vocabulary.has_background)
        self._ids = {number: vocabulary.category_ids[number] for number in range(first, len(vocabulary.mask_classes))}
        self._categories = [{"id": id, "name": vocabulary.mask_classes[number]} for number, id in self._ids.items()]
        self._images: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._annotations: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
        self._num_images = self._num_annotations = 0
        self._has_more = False

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
        self._add_mask(unknown if picture.mask is None else picture.mask, picture.split)

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
        return (*((BESIDE,) if self._has_more else ()), *(() if self._has_background else (BACKGROUND,)))

    def _add_mask(self, mask: np.ndarray, split: str) -> None:
        for number, id in self._ids.items():
            self._annotate(mask == number, id, split, is_crowd=False)
        if self._ids:
            self._annotate(mask == IGNORE, next(iter(self._ids.values())), split, is_crowd=True)

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
            }
        )
