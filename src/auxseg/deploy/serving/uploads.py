"""What a request asks about a photograph, done by the worker's thread: read, predict, encode."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import final

import numpy as np
from fastapi import HTTPException

from auxseg.data.channels import displayed
from auxseg.deploy.serving.answers import Wanted, answered, attended
from auxseg.deploy.serving.metrics import Metrics
from auxseg.deploy.serving.models import Served
from auxseg.deploy.serving.pictures import mask_png
from auxseg.run.prediction.open_file import read_open_file
from auxseg.run.prediction.prediction import Prediction


@final
@dataclass(frozen=True)
class Upload:
    """A photograph that arrived, for one of the models.

    Its file is held in memory: the one that the request has is closed when its client leaves, which may be while the
    worker reads.

    Its methods give the bytes of an answer. They raise `InputError` for what is no photograph that can be read.
    """

    content: bytes
    model: Served
    max_pixels: int
    metrics: Metrics

    def to_json(self, tasks: tuple[str, ...] | None, wanted: Wanted) -> bytes:
        """What the model says, see `schema.Answered`."""
        prediction, seconds = self._predict(tasks)
        return answered(self.model, prediction, seconds, wanted).model_dump_json().encode()

    def to_png(self, tasks: tuple[str, ...] | None) -> bytes:
        """The first mask. Raises `HTTPException` if no task gives one."""
        prediction, _ = self._predict(tasks)
        for mask in prediction.masks.values():
            return mask_png(mask, len(self.model.vocabulary.mask_classes))
        raise HTTPException(406, "none of the tasks gives a mask; ask for application/json")

    def attention_json(self, side: int) -> bytes:
        """Where tasks look, see `schema.Attended`. Raises `HTTPException` for a network without attention."""
        if self.model.attend is None:
            raise HTTPException(404, f"the network of {self.model.name} has no attention to show")
        image = self._read()
        shown = displayed(image, self.model.vocabulary.channels)
        return attended(self.model, shown, self.model.attend(image), side).model_dump_json().encode()

    def _read(self) -> np.ndarray:
        vocabulary = self.model.vocabulary
        return read_open_file(io.BytesIO(self.content), vocabulary.exif, self.max_pixels, vocabulary.channels)

    def _predict(self, tasks: tuple[str, ...] | None) -> tuple[Prediction, float]:
        start = time.perf_counter()
        image = self._read()
        prediction = self.model.ask(image, tasks)
        seconds = time.perf_counter() - start
        self.metrics.predicted(seconds)
        return prediction, seconds
