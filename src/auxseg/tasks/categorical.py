"""What all tasks share that give a picture one of several classes.

Shape legend: ``N`` images, ``C`` classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.sample import MISSING
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, draw_text
from auxseg.metrics import classification as metrics
from auxseg.tasks.answers import Answer
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Table, Task, Vector


@config
class CategoricalConfig:
    """Settings of every `CategoricalTask`; ``losses`` are its losses with their weights.

    ``grid``, ``hidden`` and ``dropout`` are those of `Vector`: cells a side that features are averaged in, width of
    the layer between, and share that is dropped.
    """

    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0})
    grid: Annotated[int, Field(ge=1, le=64)] = 1
    hidden: Annotated[int, Field(ge=0, le=65536)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class CategoricalTask(Task):
    """Gives the picture one of C classes, by a softmax over C logits; subclasses say which, and explain the figures.

    The only loss is ``cross_entropy``, the mean over labelled images. ``label_smoothing`` in [0, 1) is the share of
    the target spread evenly over all classes (Szegedy et al. 2016, Rethinking the Inception Architecture,
    https://arxiv.org/abs/1512.00567). Targets are class ids, `MISSING` where there is no label. Raises `InputError`
    for another loss.
    """

    main_figure = "accuracy"
    row_figure = "probability"
    mean_figure = "correct"

    def __init__(
        self, name: str, class_names: Sequence[str], settings: CategoricalConfig, label_smoothing: float = 0.0
    ) -> None:
        check_choice(name, settings.losses, ["cross_entropy"])
        self.name = name
        self.class_names = tuple(class_names)
        self.output = Vector(
            len(self.class_names), grid=settings.grid, hidden=settings.hidden, dropout=settings.dropout
        )
        self.weights = dict(settings.losses)
        self._label_smoothing = label_smoothing

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
        """Names of the true and the predicted class, the probability given to the true one, and 1 if it is right."""
        known = table["truth"] != MISSING
        return {
            "truth": cells([self.class_names[index] for index in table["truth"].tolist()], known),
            "prediction": cells([self.class_names[index] for index in table["prediction"].tolist()], known),
            "probability": cells(table["probability"].tolist(), known),
            "correct": cells((table["truth"] == table["prediction"]).double().tolist(), known),
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

    def answer(self, output: Float[Tensor, " C"], place: Fit) -> Answer:
        """The probability of every class."""
        likeliest = self.predict(output[None])[0]
        return Answer(
            draw=lambda photograph: self.draw(photograph, likeliest, truth=False),
            drawn="nowhere",
            classes=dict(zip(self.class_names, output[None].softmax(1)[0].tolist(), strict=True)),
        )

    def tables(self, table: Table) -> dict[str, tuple[Sequence[str], np.ndarray]]:
        """The confusion matrix: rows are true classes, columns predicted ones."""
        counts = metrics.confusion(table["prediction"], table["truth"], len(self.class_names))
        return {"confusion": (self.class_names, counts.cpu().numpy())}
