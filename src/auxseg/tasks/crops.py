"""What a window of an image has of the labels of the whole image.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Shaped
from torch import Tensor

from auxseg.data.loading.batch import Batch

Crops = Literal["keep", "drop"]
"""Whether a window has the labels of its image as a whole, or only if it shows all of it (see `Batch.parts`)."""


def labels_seen(labels: Shaped[Tensor, "N ..."], batch: Batch, crops: Crops, missing: int) -> Shaped[Tensor, "N ..."]:
    """Labels of whole images, ``missing`` for windows that lack them."""
    if crops == "keep" or not any(batch.parts):
        return labels
    is_part = torch.tensor(batch.parts, device=labels.device)
    return labels.masked_fill(is_part.view(-1, *[1] * (labels.ndim - 1)), missing)
