"""Classification: which class the picture belongs to.

Shape legend: ``N`` images.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, final

from jaxtyping import Int
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import MISSING, Vocabulary
from auxseg.errors import InputError
from auxseg.tasks.categorical import CategoricalConfig, CategoricalTask
from auxseg.tasks.crops import Crops, labels_seen


@final
class ClassificationTask(CategoricalTask):
    """Gives the picture its class of one kind of label, ``label`` (breed, species)."""

    def __init__(
        self,
        name: str,
        label: str,
        class_names: Sequence[str],
        settings: CategoricalConfig,
        label_smoothing: float = 0.0,
        crops: Crops = "keep",
    ) -> None:
        super().__init__(name, class_names, settings, label_smoothing)
        self.label = label
        self._crops: Crops = crops

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """Class ids, `MISSING` where there is no label."""
        return labels_seen(batch.classes[self.label], batch, self._crops, MISSING)

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "accuracy": f"Share of the images whose {self.label} is right, of {len(self.class_names)} classes.",
            "num_images": f"Images whose {self.label} is known.",
        }


def chosen_label(task: str, label: str | None, vocabulary: Vocabulary) -> str:
    """The kind of label that is meant, the data's first if none is named. Raises `InputError` if the data lack it."""
    if not vocabulary.labels:
        raise InputError(f"tasks.{task}: needs a kind of label, but the data have none")
    if label is None:
        return next(iter(vocabulary.labels))
    if label not in vocabulary.labels:
        raise InputError(f"tasks.{task}.label: the data have no {label!r}; allowed: {', '.join(vocabulary.labels)}")
    return label


@config
class ClassificationConfig(CategoricalConfig):
    """Settings of `ClassificationTask`; ``label`` is the data's first kind of label if none is named.

    ``label_smoothing`` is the share of the truth that is spread evenly over all classes.
    ``crops`` says what windows (``data.crop``) are trained on with: ``keep`` gives each the class of its image,
    ``drop`` only those that show the whole image.
    """

    kind: Literal["classification"] = "classification"
    label: str | None = None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    crops: Crops = "keep"

    def build(self, name: str, vocabulary: Vocabulary) -> ClassificationTask:
        """Make the task. Raises `InputError` for an unknown loss, or a kind of label that the data lack."""
        label = chosen_label(name, self.label, vocabulary)
        return ClassificationTask(name, label, vocabulary.labels[label], self, self.label_smoothing, self.crops)
