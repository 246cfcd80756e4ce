"""Colorization: the colours of a picture of which only the lightness is seen.

Zhang, Isola, Efros 2016, Colorful Image Colorization, https://arxiv.org/abs/1603.08511; as a regression rather than
a classification of colours.

Shape legend: ``N`` images, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import put_picture, to_picture
from auxseg.errors import InputError
from auxseg.metrics import colour
from auxseg.metrics import maps as metrics
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask, known_inside
from auxseg.tasks.task import View, ViewChoice

SCALE: Final = 128.0
"""What a and b are divided by: they then lie within [-1, 1]."""


@final
class ColorizationTask(RegressionTask):
    """Sees the lightness L of CIE Lab as a grey picture, and gives a and b of every pixel, divided by 128.

    The lightness is that of the picture as augmented, the colours are those of the photograph: what colour a thing
    has does not depend on how it is exposed. The grey picture holds L / 100 in its three channels.
    """

    main_figure = "colour_error"
    higher_is_better = False
    row_figure = "colour_error"
    writes_numbers = False

    def __init__(self, *, name: str, losses: Mapping[str, float], beta: float = 0.1, view: ViewChoice = "own") -> None:
        super().__init__(name=name, channels=2, losses=losses, beta=beta)
        self.view = View(f"own {name}", _grey)
        self.shares_view = view == "shared"

    def target(self, batch: Batch) -> Float[Tensor, "N 3 H W"]:
        """a and b divided by 128, then L divided by 100 for the recoloured picture; NaN in the padding."""
        lightness, a, b = colour.rgb_to_lab(batch.clean).unbind(1)
        return known_inside(torch.stack([a / SCALE, b / SCALE, lightness / 100], dim=1), batch)

    def scores(
        self, prediction: Float[Tensor, "N 2 H W"], target: Float[Tensor, "N 3 H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Mean distance of the colours in a and b, and the PSNR in dB of the picture that L and they make in sRGB."""
        distance = colour.difference(prediction * SCALE, target[:, :2] * SCALE)[:, None]
        lightness = target[:, 2:]
        truth = _picture(target[:, :2], lightness)
        error = metrics.mean_squared_error(_picture(prediction, lightness), truth)
        zero = torch.zeros_like(distance).masked_fill(lightness.isnan(), torch.nan)
        return {
            "colour_error": metrics.mean_absolute_error(distance, zero),
            "psnr": metrics.psnr(error, peak=1.0),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "colour_error": "Distance of the predicted and the true colour in a and b of CIE Lab (Delta E of 1976 at "
            "equal lightness; 2.3 is just noticeable), averaged over pixels, then images.",
            "psnr": "Peak signal-to-noise ratio of the recoloured picture in dB, averaged over the images.",
            "num_images": "Images that were coloured.",
        }

    def predict(self, output: Float[Tensor, "N 2 H W"]) -> Float[Tensor, "N 2 H W"]:
        """a and b divided by 128, limited to what Lab can hold."""
        return output.clamp(-1, 1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Give the picture these colours, in the pixels where they are known."""
        if value is None:
            return picture
        colours = value[:2].cpu()
        known = ~colours.isnan().any(0).numpy()
        height, width = known.shape
        small = np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
        lightness = colour.rgb_to_lab(torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255)[:, :1] / 100
        recoloured = _picture(colours.nan_to_num()[None].to(lightness), lightness)[0]
        return put_picture(picture, to_picture(recoloured), known)


def _grey(batch: Batch) -> Float[Tensor, "N 3 H W"]:
    lightness = colour.rgb_to_lab(batch.image)[:, :1] / 100
    return lightness.clamp(0, 1).expand_as(batch.image).contiguous()


def _picture(colours: Float[Tensor, "N 2 H W"], lightness: Float[Tensor, "N 1 H W"]) -> Float[Tensor, "N 3 H W"]:
    return colour.lab_to_rgb(torch.cat([lightness * 100, colours * SCALE], dim=1))


@config
class ColorizationConfig:
    """Settings of `ColorizationTask`; ``view: shared`` shows the grey picture to all tasks of the recipe.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    """

    kind: Literal["colorization"] = "colorization"
    losses: LossWeights = field(default_factory=lambda: {"l1": 1.0})
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    view: ViewChoice = "own"

    def build(self, name: str, vocabulary: Vocabulary) -> ColorizationTask:
        """Make the task. Raises `InputError` for an unknown loss, and for images without three colours."""
        if not vocabulary.channels.has_colours:
            raise InputError(
                f"tasks.{name}: colours can be predicted only of images with red, green and blue, but these have "
                f"{vocabulary.channels.in_words()}; leave it out by tasks.{name}=off"
            )
        check_choice(name, self.losses, regression_losses(self.beta))
        return ColorizationTask(name=name, losses=self.losses, beta=self.beta, view=self.view)
