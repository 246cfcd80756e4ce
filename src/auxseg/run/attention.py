"""Where a network with attention looks in one photograph.

Shape legend: ``h w`` the photograph's own size, ``C`` its channels, ``p q`` the resolution of a stage.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float32, UInt
from torch import Tensor

from auxseg.data.geometry import Fit, fit
from auxseg.run.model import Model
from auxseg.run.prediction.photograph import batch_of
from auxseg.run.prediction.predictor import answerable
from auxseg.tasks.views import by_view


def has_attention(model: Model) -> bool:
    """Whether there is anything that `attention` would show."""
    channels = model.vocabulary.channels
    side = max(model.network.stride, model.network.image_size or 0)
    return bool(_masks(model, np.zeros((side, side, len(channels)), channels.numpy), fit((side, side), side, "squash")))


def attention(model: Model, image: UInt[np.ndarray, "h w C"]) -> dict[str, dict[str, Float32[np.ndarray, "p q"]]]:
    """How much every task lets through of a photograph's places: its attention masks, as means over their channels.

    By task that answers, and by place from the encoder's finest stage to the decoder's last step. Numbers are in
    (0, 1), at the resolution of the place and cut to the photograph. Empty for a network without attention.
    """
    place = fit(image.shape[:2], model.vocabulary.size, model.vocabulary.resize)
    return {
        task: {name: _cut(mask, place, model.network.stride) for name, mask in masks.items()}
        for task, masks in _masks(model, image, place).items()
    }


@torch.no_grad()
def _masks(model: Model, image: UInt[np.ndarray, "h w C"], place: Fit) -> dict[str, Mapping[str, Tensor]]:
    batch = batch_of(image, place, model.vocabulary).to(model.device)
    found: dict[str, Mapping[str, Tensor]] = {}
    for view, names in by_view(answerable(model).values()).items():
        with model.autocast():
            found |= model.network.attention_masks(view.look(batch), names)
    return {task: masks for task, masks in found.items() if masks}


def _cut(mask: Tensor, place: Fit, stride: int) -> Float32[np.ndarray, "p q"]:
    """The part that is photograph: pictures are padded beyond the stored size to what the stride divides."""
    values = mask[0, 0].float().cpu().numpy()
    padded_height, padded_width = (side + -side % stride for side in place.size)
    y0, y1, x0, x1 = place.inside
    height, width = values.shape
    rows = slice(y0 * height // padded_height, max(-(-y1 * height // padded_height), 1))
    columns = slice(x0 * width // padded_width, max(-(-x1 * width // padded_width), 1))
    return values[rows, columns]
