"""Classification: which class the picture belongs to.

Shape legend: ``N`` images, ``C`` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal, final

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.batch import Batch
from auxseg.data.sample import MISSING, Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, draw_text
from auxseg.errors import InputError
from auxseg.metrics import classification as metrics
from auxseg.tasks.cells import cells
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.task import Table, Task, Vector


@final
class ClassificationTask(Task):
    """Gives the picture one of C classes, by a softmax over C logits.

    ``label`` is the kind of label that is predicted (breed, species). Its only loss is ``cross_entropy``, the mean
    over labelled images; ``label_smoothing`` in [0, 1) is the share of the target spread evenly over all classes
    (Szegedy et al. 2016, Rethinking the Inception Architecture, https://arxiv.org/abs/1512.00567). ``grid``,
    ``hidden`` and ``dropout`` are those of `Vector`.
    """

    main_figure = "accuracy"
    row_figure = "probability"

    def __init__(
        self,
        *,
        name: str,
        label: str,
        class_names: Sequence[str],
        losses: Mapping[str, float],
        label_smoothing: float = 0.0,
        grid: int = 1,
        hidden: int = 0,
        dropout: float = 0.0,
    ) -> None:
        self.name = name
        self.label = label
        self.class_names = tuple(class_names)
        self.output = Vector(len(self.class_names), grid=grid, hidden=hidden, dropout=dropout)
        self.weights = dict(losses)
        self._label_smoothing = label_smoothing

    def target(self, batch: Batch) -> Int[Tensor, " N"]:
        """Class ids, `MISSING` where there is no label."""
        return batch.classes[self.label]

    def counts(self, target: Int[Tensor, " N"]) -> dict[str, Float[Tensor, " N"]]:
        """1 for every labelled image."""
        return dict.fromkeys(self.weights, (target != MISSING).float())

    def loss(self, output: Float[Tensor, "N C"], target: Int[Tensor, " N"]) -> dict[str, Float[Tensor, " N"]]:
        """``-sum_c y_c log q_c`` with the (smoothed) target y and the probabilities q."""
        loss = functional.cross_entropy(
            at_least_float32(output),
            target.long(),
            ignore_index=MISSING,
            reduction="none",
            label_smoothing=self._label_smoothing,
        )
        return dict.fromkeys(self.weights, loss)

    def measure(self, output: Float[Tensor, "N C"], target: Int[Tensor, " N"]) -> Table:
        """Truth (`MISSING` where there is none), prediction, and the probability given to the true class."""
        probabilities = at_least_float32(output).softmax(1)
        true = target.long().clamp(min=0)[:, None]
        return {
            "truth": target,
            "prediction": self.predict(output),
            "probability": probabilities.gather(1, true)[:, 0],
        }

    def figures(self, table: Table) -> dict[str, float]:
        """Accuracy over the labelled images, and how many they are."""
        return {
            "accuracy": metrics.accuracy(table["prediction"], table["truth"]),
            "num_images": float((table["truth"] != MISSING).sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """Names of the true and the predicted class, and the probability given to the true one."""
        known = table["truth"] != MISSING
        return {
            "truth": cells([self.class_names[index] for index in table["truth"].tolist()], known),
            "prediction": cells([self.class_names[index] for index in table["prediction"].tolist()], known),
            "probability": cells(table["probability"].tolist(), known),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "accuracy": f"Share of the images whose {self.label} is right, of {len(self.class_names)} classes.",
            "num_images": f"Images whose {self.label} is known.",
        }

    def predict(self, output: Float[Tensor, "N C"]) -> Int[Tensor, " N"]:
        """Id of the likeliest class."""
        return output.argmax(1)

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Write the class name, the truth above and the prediction below."""
        if value is None or value == MISSING:
            return picture
        colour = TRUTH_COLOUR if truth else PREDICTION_COLOUR
        return draw_text(picture, self.class_names[int(value)], colour, bottom=not truth)

    def tables(self, table: Table) -> dict[str, tuple[Sequence[str], np.ndarray]]:
        """The confusion matrix: rows are true classes, columns predicted ones."""
        counts = metrics.confusion(table["prediction"], table["truth"], len(self.class_names))
        return {"confusion": (self.class_names, counts.cpu().numpy())}


@config
class ClassificationConfig:
    """Settings of `ClassificationTask`; ``label`` is the data's first kind of label if none is named."""

    kind: Literal["classification"] = "classification"
    label: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0})
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    grid: Annotated[int, Field(ge=1)] = 1
    hidden: Annotated[int, Field(ge=0)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def build(self, name: str, vocabulary: Vocabulary) -> ClassificationTask:
        """Make the task. Raises `InputError` for an unknown loss, or a kind of label that the data lack."""
        check_choice(name, self.losses, ["cross_entropy"])
        if not vocabulary.labels:
            raise InputError(f"tasks.{name}: a kind of label is needed, the data have none")
        label = next(iter(vocabulary.labels)) if self.label is None else self.label
        if label not in vocabulary.labels:
            raise InputError(f"tasks.{name}.label: the data have no {label!r}; allowed: {', '.join(vocabulary.labels)}")
        return ClassificationTask(
            name=name,
            label=label,
            class_names=vocabulary.labels[label],
            losses=self.losses,
            label_smoothing=self.label_smoothing,
            grid=self.grid,
            hidden=self.hidden,
            dropout=self.dropout,
        )
