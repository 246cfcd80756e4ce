"""Denoising: the picture without the noise that was added to it.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from typing import Annotated, Literal, final

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.channels import RGB, Channels
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks.regression import known_inside
from auxseg.tasks.sample_randomness import generator
from auxseg.tasks.self_supervised.restoration import RestorationConfig, RestorationTask


@final
class DenoisingTask(RestorationTask):
    """Sees the picture with noise N(mean, std^2) on every colour of every pixel, cut to the range of a picture.

    ``mean`` and ``std`` are in units of a picture of 0 to 255; a mean that is not 0 also makes pictures brighter. The
    noise is drawn by the sample's key: anew in every epoch, always the same in evaluation.
    """

    def __init__(
        self, name: str, settings: RestorationConfig, mean: float, std: float, channels: Channels = RGB
    ) -> None:
        super().__init__(name, settings, channels)
        self._mean, self._std = mean, std

    def target(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The picture without noise in [-1, 1], NaN in the padding."""
        return known_inside(batch.image * 2 - 1, batch)

    def damage(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The noisy picture in [0, 1]."""
        shape = batch.image.shape[1:]
        noise = [torch.randn(shape, generator=generator("denoising", key)) for key in batch.keys.tolist()]
        levels = torch.stack(noise).to(batch.image.device) * self._std + self._mean
        return (batch.image + levels / 255).clamp(0, 1)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "psnr": "Peak signal-to-noise ratio of the restored picture in dB, averaged over the images.",
            "mse": "Squared error of the restored picture's colours in [0, 1], averaged over pixels, then images.",
            "num_images": "Images that were restored.",
        }


@config
class DenoisingConfig(RestorationConfig):
    """Settings of `DenoisingTask`; ``view: shared`` shows the noisy picture to all tasks of the recipe.

    ``mean`` and ``std`` are those of the noise, in grey levels of 255.
    """

    kind: Literal["denoising"] = "denoising"
    mean: Annotated[float, Field(ge=-255, le=255)] = 5.0
    std: Annotated[float, Field(ge=0, le=255)] = 2.0

    def build(self, name: str, vocabulary: Vocabulary) -> DenoisingTask:
        """Make the task. Raises `InputError` for an unknown loss."""
        return DenoisingTask(name, self, self.mean, self.std, vocabulary.channels)
