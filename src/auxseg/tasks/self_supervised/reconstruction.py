"""Reconstruction: what was in the patches that are covered.

Pathak et al. 2016, Context Encoders: Feature Learning by Inpainting, https://arxiv.org/abs/1604.07379; covering a
share of a grid of patches is from He et al. 2022, Masked Autoencoders Are Scalable Vision Learners,
https://arxiv.org/abs/2111.06377.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, final

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.channels import RGB, Channels
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks.regression import known_inside
from auxseg.tasks.sample_randomness import generator
from auxseg.tasks.self_supervised.restoration import RestorationConfig, RestorationTask

COVER: Final = 0.5
"""The grey of covered pixels."""


@final
class ReconstructionTask(RestorationTask):
    """Sees the picture with patches covered in grey, and paints what was there; only covered pixels count.

    ``patch`` is the side of the square patches in pixels, ``ratio`` the share of them that is covered (at least one).
    Which ones is drawn by the sample's key: anew in every epoch, always the same in evaluation.
    """

    def __init__(
        self, name: str, settings: RestorationConfig, patch: int, ratio: float, channels: Channels = RGB
    ) -> None:
        super().__init__(name, settings, channels)
        self._patch, self._ratio = patch, ratio

    def target(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The covered pixels in [-1, 1], NaN elsewhere and in the padding."""
        return torch.where(self._covered(batch)[:, None], known_inside(batch.image * 2 - 1, batch), torch.nan)

    def damage(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The picture with its covered patches."""
        return batch.image.masked_fill(self._covered(batch)[:, None], COVER)

    def _covered(self, batch: Batch) -> Bool[Tensor, "N H W"]:
        height, width = batch.image.shape[-2:]
        rows, columns = -(-height // self._patch), -(-width // self._patch)
        num_covered = max(round(self._ratio * rows * columns), 1)
        grids = torch.zeros(len(batch), rows * columns, dtype=torch.bool)
        for grid, key in zip(grids, batch.keys.tolist(), strict=True):
            order = torch.randperm(rows * columns, generator=generator("reconstruction", key))
            grid[order[:num_covered]] = True
        pixels = grids.view(-1, rows, columns).repeat_interleave(self._patch, 1).repeat_interleave(self._patch, 2)
        return pixels[:, :height, :width].to(batch.image.device)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "psnr": "Peak signal-to-noise ratio of the covered pixels in dB, averaged over the images.",
            "mse": "Squared error of the covered pixels' colours in [0, 1], averaged over them, then over images.",
            "num_images": "Images with covered pixels.",
        }


@config
class ReconstructionConfig(RestorationConfig):
    """Settings of `ReconstructionTask`; ``view: shared`` shows the covered picture to all tasks of the recipe.

    ``patch`` is the side of a covered square in pixels, ``ratio`` the share of squares that is covered.
    """

    kind: Literal["reconstruction"] = "reconstruction"
    patch: Annotated[int, Field(ge=1, le=2048)] = 16
    ratio: Annotated[float, Field(gt=0, le=1)] = 0.5

    def build(self, name: str, vocabulary: Vocabulary) -> ReconstructionTask:
        """Make the task. Raises `InputError` for an unknown loss."""
        return ReconstructionTask(name, self, self.patch, self.ratio, vocabulary.channels)
