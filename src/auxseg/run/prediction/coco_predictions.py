"""Predictions in the JSON of COCO: images, annotations and categories.

T.-Y. Lin et al.: "Microsoft COCO: Common Objects in Context", ECCV 2014, https://arxiv.org/abs/1405.0312; the format is
described at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, final

import numpy as np

from auxseg.data.exporting.run_lengths import bounds, rle
from auxseg.data.sample import Vocabulary
from auxseg.run.prediction.image_files import Photograph, readable
from auxseg.run.prediction.large_files import LargeAnswers
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks.answers import Answer

DESCRIPTION: Final = "auxseg predictions"


@final
class CocoPredictions:
    """Collects predictions.

    - Categories are the model's mask classes under the numbers that its data give to them, and one for every task that
      gives a box; all of them, whether or not they were found, so that every file of a model has the same. The
      background is none.
    - An image's number is made of the name of its predictions, so that it does not depend on the other images.
    - An annotation is one class of one image. Its score is the mean probability of the class over its pixels. A box
      that a task gives has no score, because the network gives no probability with it.
    - What COCO has no word for (a map, numbers) stands under the task's name in ``answers`` of the image.
    """

    def __init__(self, vocabulary: Vocabulary, boxes: Sequence[str]) -> None:
        """``boxes`` names the tasks that give a box."""
        self._vocabulary, self._boxes = vocabulary, _box_categories(vocabulary, boxes)
        self._images: dict[int, dict[str, object]] = {}
        self._annotations: list[dict[str, object]] = []

    def add(self, photograph: Photograph, prediction: Prediction) -> None:
        """Record what was predicted of one photograph."""
        image_id = self._add_image(photograph, prediction.image.shape[:2], prediction.answers)
        for task, mask in prediction.masks.items():
            self._add_classes(image_id, mask, prediction.scores[task])
        self._add_boxes(image_id, prediction.answers)

    def add_large(
        self, photograph: Photograph, hw: tuple[int, int], whole: Mapping[str, Answer], found: LargeAnswers
    ) -> None:
        """Record what was predicted of one large image, of whose classes no outlines are written.

        ``whole`` are the answers of tasks that looked at all of it.
        """
        records = {task: summed.record() for task, summed in found.summed.items()}
        image_id = self._add_image(photograph, hw, whole, {task: each for task, each in records.items() if each})
        self._images[image_id]["left_out"] = ["segmentation"]
        for task, regions in found.regions.items():
            scores = found.summed[task].scores()
            for index, name in self._objects():
                if index in regions:
                    x0, y0, x1, y1 = map(float, regions[index].box)
                    score = {"score": scores[name]} if name in scores else {}
                    values = {**score, "area": regions[index].area, "segmentation": []}
                    self._annotate(image_id, self._vocabulary.category_ids[index], [x0, y0, x1 - x0, y1 - y0], **values)
        self._add_boxes(image_id, whole)

    def to_json(self) -> bytes:
        """The file's content."""
        vocabulary = self._vocabulary
        named = [*zip(vocabulary.category_ids, vocabulary.mask_classes, strict=True)][self._first :]
        categories = [{"id": id, "name": name} for id, name in (*named, *self._boxes.values())]
        content = {
            "info": {"description": DESCRIPTION},
            "images": list(self._images.values()),
            "annotations": self._annotations,
            "categories": categories,
        }
        return json.dumps(content).encode()

    @property
    def _first(self) -> int:
        """The first mask class that is an object."""
        return 1 if self._vocabulary.has_background else 0

    def _objects(self) -> list[tuple[int, str]]:
        return list(enumerate(self._vocabulary.mask_classes))[self._first :]

    def _add_image(
        self,
        photograph: Photograph,
        hw: tuple[int, ...],
        answers: Mapping[str, Answer],
        records: Mapping[str, Mapping[str, object]] | None = None,
    ) -> int:
        """An entry of the image, and its number; ``records`` are those of further answers."""
        image_id, (height, width) = self._new_id(photograph.name), hw
        named = {task: answer.classes for task, answer in answers.items() if answer.classes is not None}
        records = {task: dict(answer.record) for task, answer in answers.items() if answer.record} | dict(records or {})
        self._images[image_id] = {
            "id": image_id,
            "file_name": readable(photograph.path),
            "output": readable(photograph.name),
            "width": width,
            "height": height,
            "classes": {task: max(each, key=each.__getitem__) for task, each in named.items()},
            "class_probabilities": {task: dict(each) for task, each in named.items()},
            **({"answers": records} if records else {}),  # what COCO has no word for
        }
        return image_id

    def _add_boxes(self, image_id: int, answers: Mapping[str, Answer]) -> None:
        for task, answer in answers.items():
            if answer.box is not None:
                x0, y0, x1, y1 = answer.box
                values = {"area": (x1 - x0) * (y1 - y0), "segmentation": []}
                self._annotate(image_id, self._boxes[task][0], [x0, y0, x1 - x0, y1 - y0], **values)

    def _add_classes(self, image_id: int, mask: np.ndarray, scores: Mapping[str, float]) -> None:
        for index, name in self._objects():
            part = mask == index
            if not part.any():
                continue
            score = {"score": scores[name]} if name in scores else {}
            values = {**score, "area": int(part.sum()), "segmentation": rle(part)}
            self._annotate(image_id, self._vocabulary.category_ids[index], bounds(part), **values)

    def _annotate(self, image_id: int, category_id: int, bbox: list[float], **values: object) -> None:
        annotation = {"id": len(self._annotations) + 1, "image_id": image_id, "category_id": category_id}
        self._annotations.append({**annotation, "bbox": bbox, "iscrowd": 0, **values})

    def _new_id(self, name: str) -> int:
        """48 bits, which every reader of JSON holds exactly; of two names with one digest the later gets the next."""
        number = int.from_bytes(hashlib.sha256(readable(name).encode()).digest()[:6], "big")
        while number in self._images or number == 0:
            number += 1
        return number


def _box_categories(vocabulary: Vocabulary, tasks: Sequence[str]) -> dict[str, tuple[int, str]]:
    """A number and a name for every task that gives a box, beyond those of the mask classes."""
    taken, first = set(vocabulary.mask_classes), max(vocabulary.category_ids, default=0) + 1
    return {name: (first + k, f"{name} (task)" if name in taken else name) for k, name in enumerate(tasks)}
