"""Augments a batch: first where pixels lie, then what colour they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from auxseg.data.augment.config import AugmentConfig
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies, move
from auxseg.data.augment.photometric import NUM_PHOTOMETRIC, draw_colours, recolour
from auxseg.data.loading.batch import Batch
from auxseg.keyed import keyed_uniforms


def augment(batch: Batch, config: AugmentConfig, *, seed: int, epochs: Sequence[int], box_from_mask: bool) -> Batch:
    """Vary a batch of stored pictures, on the CPU.

    ``epochs`` says for each sample how often it has been seen before. What happens to a sample depends on (seed,
    epoch, sample id) alone. ``clean`` of the result lies between the two parts, so that targets made from it belong
    to the picture that is seen. ``box_from_mask`` says that boxes are the bounding boxes of the masks.
    """

    def draw(part: str, count: int) -> Float64[np.ndarray, "N K"]:
        pairs = zip(epochs, batch.ids, strict=True)
        return np.stack([keyed_uniforms(count, part, seed, epoch, sample) for epoch, sample in pairs])

    height, width = batch.image.shape[-2:]
    homographies = draw_homographies(config, draw("geometric", NUM_GEOMETRIC), width / height)
    moved = move(batch, homographies, box_from_mask=box_from_mask)
    colours = draw_colours(config, draw("photometric", NUM_PHOTOMETRIC))
    return replace(moved, image=recolour(moved.clean, colours, has_colours=batch.channels.has_colours))
