"""Tags: which of several words fit the picture as a whole.

Shape legend: ``N`` images, ``T`` tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
from jaxtyping import Float, UInt8
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.layers import TagsForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR
from auxseg.metrics import average_precision as metrics
from auxseg.tasks.answers import Answer
from auxseg.tasks.crops import Crops, labels_seen
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_tags
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.objects.by_name import ap_by_name, explain_by_name
from auxseg.tasks.task import Table, Task, Vector


@config
class TagsConfig:
    """Settings of `TagsTask`; ``layer`` is by default the first layer of tags.

    ``losses`` are its losses with their weights: bce. ``grid``, ``hidden`` and ``dropout`` are those of `Vector`: cells
    a side that features are averaged in, width of the layer between, and share that is dropped. ``crops`` says what
    windows (``data.crop``) are trained on with: ``keep`` gives each the tags of its image, ``drop`` only those that
    show the whole image.
    """

    reads: ClassVar[TagsForm] = TagsForm(("one", "other"))
    kind: Literal["tags"] = "tags"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"bce": 1.0})
    grid: Annotated[int, Field(ge=1, le=64)] = 1
    hidden: Annotated[int, Field(ge=0, le=65536)] = 0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    crops: Crops = "keep"

    def build(self, name: str, vocabulary: Vocabulary) -> TagsTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without tags."""
        check_choice(name, self.losses, ["bce"])
        layer, form = choose_layer(name, self.layer, vocabulary, TagsForm, "tags")
        return TagsTask(name, layer, form.names, self)


@final
class TagsTask(Task):
    """Gives the picture T probabilities, one for each tag, by a sigmoid each.

    The only loss is ``bce``, the binary cross-entropy, a mean over the known tags of all images. A tag is predicted
    where its probability is above a half.
    """

    main_figure = "map"
    row_figure = "probability"

    def __init__(self, name: str, layer: str, tags: Sequence[str], settings: TagsConfig) -> None:
        self.name = name
        self.layers = frozenset([layer])
        self._layer = layer
        self._crops: Crops = settings.crops
        self.tags = tuple(tags)
        self.output = Vector(len(self.tags), grid=settings.grid, hidden=settings.hidden, dropout=settings.dropout)
        self.weights = dict(settings.losses)

    def target(self, batch: Batch) -> UInt8[Tensor, "N T"]:
        """1 for a tag that fits, 0 for one that does not, `IGNORE` where that is not known."""
        return labels_seen(batch.layers[self._layer], batch, self._crops, IGNORE)

    def counts(self, target: UInt8[Tensor, "N T"]) -> dict[str, Float[Tensor, " N"]]:
        """The known tags of each image."""
        return dict.fromkeys(self.weights, (target != IGNORE).sum(1).float())

    def loss(self, output: Float[Tensor, "N T"], target: UInt8[Tensor, "N T"]) -> dict[str, Float[Tensor, " N"]]:
        """``sum_t -y_t log q_t - (1 - y_t) log(1 - q_t)`` over the known tags t, with the probability q = sigmoid."""
        logits = at_least_float32(output)
        losses = functional.binary_cross_entropy_with_logits(logits, (target == 1).to(logits.dtype), reduction="none")
        return dict.fromkeys(self.weights, losses.masked_fill(target == IGNORE, 0).sum(1))

    def measure(self, output: Float[Tensor, "N T"], target: UInt8[Tensor, "N T"]) -> Table:
        """Truth and score of every tag; scores are logits, of which fewer are equal than of probabilities."""
        return {"truth": target, "score": at_least_float32(output)}

    def figures(self, table: Table) -> dict[str, float]:
        """Average precision of each tag and its mean over tags, and F1 of all decisions together."""
        truth, score = table["truth"], table["score"]
        found = [metrics.average_precision(score[:, tag], truth[:, tag]) for tag in range(len(self.tags))]
        counts = [int(part.sum()) for part in metrics.tag_counts(self.predict(score), truth)]
        return {
            "map": float(np.mean([value for value in found if value == value] or [np.nan])),
            "micro_f1": metrics.f1(*counts),
            "num_images": float((truth != IGNORE).any(1).sum()),
            **ap_by_name(self.tags, found),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The mean probability given to the truth of the known tags, and how many tags are right and wrong."""
        truth, score = table["truth"], table["score"].double()
        known = truth != IGNORE
        likely = score.where(truth == 1, -score).sigmoid()
        labelled = known.any(1)
        probability = likely.where(known, 0).sum(1) / known.sum(1).clamp(min=1)
        hits, false_alarms, missed = (part.sum(1) for part in metrics.tag_counts(self.predict(score), truth))
        return {
            "probability": cells(probability.tolist(), labelled),
            "num_found": cells(hits.tolist(), labelled),
            "num_false": cells(false_alarms.tolist(), labelled),
            "num_missed": cells(missed.tolist(), labelled),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "map": "Average precision of each tag over the images of which it is known, averaged over the tags that "
            "fit any image.",
            "micro_f1": "F1 of all decisions about known tags together, at a probability of a half.",
            "num_images": f"Images of which any tag of the layer {self._layer} is known.",
            **explain_by_name(self.tags),
        }

    def predict(self, output: Float[Tensor, "N T"]) -> UInt8[Tensor, "N T"]:
        """1 for a tag that is more likely than not."""
        return (output > 0).byte()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Write the tags, the truth above and the prediction below."""
        if value is None:
            return picture
        colour = TRUTH_COLOUR if truth else PREDICTION_COLOUR
        return paint_tags(picture, self.tags, value.cpu().numpy(), colour, bottom=not truth)

    def answer(self, output: Float[Tensor, " T"], place: Fit) -> Answer:
        """The probability of every tag."""
        predicted = self.predict(output[None])[0]
        tags = dict(zip(self.tags, output.sigmoid().tolist(), strict=True))
        return Answer(
            draw=lambda photograph: self.draw(photograph, predicted, truth=False),
            drawn="nowhere",
            tags=tags,
            record={"tags": tags},
        )
