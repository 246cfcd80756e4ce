"""Asking a model about a photograph, in the photograph's own pixels.

Shape legend: ``h w`` the photograph's own size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt
from PIL import Image

from auxseg.evaluation.averaging import TTA
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.predictor import Predictor


def predict(
    model: Predictor,
    photograph: str | Path | Image.Image | UInt[np.ndarray, "h w C"],
    *,
    exif: str = "auto",
    probabilities: bool = False,
    tta: TTA = "none",
) -> Prediction:
    """Ask a model about one photograph of any size.

    Args:
        model: what `load` gives, or a model that was exported, see `auxseg.deploy.onnx_model`.
        photograph: see `read_photograph`.
        exif: whether the EXIF orientation turns the photograph (``"apply"``, ``"ignore"``); ``"auto"`` does what was
            done to the photographs that the model was trained on.
        probabilities: also keep the probability of every mask class in every pixel, four bytes each.
        tta: ``"flip"`` averages the outputs over the photograph and its mirror image, in twice the time.

    Raises:
        InputError: if the photograph cannot be read, see `read_photograph`; for ``tta`` of a target for which left and
            right mean something.
    """
    return model.predict(photograph, exif=exif, probabilities=probabilities, tta=tta)
