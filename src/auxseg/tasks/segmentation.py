"""Segmentation: which class every pixel belongs to.

Shape legend: ``N`` images, ``C`` mask classes, ``H W`` the stored size, ``h w`` an image's own size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.layers import MaskForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import bands, overlay_mask
from auxseg.errors import InputError
from auxseg.metrics import segmentation as metrics
from auxseg.tasks.answers import Answer, map_answer
from auxseg.tasks.answers.labels_back import labels_back, probabilities_back
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.likeliest import likeliest
from auxseg.tasks.losses import (
    MASK_LOSSES,
    ClassWeights,
    LossWeights,
    MaskLosses,
    at_least_float32,
    check_choice,
    class_weights,
)
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.task import Dense, Table, Task


@final
class SegmentationTask(Task):
    """Gives every pixel one of C >= 2 classes, by a softmax over C logits; pixels of value `IGNORE` count for nothing.

    Losses, see `MaskLosses`: means over labelled pixels are ``cross_entropy``, ``bce`` (the same by its name for two
    classes), ``focal``, and ``ohem`` over the hardest pixels; means over images in which a scored class occurs are
    ``dice``, ``tversky`` and ``lovasz``.
    """

    row_figure = "iou"
    ratio_figure = ("intersection", "union")

    def __init__(
        self,
        *,
        name: str,
        class_names: Sequence[str],
        losses: Mapping[str, float],
        beta: float = 1.0,
        settings: MaskLosses | None = None,
        layer: str | None = None,
    ) -> None:
        self.name = name
        self.layers = frozenset() if layer is None else frozenset([layer])
        self._layer = layer
        self.measures_masks = layer is None
        self.class_names = tuple(class_names)
        self.output = Dense(len(self.class_names))
        self.weights = dict(losses)
        self.main_figure = "iou_dataset" if len(self.class_names) == 2 else "miou_dataset"
        self._beta = beta
        self._losses = settings or MaskLosses(num_classes=len(self.class_names))

    def target(self, batch: Batch) -> UInt8[Tensor, "N H W"]:
        """Class ids, `IGNORE` where a pixel counts for nothing."""
        return batch.mask if self._layer is None else batch.layers[self._layer]

    def counts(self, target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Labelled pixels for losses by pixel; for those by class 1 if a scored class occurs in the image."""
        return {name: self._losses.count(name, target) for name in self.weights}

    def loss(self, output: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        log_probabilities = at_least_float32(output).log_softmax(1)
        return {name: self._losses.loss(name, log_probabilities, target) for name in self.weights}

    def measure(self, output: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]) -> Table:
        """One confusion matrix per image, without counts where the label is missing."""
        return {"confusion": metrics.confusion(self.predict(output), target, len(self.class_names))}

    def measure_mask(self, predicted: UInt8[np.ndarray, "h w"], true: UInt8[np.ndarray, "h w"]) -> Table:
        """The confusion matrix of one image, counted in bands of rows."""
        num_classes = len(self.class_names)
        counts = torch.zeros(1, num_classes, num_classes, dtype=torch.long)
        for rows in bands(*true.shape):
            found, known = (torch.from_numpy(np.ascontiguousarray(mask[rows]))[None] for mask in (predicted, true))
            counts += metrics.confusion(found, known, num_classes)
        return {"confusion": counts}

    def figures(self, table: Table) -> dict[str, float]:
        """Figures of the data set's total, and means over images."""
        images, total = table["confusion"], table["confusion"].sum(0)
        scored = images[metrics.is_scored(images)]
        return {
            self.main_figure: metrics.iou(total).item(),
            self._image_figure: metrics.iou(scored).mean().item(),
            "dice_image": metrics.dice(scored).mean().item(),
            f"f{self._beta:g}": metrics.fbeta(total, self._beta).item(),
            "weighted_iou": metrics.weighted_iou(total).item(),
            "pixel_accuracy": metrics.pixel_accuracy(total).item(),
            "precision": metrics.precision(total).item(),
            "recall": metrics.recall(total).item(),
            "num_images": float(metrics.is_labelled(images).sum()),
            "num_empty": float(metrics.is_empty(images).sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """IoU, Dice and pixel accuracy; IoU and Dice also lack where truth and prediction are both empty.

        And what `main_figure` is the ratio of: pixels of intersection and union of every class that is scored.
        """
        images, labelled = table["confusion"], metrics.is_labelled(table["confusion"])
        intersection, union = metrics.intersection_and_union(images)
        scored = range(1, 2) if len(self.class_names) == 2 else range(len(self.class_names))
        totals = {
            f"{what}.{self.class_names[index]}": cells(pixels[:, index].tolist(), labelled)
            for what, pixels in zip(self.ratio_figure, (intersection, union), strict=True)
            for index in scored
        }
        return {
            "iou": cells(metrics.iou(images).tolist(), metrics.is_scored(images)),
            "dice": cells(metrics.dice(images).tolist(), metrics.is_scored(images)),
            "pixel_accuracy": cells(metrics.pixel_accuracy(images).tolist(), labelled),
            **totals,
        }

    def figures_by_image(self) -> dict[str, str | tuple[str, str]]:
        """The IoU of all pixels together, and the means over images of IoU and Dice."""
        return super().figures_by_image() | {self._image_figure: "iou", "dice_image": "dice"}

    def tables(self, table: Table) -> dict[str, tuple[Sequence[str], np.ndarray]]:
        """The confusion matrix in pixels: rows are true classes, columns predicted ones."""
        return {"confusion": (self.class_names, table["confusion"].sum(0).cpu().numpy())}

    def classes(self, table: Table) -> dict[str, dict[str, float]]:
        """IoU, precision, recall and pixels of every class, background included, from the pixels of all images."""
        columns = {name: values.tolist() for name, values in metrics.by_class(table["confusion"].sum(0)).items()}
        return {
            name: {column: values[index] for column, values in columns.items()}
            for index, name in enumerate(self.class_names)
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        binary = len(self.class_names) == 2
        scope = f"of {self.class_names[1]}" if binary else "averaged over the classes that occur"
        return {
            self.main_figure: f"Intersection over union {scope}, from the pixels of all images together.",
            self._image_figure: f"Intersection over union {scope}, of each image, averaged over the images that are "
            "not empty in both truth and prediction.",
            "dice_image": f"Dice coefficient {scope}, of each image, averaged over the same images.",
            f"f{self._beta:g}": f"F-beta with beta {self._beta:g} {scope}, from the pixels of all images together.",
            "weighted_iou": "Intersection over union of every class, background included, weighted by its share of "
            "the true pixels.",
            "pixel_accuracy": "Share of the labelled pixels whose class is right, background included.",
            "precision": f"Share of the predicted pixels that are right, {scope}.",
            "recall": f"Share of the true pixels that are found, {scope}.",
            "num_images": "Images with a mask.",
            "num_empty": "Images that are all background in both truth and prediction, left out of image averages.",
        }

    def predict(self, output: Float[Tensor, "N C H W"]) -> UInt8[Tensor, "N H W"]:
        """The likeliest class of every pixel, the first one of equals."""
        return likeliest(output)[0]

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the mask's classes; a picture larger than the mask gets it enlarged."""
        if value is None:
            return picture
        return overlay_mask(picture, value.cpu().numpy())

    def answer(self, output: Float[Tensor, "C H W"], place: Fit) -> Answer:
        """Class ids in the photograph's pixels, see `labels_back`, and how sure they are."""
        if self._layer is not None:  # its ids are not those of the data's mask classes
            draw = partial(self.draw, truth=False)
            return map_answer(self.predict(output[None])[0], place, draw, writes_numbers=False)
        stored = output[None].softmax(1)[0].numpy()
        back = labels_back(stored, place)
        named = zip(self.class_names, back.scores, strict=True)
        return Answer(
            draw=lambda photograph: overlay_mask(photograph, back.mask),
            mask=back.mask,
            scores={name: score for name, score in named if score is not None},
            probabilities=lambda: probabilities_back(stored, place),
        )

    @property
    def _image_figure(self) -> str:
        return self.main_figure.replace("dataset", "image")


@config
class SegmentationConfig:
    """Settings of `SegmentationTask` over all mask classes of the data; ``beta`` is that of the F-beta figure.

    ``losses`` are its losses with their weights: cross_entropy, bce, dice, focal, tversky, lovasz, ohem.
    ``class_weights`` help rare classes: ``balanced`` weighs each class by the inverse square root of its share of the
    labelled training pixels (`balanced_weights`); or a weight by name, 1 for classes that are left out. ``focal_gamma``
    says how little a pixel counts in focal whose class is found already. ``tversky_alpha`` is the price of false alarms
    in tversky, and ``tversky_beta`` that of what is missed. ``ohem_share`` is the share of each image's pixels, the
    hardest, that ohem takes; it is not for use with ``class_weights``.
    ``layer`` names a layer to read in place of the mask: a second mask.
    """

    reads: ClassVar[MaskForm] = MaskForm(("background", "object"))
    kind: Literal["segmentation"] = "segmentation"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0, "dice": 1.0})
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    class_weights: ClassWeights = None
    focal_gamma: Annotated[float, Field(ge=0, le=100)] = 2.0
    tversky_alpha: Annotated[float, Field(gt=0, le=1000)] = 0.3
    tversky_beta: Annotated[float, Field(gt=0, le=1000)] = 0.7
    ohem_share: Annotated[float, Field(gt=0, le=1)] = 0.25

    @property
    def needs_pixels(self) -> bool:
        """Whether `Vocabulary.pixels` have to be counted before it is built for training."""
        return self.class_weights == "balanced"

    def build(self, name: str, vocabulary: Vocabulary) -> SegmentationTask:
        """Make the task.

        Raises `InputError` for a loss that is unknown or given by both of its names, data without masks of two
        classes, and weights of classes that the data lack.
        """
        classes = vocabulary.mask_classes
        if self.layer is not None:
            classes = choose_layer(name, self.layer, vocabulary, MaskForm, "a mask")[1].names
        if len(classes) < 2:
            raise InputError(f"tasks.{name}: needs masks of at least two classes, but the data have {len(classes)}")
        if "bce" in self.losses and len(classes) != 2:
            raise InputError(
                f"tasks.{name}.losses: bce is for two mask classes, and there are {len(classes)}; take cross_entropy"
            )
        check_choice(name, self.losses, [loss for loss in MASK_LOSSES if loss != "bce" or len(classes) == 2])
        if {"cross_entropy", "bce"} <= self.losses.keys():
            raise InputError(
                f"tasks.{name}.losses: cross_entropy and bce are the same loss here; expected only one of them"
            )
        if "ohem" in self.losses and self.class_weights is not None:
            raise InputError(
                f"tasks.{name}.class_weights: losses.ohem chooses pixels by their loss and has no weights of classes; "
                "leave out one of the two"
            )
        if self.layer is not None and self.class_weights is not None:
            raise InputError(
                f"tasks.{name}.class_weights: weights are of the classes of the mask, but this task reads the layer "
                f"{self.layer}; leave them out"
            )
        settings = MaskLosses(
            num_classes=len(classes),
            class_weights=class_weights(self.class_weights, classes, vocabulary.pixels, f"tasks.{name}.class_weights"),
            focal_gamma=self.focal_gamma,
            tversky_alpha=self.tversky_alpha,
            tversky_beta=self.tversky_beta,
            ohem_share=self.ohem_share,
        )
        return SegmentationTask(
            name=name, class_names=classes, losses=self.losses, beta=self.beta, settings=settings, layer=self.layer
        )
