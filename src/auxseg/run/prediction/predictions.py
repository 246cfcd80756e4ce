"""Predictions of many photographs as files: masks, overlays, drawings, and one JSON in COCO's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.preparing.findings import named
from auxseg.data.sources.pictures.by_rows import FileRows
from auxseg.drawing import palette_image, save_png
from auxseg.errors import InputError
from auxseg.evaluation.averaging import TTA, refuse_averaging
from auxseg.evaluation.tiling import SMALLEST, Tiles, refuse_tiles
from auxseg.files import replacing, write_atomically
from auxseg.run.prediction.coco_predictions import DESCRIPTION, CocoPredictions
from auxseg.run.prediction.image_files import Photograph
from auxseg.run.prediction.large_files import write_masks
from auxseg.run.prediction.large_image import LargeImage, open_large
from auxseg.run.prediction.own_files import mark, refuse_others
from auxseg.run.prediction.predictor import Predictor, answering
from auxseg.run.prediction.tiles import MUCH_SMALLER, AskedTiles, chosen_tiles, times_smaller
from auxseg.tasks.task import blank_answer

FILE: Final = "predictions.json"


def refuse_predictions(directory: Path, *, overwrite: bool) -> None:
    """Raise `InputError` if a directory holds predictions that are not to be replaced, or another file of the name."""
    path = directory / FILE
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file; --out should be a folder")
    if not path.exists():
        return
    if not _is_own(path):
        raise InputError(f"{path} exists and was not written by auxseg predict; give another --out")
    if not overwrite:
        raise InputError(f"{directory}: already holds predictions; --overwrite replaces them")


@final
class PredictionWriter:
    """Writes masks, overlays and drawings of other maps as they come, and predictions.json at the end.

    Only files that auxseg wrote are ever replaced, and those only with ``overwrite``. What stands in the way is refused
    before anything is predicted.

    Raises:
        InputError: for a file that stands in the way, or a directory that cannot be made.
    """

    def __init__(
        self,
        model: Predictor,
        directory: Path,
        photographs: Sequence[Photograph],
        *,
        overwrite: bool = False,
        exif: str = "auto",
        tta: TTA = "none",
        tiles: AskedTiles = None,
        overlap: float | None = None,
    ) -> None:
        refuse_averaging(tta, model.tasks, model.recipe.target, "predict")
        self.directory, self._model, self._exif = directory, model, exif
        self._tta: TTA = tta
        self._tiles = chosen_tiles(model.recipe, model.vocabulary, tiles, overlap)
        if self._tiles is not None and model.recipe.target in model.tasks:
            refuse_tiles(self._tiles, model.tasks, model.recipe.target, "predict")
        asked = [task for task in model.tasks.values() if task.has_answer]
        blank = {task.name: blank_answer(task, model.vocabulary.size) for task in asked}
        said = {name: blank[name] for name in answering(model)}
        self._num_masks = sum(answer.mask is not None for answer in blank.values())
        self._masks = [name for name, answer in said.items() if answer.mask is not None]
        self._pictures = [name for name, answer in said.items() if answer.drawn == "alone"]
        refuse_predictions(directory, overwrite=overwrite)
        for photograph in photographs:
            for path in self._files(photograph.name):
                refuse_others(path, overwrite=overwrite)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{directory}: cannot be made ({error.strerror})") from None
        boxes = [name for name, answer in blank.items() if answer.box is not None]
        self._coco = CocoPredictions(model.vocabulary, boxes)
        self._small: dict[Path, float] = {}
        """By the path of an image how many times as small as the training images it was shown, if that is much."""

    @property
    def remarks(self) -> list[str]:
        """What is worth knowing of all photographs that were added."""
        if not self._small:
            return []
        model, images = self._model, named([path.name for path in self._small])
        times = f"up to {max(self._small.values()):.1f} times"
        said = (
            f"shown much smaller than most training images were ({times}): {images}. Small and thin things may be lost"
        )
        try:
            refuse_tiles(Tiles(SMALLEST), model.tasks, model.recipe.target, "predict")
        except InputError:
            return [said]
        return [f"{said}. If an image shows a larger scene rather than a sharper one, ask it with --tiles"]

    def add(self, photograph: Photograph) -> str:
        """Predict one photograph and write its pictures; gives a remark on what is not as usual, or an empty one.

        Raises `InputError` if it cannot be read.
        """
        vocabulary = self._model.vocabulary
        exif = vocabulary.exif if self._exif == "auto" else self._exif
        rows = open_large(photograph.path, vocabulary.channels, exif, by_tiles=self._tiles is not None)
        if rows is not None:
            return self._add_large(photograph, rows)
        prediction = self._model.predict(photograph.path, exif=self._exif, tta=self._tta, tiles=self._tiles)
        times = 1.0 if self._tiles is not None else times_smaller(prediction.overlay.shape[:2], vocabulary)
        if times >= MUCH_SMALLER and prediction.masks:
            self._small[photograph.path] = times
        (self.directory / photograph.name).parent.mkdir(parents=True, exist_ok=True)
        for task, mask in prediction.masks.items():
            _save_ids(self._file(photograph.name, self._mask_suffix(task)), mask)
        save_png(self._file(photograph.name, "overlay"), prediction.overlay, mark())
        for task, drawn in prediction.pictures.items():
            save_png(self._file(photograph.name, task), drawn, mark())
        self._coco.add(photograph, prediction)
        return ""

    def _add_large(self, photograph: Photograph, rows: FileRows) -> str:
        """The same of an image that is read, answered and written band by band."""
        assert self._tiles is not None
        vocabulary, image = self._model.vocabulary, LargeImage.read(rows)
        (self.directory / photograph.name).parent.mkdir(parents=True, exist_ok=True)
        said = self._model.predict_in_bands(image, tta=self._tta, tiles=self._tiles)
        found = write_masks(
            said.bands,
            image,
            vocabulary.channels,
            vocabulary.mask_classes,
            lambda task: self._file(photograph.name, self._mask_suffix(task)),
        )
        save_png(self._file(photograph.name, "overlay"), found.overlay, mark())
        for task, drawn in found.pictures.items():
            save_png(self._file(photograph.name, task), drawn, mark())
        self._coco.add_large(photograph, image.shape[:2], said.whole, found)
        return (
            f"{photograph.path.name}: large, so answered band by band; other pictures than masks are 1/{image.step} as "
            f"wide and high, the overlay shows masks alone, and {FILE} has no outlines of classes"
        )

    def finish(self) -> Path:
        """Write predictions.json, of all photographs that were added, and say where it is."""
        path = self.directory / FILE
        write_atomically(path, self._coco.to_json())
        return path

    def _files(self, name: str) -> Iterator[Path]:
        """Every file that may be written for a photograph."""
        yield self._file(name, "overlay")
        yield from (self._file(name, self._mask_suffix(task)) for task in self._masks)
        yield from (self._file(name, task) for task in self._pictures)

    def _file(self, name: str, suffix: str) -> Path:
        return self.directory / f"{name}.{suffix}.png"

    def _mask_suffix(self, task: str) -> str:
        return "mask" if self._num_masks == 1 else f"{task}.mask"


def _save_ids(path: Path, mask: UInt8[np.ndarray, "h w"]) -> None:
    with replacing(path) as partial:
        palette_image(mask).save(partial, format="PNG", pnginfo=mark())


def _is_own(path: Path) -> bool:
    """Whether a predictions.json is of auxseg; former versions did not say so, but named every image's ``output``."""
    try:
        content = json.loads(path.read_bytes())
        is_marked = content.get("info", {}).get("description") == DESCRIPTION
        return is_marked or all("output" in image for image in content["images"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
