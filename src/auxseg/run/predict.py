"""What a model says of a photograph, in the photograph's own pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from auxseg.data.augment.keyed import sample_keys
from auxseg.data.batch import Batch
from auxseg.data.geometry import Fit, fit
from auxseg.data.sample import IGNORE, MISSING
from auxseg.data.sources.decoding import to_rgb
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError
from auxseg.run.load import Model
from auxseg.tasks.box import BoxTask
from auxseg.tasks.classification import ClassificationTask
from auxseg.tasks.noise import NoiseTask
from auxseg.tasks.random_labels import RandomLabelsTask
from auxseg.tasks.segmentation import SegmentationTask
from auxseg.tasks.task import Dense

MAX_PIXELS: Final = 200_000_000
"""Larger photographs are refused before memory is taken for them."""


@final
@dataclass(frozen=True)
class Prediction:
    """What the tasks that look at the same picture as the target say, by task name.

    ``masks`` hold class ids; ``scores`` the mean probability of a mask's foreground; ``classes`` the probability of
    every class name; ``boxes`` are ``x0 y0 x1 y1`` in pixels of the photograph, half-open; ``pictures`` are the
    photograph with other maps drawn onto it (edges, distances).
    """

    image: UInt8[np.ndarray, "h w 3"]
    masks: dict[str, UInt8[np.ndarray, "h w"]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    classes: dict[str, dict[str, float]] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    pictures: dict[str, UInt8[np.ndarray, "h w 3"]] = field(default_factory=dict)


@torch.no_grad()
def predict(model: Model, photograph: str | Path | Image.Image | UInt8[np.ndarray, "h w 3"]) -> Prediction:
    """Ask a model about one photograph of any size; EXIF orientation is respected.

    Raises `InputError` if the file is no image, too large, or has more than 8 bits per channel.
    """
    image = _pixels(photograph)
    place = fit(image.shape[:2], model.vocabulary.size, model.vocabulary.resize)
    view = model.tasks[model.recipe.target].view
    names = [name for name, task in model.tasks.items() if task.view == view]
    batch = _batch(image, place, model).to(model.device)
    with model.autocast():
        outputs = model.network(view.look(batch), names)
    prediction = Prediction(image)
    for name in names:
        task, output = model.tasks[name], outputs[name].float().cpu()
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
            case NoiseTask() | RandomLabelsTask():  # controls say nothing about a picture
                pass
            case _ if isinstance(task.output, Dense):
                y0, y1, x0, x1 = place.inside
                value = task.predict(output)[0][..., y0:y1, x0:x1]
                prediction.pictures[name] = task.draw(image, value, truth=False)
            case _:
                pass
    return prediction


def _batch(image: UInt8[np.ndarray, "h w 3"], place: Fit, model: Model) -> Batch:
    """One photograph as the network sees a stored one, without labels."""
    stored = torch.from_numpy(place.image(image)).permute(2, 0, 1)[None].float() / 255
    inside = torch.zeros(1, place.size, place.size, dtype=torch.bool)
    y0, y1, x0, x1 = place.inside
    inside[:, y0:y1, x0:x1] = True
    return Batch(
        ids=("",),
        image=stored,
        clean=stored,
        mask=torch.full(inside.shape, IGNORE, dtype=torch.uint8),
        box=torch.full((1, 4), torch.nan),
        classes={label: torch.tensor([MISSING]) for label in model.vocabulary.labels},
        inside=inside,
        keys=sample_keys(0, [0], [""]),
    )


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
