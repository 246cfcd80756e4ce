"""Random labels: a control that looks like classification and holds no information about the picture.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import MISSING, Vocabulary
from auxseg.keyed import keyed_uniforms
from auxseg.tasks.categorical import CategoricalConfig, CategoricalTask
from auxseg.tasks.classification import chosen_label


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
    has_answer = False

    def __init__(
        self, name: str, label: str, class_names: Sequence[str], counts: Sequence[int], settings: CategoricalConfig
    ) -> None:
        super().__init__(name, class_names, settings)
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
            "accuracy": f"Share of the images whose random {self._label} is right; outside the training split it "
            "can be right only by chance.",
            "num_images": f"Images with a random {self._label}.",
        }


@config
class RandomLabelsConfig(CategoricalConfig):
    """Settings of `RandomLabelsTask`; ``label`` is the data's first kind of label if none is named."""

    kind: Literal["random-labels"] = "random-labels"
    label: str | None = None

    def build(self, name: str, vocabulary: Vocabulary) -> RandomLabelsTask:
        """Make the task. Raises `InputError` for an unknown loss, or a kind of label that the data lack."""
        label = chosen_label(name, self.label, vocabulary)
        class_names = vocabulary.labels[label]
        counts = vocabulary.counts.get(label, ())
        counts = counts if sum(counts) else (1,) * len(class_names)
        return RandomLabelsTask(name, label, class_names, counts, self)
