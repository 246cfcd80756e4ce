"""Random labels: a control that looks like classification and holds no information about the picture.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Literal, final

import numpy as np
import torch
from jaxtyping import Int
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.augment.keyed import keyed_uniforms
from auxseg.data.batch import Batch
from auxseg.data.sample import MISSING, Vocabulary
from auxseg.tasks.categorical import CategoricalTask
from auxseg.tasks.classification import chosen_label
from auxseg.tasks.losses import LossWeights, check_choice


@final
class RandomLabelsTask(CategoricalTask):
    """Gives every picture a class that was drawn by lot, with the classes' shares of the training split.

    The lot depends on the sample's id alone: it is the same in every epoch, run and seed. Every sample draws for
    itself, independently of the others, so that the shares are met on average and not exactly. Samples without the
    label ``label`` get none here either. What this task does to the target, a task of its form does by its form alone.
    (Zhang et al. 2017, Understanding Deep Learning Requires Rethinking Generalization,
    https://arxiv.org/abs/1611.03530, train on such labels.) ``counts`` are the training samples of every class.
    """

    own_row = True

    def __init__(
        self,
        *,
        name: str,
        label: str,
        class_names: Sequence[str],
        counts: Sequence[int],
        losses: Mapping[str, float],
        grid: int = 1,
        hidden: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            name=name,
            class_names=class_names,
            losses=losses,
            label_smoothing=0.0,
            grid=grid,
            hidden=hidden,
            dropout=dropout,
        )
        self._label = label
        self._bounds = np.cumsum(counts) / sum(counts)

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """Drawn class ids, `MISSING` where the sample has no such label."""
        true = batch.classes[self._label]
        lots = [keyed_uniforms(1, "random-labels", self._label, sample)[0] for sample in batch.ids]
        drawn = torch.from_numpy(np.searchsorted(self._bounds, lots, side="right")).to(true)
        return torch.where(true == MISSING, MISSING, drawn)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "accuracy": f"Share of the images whose random {self._label} is right; beyond the training split it can "
            "only be right by chance.",
            "num_images": f"Images with a random {self._label}.",
        }


@config
class RandomLabelsConfig:
    """Settings of `RandomLabelsTask`; ``label`` is the data's first kind of label if none is named."""

    kind: Literal["random-labels"] = "random-labels"
    label: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0})
    grid: Annotated[int, Field(ge=1)] = 1
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def build(self, name: str, vocabulary: Vocabulary) -> RandomLabelsTask:
        """Make the task. Raises `InputError` for an unknown loss, or a kind of label that the data lack."""
        check_choice(name, self.losses, ["cross_entropy"])
        label = chosen_label(name, self.label, vocabulary)
        class_names = vocabulary.labels[label]
        counts = vocabulary.counts.get(label, ())
        return RandomLabelsTask(
            name=name,
            label=label,
            class_names=class_names,
            counts=counts if sum(counts) else (1,) * len(class_names),
            losses=self.losses,
            grid=self.grid,
            hidden=self.hidden,
            dropout=self.dropout,
        )
