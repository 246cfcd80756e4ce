"""What a model says of a photograph, in the photograph's own pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from auxseg.data.geometry import fit
from auxseg.data.sources.decoding import to_rgb
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError
from auxseg.run.load import Model
from auxseg.tasks.box import BoxTask
from auxseg.tasks.classification import ClassificationTask
from auxseg.tasks.segmentation import SegmentationTask

MAX_PIXELS: Final = 200_000_000
"""Larger photographs are refused before memory is taken for them."""


@final
@dataclass(frozen=True)
class Prediction:
    """Masks, classes and boxes by task name.

    ``masks`` hold class ids; ``scores`` the mean probability of a mask's foreground; ``classes`` the probability of
    every class name; ``boxes`` are ``x0 y0 x1 y1`` in pixels of the photograph, half-open.
    """

    image: UInt8[np.ndarray, "h w 3"]
    masks: dict[str, UInt8[np.ndarray, "h w"]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    classes: dict[str, dict[str, float]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)


@torch.no_grad()
def predict(model: Model, photograph: str | Path | Image.Image | UInt8[np.ndarray, "h w 3"]) -> Prediction:
    """Ask a model about one photograph of any size; EXIF orientation is respected.

    Raises `InputError` if the file is no image, too large, or has more than 8 bits per channel.
    """
    image = _pixels(photograph)
    place = fit(image.shape[:2], model.vocabulary.size, model.vocabulary.resize)
    stored = torch.from_numpy(place.image(image)).to(model.device).permute(2, 0, 1)[None].float() / 255
    with model.autocast():
        outputs = model.network(stored)
    prediction = Prediction(image)
    for name, task in model.tasks.items():
        output = outputs[name].float().cpu()
        match task:
            case SegmentationTask():
                probabilities = place.maps_back(output.softmax(1)[0].numpy())
                mask = probabilities.argmax(0).astype(np.uint8)
                prediction.masks[name] = mask
                prediction.scores[name] = float(probabilities.max(0)[mask > 0].mean()) if (mask > 0).any() else 0.0
            case ClassificationTask():
                probabilities = output.softmax(1)[0].tolist()
                prediction.classes[name] = dict(zip(task.class_names, probabilities, strict=True))
            case BoxTask():
                box = place.boxes_back(task.predict(output).numpy().astype(np.float64))[0]
                height, width = image.shape[:2]
                prediction.boxes[name] = tuple(np.clip(box, 0, [width, height, width, height]).tolist())
            case _:
                pass
    return prediction


def _pixels(photograph: str | Path | Image.Image | np.ndarray) -> np.ndarray:
    if isinstance(photograph, np.ndarray):
        return photograph
    try:
        image = Image.open(photograph) if isinstance(photograph, str | Path) else photograph
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{photograph}: {image.width} x {image.height} pixels are more than {MAX_PIXELS:,}")
        return np.array(to_rgb(ImageOps.exif_transpose(image), str(photograph)))
    except SampleError as error:
        raise InputError(str(error)) from None
    except UnidentifiedImageError:
        raise InputError(f"{photograph}: not an image that can be read") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{photograph}: cannot be read as an image ({error})") from None
