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
from auxseg.run.prediction.tiles import AskedTiles, chosen_tiles


def predict(
    model: Predictor,
    photograph: str | Path | Image.Image | UInt[np.ndarray, "h w C"],
    *,
    exif: str = "auto",
    probabilities: bool = False,
    tta: TTA = "none",
    tiles: AskedTiles = None,
    overlap: float | None = None,
) -> Prediction:
    """Ask a model about one photograph of any size.

    Args:
        model: what `load` gives, or a model that was exported, see `auxseg.deploy.onnx_model`.
        photograph: see `read_photograph`.
        exif: whether the EXIF orientation turns the photograph (``"apply"``, ``"ignore"``); ``"auto"`` does what was
            done to the photographs that the model was trained on.
        probabilities: also keep the probability of every mask class in every pixel, four bytes each.
        tta: ``"flip"`` averages the outputs over the photograph and its mirror image, in twice the time.
        tiles: ``True``, or a side in pixels, asks tile by tile, see `auxseg.evaluation.tiling`. The photograph is not
            fitted into the stored square: it keeps its own pixels, or is scaled as most of the training photographs
            were. A model that was trained with ``data.crop`` is always asked so, by tiles of that size unless told.
        overlap: the share of a tile's side that it has in common with the next one, from 0 to below 1; 0.5 unless told.

    Raises:
        InputError: if the photograph cannot be read, see `read_photograph`; for ``tta`` of a target for which left and
            right mean something; for ``tiles`` of a target that says one thing of an image or sees a changed picture,
            and of a size that the network does not take.
    """
    cut = chosen_tiles(model.recipe, model.vocabulary, tiles, overlap)
    return model.predict(photograph, exif=exif, probabilities=probabilities, tta=tta, tiles=cut)
