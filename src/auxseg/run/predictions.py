"""Predictions of many photographs as files: masks, overlays, and one JSON in COCO's form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from auxseg.drawing import CLASS_COLOURS, PREDICTION_COLOUR, draw_box, overlay_mask, save_png
from auxseg.errors import InputError
from auxseg.files import replacing, write_atomically
from auxseg.run.load import Model
from auxseg.run.predict import Prediction, predict

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp")


def find_images(paths: Sequence[Path]) -> list[Path]:
    """The photographs that are meant: files as given, and the image files in folders, in the order of their names.

    Raises `InputError` if a path does not exist or nothing is found.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"{path}: there is no such file or folder")
    if not found:
        raise InputError("no photograph was found in what was given")
    return found


@final
class PredictionWriter:
    """Writes masks, overlays and drawings of other maps as they come, and predictions.json at the end."""

    def __init__(self, directory: Path, *, overwrite: bool = False) -> None:
        if (directory / "predictions.json").exists() and not overwrite:
            raise InputError(f"{directory}: holds predictions already; --overwrite replaces them")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{directory}: cannot be made ({error.strerror})") from None
        self.directory = directory
        self._names: set[str] = set()
        self._coco: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": []}

    def add(self, model: Model, path: Path) -> None:
        """Predict one photograph and write its pictures. Raises `InputError` if it cannot be read."""
        prediction = predict(model, path)
        name = self._unused(path.stem)
        picture = prediction.image
        for task, mask in prediction.masks.items():
            picture = overlay_mask(picture, mask)
            suffix = "mask" if len(prediction.masks) == 1 else f"{task}.mask"
            _save_ids(self.directory / f"{name}.{suffix}.png", mask)
        for box in prediction.boxes.values():
            picture = draw_box(picture, np.array(box), PREDICTION_COLOUR)
        save_png(self.directory / f"{name}.overlay.png", picture)
        for task, drawn in prediction.pictures.items():
            save_png(self.directory / f"{name}.{task}.png", drawn)
        self._record(model, path, name, prediction)

    def finish(self) -> Path:
        """Write predictions.json and say where it is."""
        path = self.directory / "predictions.json"
        write_atomically(path, json.dumps(self._coco).encode())
        return path

    def _unused(self, stem: str) -> str:
        """A name for the output files; photographs of one name from two folders get numbers."""
        name, number = stem, 2
        while name in self._names:
            name, number = f"{stem}-{number}", number + 1
        self._names.add(name)
        return name

    def _record(self, model: Model, path: Path, name: str, prediction: Prediction) -> None:
        image_id, (height, width) = len(self._coco["images"]) + 1, prediction.image.shape[:2]
        classes = {task: max(named, key=named.__getitem__) for task, named in prediction.classes.items()}
        self._coco["images"].append(
            {
                "id": image_id,
                "file_name": str(path),
                "output": name,
                "width": width,
                "height": height,
                "classes": classes,
                "class_probabilities": prediction.classes,
            }
        )
        for task, mask in prediction.masks.items():
            for id_, category in enumerate(model.vocabulary.mask_classes[1:], start=1):
                part = mask == id_
                if part.any():
                    score = prediction.scores[task]
                    self._annotate(
                        image_id, category, _bounds(part), score, area=int(part.sum()), segmentation=rle(part)
                    )
        for task, (x0, y0, x1, y1) in prediction.boxes.items():
            self._annotate(image_id, task, [x0, y0, x1 - x0, y1 - y0], 1.0, area=(x1 - x0) * (y1 - y0), segmentation=[])

    def _annotate(self, image_id: int, category: str, bbox: list[float], score: float, **values: Any) -> None:
        names = [known["name"] for known in self._coco["categories"]]
        if category not in names:
            self._coco["categories"].append({"id": len(names) + 1, "name": category})
            names.append(category)
        annotation = {"id": len(self._coco["annotations"]) + 1, "image_id": image_id, "iscrowd": 0}
        annotation |= {"category_id": names.index(category) + 1, "bbox": bbox, "score": score, **values}
        self._coco["annotations"].append(annotation)


def rle(mask: np.ndarray) -> dict[str, Any]:
    """COCO's run-length encoding, uncompressed: lengths of runs down the columns, the first one of zeros."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = [0, *([0] if flat[0] else []), *changes.tolist(), flat.size]
    counts = np.diff(bounds)
    return {"size": list(mask.shape), "counts": counts.tolist()}


def _bounds(mask: np.ndarray) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [float(columns[0]), float(rows[0]), float(columns[-1] - columns[0] + 1), float(rows[-1] - rows[0] + 1)]


def _save_ids(path: Path, mask: UInt8[np.ndarray, "h w"]) -> None:
    """Class ids as a palette PNG: the values are the ids, and a viewer shows colours."""
    image = Image.fromarray(mask, mode="P")
    image.putpalette([0, 0, 0, *(int(value) for colour in CLASS_COLOURS for value in colour)])
    with replacing(path) as partial:
        image.save(partial, format="PNG")
