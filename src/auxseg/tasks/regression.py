"""What all tasks share that give every pixel numbers.

Shape legend: ``N`` images, ``C`` channels of the output, ``D >= C`` of the target, ``H W`` the stored size.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from jaxtyping import Float
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.tasks.losses import at_least_float32, num_known, regression_losses
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Dense, Table, Task


@final
@dataclass(frozen=True)
class Term:
    """A loss of output and target, and how many things of a target it averages over; both give a number per image."""

    loss: Callable[[Tensor, Tensor], Tensor]
    count: Callable[[Tensor], Tensor] = num_known


class RegressionTask(Task):
    """Gives every pixel C numbers by a linear output; subclasses say which, and score predictions image by image.

    A target's first C channels are what is predicted, NaN where a number is unknown; further channels are for the
    scores. Losses are ``l1``, ``mse`` and ``smooth_l1``, means over the known numbers, unless ``terms`` gives others;
    ``beta`` is the error at which ``smooth_l1`` turns from quadratic to linear.
    """

    own_row = True

    def __init__(
        self,
        *,
        name: str,
        channels: int,
        losses: Mapping[str, float],
        beta: float = 1.0,
        terms: Mapping[str, Term] | None = None,
    ) -> None:
        self.name = name
        self.output = Dense(channels)
        self.weights = dict(losses)
        self._channels = channels
        self._terms = terms or {name: Term(loss) for name, loss in regression_losses(beta).items()}

    def counts(self, target: Float[Tensor, "N D H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Known numbers of each image, or what a term averages over else."""
        return {name: self._terms[name].count(target[:, : self._channels]) for name in self.weights}

    def loss(
        self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N D H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        output, target = at_least_float32(output), target[:, : self._channels]
        return {name: self._terms[name].loss(output, target) for name in self.weights}

    def measure(self, output: Float[Tensor, "N C H W"], target: Float[Tensor, "N D H W"]) -> Table:
        """The scores of each image, and whether anything in it is known."""
        labelled = num_known(target[:, : self._channels]) > 0
        return {"labelled": labelled, **self.scores(self.predict(output), target)}

    @abstractmethod
    def scores(
        self, prediction: Float[Tensor, "N C H W"], target: Float[Tensor, "N D H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Figures of merit of each image, NaN where nothing is known."""

    def figures(self, table: Table) -> dict[str, float]:
        """Means of the scores over the images in which anything is known, and how many they are."""
        labelled = table["labelled"]
        means = {name: scores[labelled].double().mean().item() for name, scores in table.items() if name != "labelled"}
        return {**means, "num_images": float(labelled.sum())}

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The scores."""
        return {name: cells(scores.tolist(), table["labelled"]) for name, scores in table.items() if name != "labelled"}


def known_inside(values: Float[Tensor, "N D H W"], batch: Batch) -> Float[Tensor, "N D H W"]:
    """The values of photographs, and NaN for their padding."""
    return torch.where(batch.inside[:, None], values, torch.nan)
