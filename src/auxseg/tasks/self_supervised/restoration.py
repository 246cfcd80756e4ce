"""What all tasks share that give a picture back from a damaged one.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` the stored size.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import field
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.channels import RGB, Channels
from auxseg.data.loading.batch import Batch
from auxseg.drawing import put_picture, to_picture
from auxseg.metrics import maps as metrics
from auxseg.tasks.losses import LossWeights, check_choice, regression_losses
from auxseg.tasks.regression import RegressionTask
from auxseg.tasks.task import View, ViewChoice


@config
class RestorationConfig:
    """Settings of every `RestorationTask`; ``view: shared`` shows the damaged picture to all tasks of the recipe.

    ``losses`` are its losses with their weights; ``beta`` is where the smooth L1 loss turns from square to straight.
    """

    losses: LossWeights = field(default_factory=lambda: {"mse": 1.0})
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    view: ViewChoice = "own"


class RestorationTask(RegressionTask):
    """Sees a damaged picture and gives the whole one back; subclasses damage it and say which pixels count.

    Pictures are numbers in [-1, 1] here, for black and full colour. What is restored is the picture as augmented,
    colours included: input and target then always belong together, whoever sees the damaged picture. Raises
    `InputError` for an unknown loss.
    """

    main_figure = "psnr"
    row_figure = "psnr"
    writes_numbers = False

    def __init__(self, name: str, settings: RestorationConfig, channels: Channels = RGB) -> None:
        check_choice(name, settings.losses, regression_losses(settings.beta))
        super().__init__(name=name, channels=len(channels), losses=settings.losses, beta=settings.beta)
        self._drawn_as = channels
        self.view = View(f"own {name}", self.damage)
        self.shares_view = settings.view == "shared"

    @abstractmethod
    def damage(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        """The damaged picture, in [0, 1]."""

    def scores(
        self, prediction: Float[Tensor, "N C H W"], target: Float[Tensor, "N C H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """PSNR in dB and mean squared error, both of colours in [0, 1]."""
        error = metrics.mean_squared_error(to_colours(prediction), to_colours(target))
        return {"psnr": metrics.psnr(error, peak=1.0), "mse": error}

    def predict(self, output: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C H W"]:
        """The output, limited to what a picture can hold."""
        return output.clamp(-1, 1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Show the picture, in the pixels that are known."""
        if value is None:
            return picture
        known = ~value.isnan().any(0).cpu().numpy()
        return put_picture(picture, to_picture(to_colours(value.nan_to_num()), self._drawn_as), known)


def to_colours(values: Tensor) -> Tensor:
    """From [-1, 1] to [0, 1]."""
    return (values + 1) / 2
