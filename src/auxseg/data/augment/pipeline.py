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
    uniforms = _draw(batch, "geometric", NUM_GEOMETRIC, seed, epochs)
    height, width = batch.image.shape[-2:]
    homographies = draw_homographies(config, uniforms, width / height)
    moved = move(batch, homographies, box_from_mask=box_from_mask)
    return vary_colours(moved, config, seed=seed, epochs=epochs)


def vary_colours(moved: Batch, config: AugmentConfig, *, seed: int, epochs: Sequence[int]) -> Batch:
    """The photometric part alone, of pictures that were moved; the arguments are those of `augment`."""
    colours = draw_colours(config, _draw(moved, "photometric", NUM_PHOTOMETRIC, seed, epochs))
    return replace(moved, image=recolour(moved.clean, colours, has_colours=moved.channels.has_colours))


def _draw(batch: Batch, part: str, count: int, seed: int, epochs: Sequence[int]) -> Float64[np.ndarray, "N K"]:
    pairs = zip(epochs, batch.ids, strict=True)
    return np.stack([keyed_uniforms(count, part, seed, epoch, sample) for epoch, sample in pairs])
