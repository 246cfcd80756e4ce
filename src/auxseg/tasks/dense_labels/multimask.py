"""Multimask: of every pixel, which of several classes it belongs to, where classes may overlap.

Shape legend: ``N`` images, ``K`` classes, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Any, ClassVar, Final, Literal, final

import numpy as np
from jaxtyping import Float, UInt8
from torch import Tensor

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.layers import MultiMaskForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.metrics import segmentation as metrics
from auxseg.tasks.answers import Answer, map_answer
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_planes
from auxseg.tasks.losses import LossWeights, at_least_float32, binary_cross_entropy, binary_dice, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Dense, Table, Task

LOSSES: Final = ("bce", "dice")


@final
class MultiMaskTask(Task):
    """Gives every pixel K probabilities, one for each class, by a sigmoid each; `IGNORE` counts for nothing.

    Losses: ``bce``, the mean over known pixels of all classes, and ``dice``, the mean over the classes of all images
    that have a pixel of the class (`binary_dice`). A class is where its probability is above a half.
    """

    main_figure = "miou_dataset"
    row_figure = "iou"
    ratio_figure = ("intersection", "union")
    own_row = True

    def __init__(self, *, name: str, layer: str, class_names: Sequence[str], losses: Mapping[str, float]) -> None:
        self.name = name
        self.layers = frozenset([layer])
        self._layer = layer
        self.class_names = tuple(class_names)
        self.output = Dense(len(self.class_names))
        self.weights = dict(losses)

    def target(self, batch: Batch) -> UInt8[Tensor, "N K H W"]:
        """1, 0, or `IGNORE` where it is not known whether a pixel belongs to a class."""
        return batch.layers[self._layer]

    def counts(self, target: UInt8[Tensor, "N K H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Known pixels of all classes for ``bce``, classes that have a pixel for ``dice``."""
        counts = {
            "bce": (target != IGNORE).sum((1, 2, 3)).float(),
            "dice": (target == 1).flatten(2).any(2).sum(1).float(),
        }
        return {name: counts[name] for name in self.weights}

    def loss(
        self, output: Float[Tensor, "N K H W"], target: UInt8[Tensor, "N K H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        terms = {"bce": binary_cross_entropy, "dice": binary_dice}
        logits = at_least_float32(output)
        return {name: _by_class(terms[name], logits, target) for name in self.weights}

    def measure(self, output: Float[Tensor, "N K H W"], target: UInt8[Tensor, "N K H W"]) -> Table:
        """A confusion matrix per image and class, without counts where nothing is known."""
        found = metrics.confusion(self.predict(output).flatten(0, 1), target.flatten(0, 1), 2)
        return {"confusion": found.view(*target.shape[:2], 2, 2)}

    def figures(self, table: Table) -> dict[str, float]:
        """Means over classes, from the pixels of all images and image by image."""
        images = table["confusion"]
        return {
            self.main_figure: metrics.iou(images.sum(0)).nanmean().item(),
            "miou_image": metrics.iou(images).nanmean(1).nanmean().item(),
            "dice_dataset": metrics.dice(images.sum(0)).nanmean().item(),
            "num_images": float(metrics.is_labelled(images).any(1).sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """IoU and Dice, means over the classes that occur in truth or prediction, and what `main_figure` is made of."""
        images = table["confusion"]
        labelled = metrics.is_labelled(images).any(1)
        intersection, union = (values[..., 1] for values in metrics.intersection_and_union(images))
        totals = {
            f"{what}.{name}": cells(pixels[:, index].tolist(), labelled)
            for what, pixels in zip(self.ratio_figure, (intersection, union), strict=True)
            for index, name in enumerate(self.class_names)
        }
        means = {"iou": metrics.iou(images).nanmean(1), "dice": metrics.dice(images).nanmean(1)}
        return {name: cells(values.tolist(), ~values.isnan()) for name, values in means.items()} | totals

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """The IoU of all pixels together, and the mean over images."""
        return super().figures_by_image() | {"miou_image": "iou"}

    def classes(self, table: Table) -> dict[str, dict[str, float]]:
        """IoU, precision, recall and pixels of every class, from the pixels of all images."""
        by_class = [metrics.by_class(counts) for counts in table["confusion"].sum(0)]
        return {
            name: {column: values[1].item() for column, values in figures.items()}
            for name, figures in zip(self.class_names, by_class, strict=True)
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            self.main_figure: "Intersection over union of each class from the pixels of all images together, averaged "
            "over the classes that occur.",
            "miou_image": "Intersection over union of each class that occurs in an image, averaged over classes, then "
            "images.",
            "dice_dataset": "Dice coefficient of each class from the pixels of all images together, averaged over the "
            "classes that occur.",
            "num_images": f"Images of which the layer {self._layer} is known.",
        }

    def predict(self, output: Float[Tensor, "N K H W"]) -> UInt8[Tensor, "N K H W"]:
        """1 where a class is more likely than not."""
        return (output > 0).byte()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the classes, one after the other."""
        return picture if value is None else paint_planes(picture, value.cpu().numpy())

    def answer(self, output: Float[Tensor, "K H W"], place: Fit) -> Answer:
        """The probability of every class in every pixel; predictions.json says which share of the pixels each has."""
        y0, y1, x0, x1 = place.inside
        planes = self.predict(output[None])[0]
        shares = planes[:, y0:y1, x0:x1].double().mean((1, 2)).tolist()
        answer = map_answer(output.sigmoid(), place, partial(self._draw_likely, truth=False), writes_numbers=False)
        return replace(answer, record={"shares": dict(zip(self.class_names, shares, strict=True))})

    def _draw_likely(self, picture: np.ndarray, probabilities: Tensor, *, truth: bool) -> np.ndarray:
        return self.draw(picture, (probabilities > 0.5).byte(), truth=truth)


def _by_class(
    loss: Callable[[Tensor, Tensor], Tensor], logits: Float[Tensor, "N K H W"], target: UInt8[Tensor, "N K H W"]
) -> Float[Tensor, " N"]:
    """The sum over classes of a loss of masks of two classes."""
    return loss(logits.flatten(0, 1), target.flatten(0, 1)).view(target.shape[:2]).sum(1)


@config
class MultiMaskConfig:
    """Settings of `MultiMaskTask`; ``layer`` is by default the first multimask of the data.

    ``losses`` are its losses with their weights: bce, dice.
    """

    reads: ClassVar[MultiMaskForm] = MultiMaskForm(("one", "other"))
    kind: Literal["multimask"] = "multimask"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"bce": 1.0, "dice": 1.0})

    def build(self, name: str, vocabulary: Vocabulary) -> MultiMaskTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without a multimask."""
        check_choice(name, self.losses, LOSSES)
        layer, form = choose_layer(name, self.layer, vocabulary, MultiMaskForm, "a multimask")
        return MultiMaskTask(name=name, layer=layer, class_names=form.names, losses=self.losses)
