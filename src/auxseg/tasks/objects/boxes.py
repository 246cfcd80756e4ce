"""Boxes: where every thing in the picture is, and of which class.

Zhou, Wang, Krähenbühl 2019, Objects as Points, https://arxiv.org/abs/1904.07850 (CenterNet).

Shape legend: ``N`` images, ``C`` classes, ``E = C + 4`` channels of the output, ``D > E`` of the target, ``H W`` the
stored size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.geometry import Fit
from auxseg.data.layers import BoxesForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR, Picture
from auxseg.metrics import detection as metrics
from auxseg.tasks.answers import Answer, FoundBox
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_boxes
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.objects.by_name import ap_by_name, explain_by_name
from auxseg.tasks.objects.centre_loss import PRIOR, centre_loss
from auxseg.tasks.objects.heat_maps import box_targets, boxes_in, is_labelled
from auxseg.tasks.objects.peaks import find_peaks
from auxseg.tasks.task import Dense, Table, Task

LOSSES: Final = ("heatmap", "size", "offset")


@final
class BoxesTask(Task):
    """Gives every pixel, for each class, the probability that a thing has its centre there, and the size of the thing.

    The C + 4 channels of the output are logits of centres (plus 2.19), width and height as shares of the picture's, and
    the offset of the centre from the pixel's middle in pixels. Losses:

    - ``heatmap``: ``-sum (1 - p)^2 log p`` over the centres and ``-sum (1 - y)^4 p^2 log(1 - p)`` over all other
      pixels, where y is the target's heat map (`box_targets`) and p the probability, divided by the number of centres.
    - ``size`` and ``offset``: absolute errors, summed over both numbers, the mean over pixels with a centre.

    Departs from the paper: the output has the picture's resolution, not a quarter of it; sizes are shares and no
    pixels; crowds and padding are not learned from; an image without boxes counts as if it had one centre.
    """

    main_figure = "map"
    row_figure = "ap50"
    own_row = True
    in_parts = False  # sizes are shares of the picture

    def __init__(
        self, *, name: str, layer: str, class_names: Sequence[str], losses: Mapping[str, float], min_score: float = 0.3
    ) -> None:
        self.name = name
        self.layers = frozenset([layer])
        self._layer = layer
        self.class_names = tuple(class_names)
        self.output = Dense(len(self.class_names) + 4)
        self.weights = dict(losses)
        self._min_score = min_score

    def target(self, batch: Batch) -> Float[Tensor, "N D H W"]:
        """Heat maps, sizes and offsets, and behind them the boxes themselves, see `box_targets`."""
        return box_targets(batch.layers[self._layer], batch.inside, len(self.class_names))

    def counts(self, target: Float[Tensor, "N D H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Centres, at least one for the heat map of an image whose boxes are known."""
        num_classes = len(self.class_names)
        num_peaks = (target[:, :num_classes] == 1).sum((1, 2, 3))
        num_centres = (~target[:, num_classes].isnan()).sum((1, 2)).float()
        heat = num_peaks.clamp(min=1).float() * is_labelled(target, num_classes)
        counts = {"heatmap": heat, "size": num_centres, "offset": num_centres}
        return {name: counts[name] for name in self.weights}

    def loss(
        self, output: Float[Tensor, "N E H W"], target: Float[Tensor, "N D H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        output, num_classes = at_least_float32(output), len(self.class_names)
        errors = output[:, num_classes:] - target[:, num_classes : num_classes + 4]
        # A missing size must not reach the arithmetic: NaN times zero would still be a NaN in the gradient.
        errors = torch.where(errors.isnan(), 0, errors).abs()
        heat = target[:, :num_classes]
        terms = {
            "heatmap": centre_loss(output[:, :num_classes] - PRIOR, heat, heat == 1),
            "size": errors[:, :2].sum((1, 2, 3)),
            "offset": errors[:, 2:].sum((1, 2, 3)),
        }
        return {name: terms[name] for name in self.weights}

    def measure(self, output: Float[Tensor, "N E H W"], target: Float[Tensor, "N D H W"]) -> Table:
        """Up to 100 boxes of each image, at which IoU they are right, and the number of true ones by class."""
        num_classes = len(self.class_names)
        inside = target[:, num_classes + 4] == 1
        found = find_peaks(self.predict(output), inside, num_classes).double().cpu().numpy()
        truths = [boxes_in(each, num_classes).double().cpu().numpy() for each in target]
        matched = [
            metrics.match(each[:, :4], each[:, 4].astype(int), true) for each, true in zip(found, truths, strict=True)
        ]
        num_true = [np.bincount(true[true[:, 5] == 0, 4].astype(int), minlength=num_classes) for true in truths]
        return {
            "labelled": is_labelled(target, num_classes).cpu(),
            "score": torch.from_numpy(found[..., 5]),
            "class": torch.from_numpy(found[..., 4]).long(),
            "right": torch.from_numpy(np.stack([right for right, _ in matched])),
            "ignored": torch.from_numpy(np.stack([ignored for _, ignored in matched])),
            "num_true": torch.from_numpy(np.stack(num_true)).long(),
        }

    def figures(self, table: Table) -> dict[str, float]:
        """Average precision and recall, averaged over the classes that have boxes, and precision by class."""
        labelled = table["labelled"]
        summary = _summary(table, labelled)
        return {
            "map": _mean(summary.precision),
            "ap50": _mean(summary.precision[:, 0]),
            "ap75": _mean(summary.precision[:, 5]),
            "recall": _mean(summary.recall),
            "num_boxes": float(table["num_true"][labelled].sum()),
            "num_images": float(labelled.sum()),
            **ap_by_name(self.class_names, map(_mean, summary.precision)),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """AP at an IoU of 0.5 within each image, the mean over its classes, and the number of its boxes."""
        labelled, num_true = table["labelled"], table["num_true"].sum(1)
        one_by_one = torch.eye(len(labelled), dtype=torch.bool)
        scores = [_mean(_summary(table, each).precision[:, 0]) for each in one_by_one]
        return {
            "ap50": cells(scores, labelled & (num_true > 0)),
            "num_boxes": cells(num_true.double().tolist(), labelled),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        return {
            "map": "Average precision of COCO: averaged over IoU thresholds from 0.5 to 0.95, then over the classes "
            "that have boxes.",
            "ap50": "Average precision where a box is right from an IoU of 0.5 on.",
            "ap75": "Average precision where a box is right from an IoU of 0.75 on.",
            "recall": "Share of the true boxes that are among the 100 surest of their image, averaged over the same "
            "IoU thresholds, then over classes.",
            "num_boxes": "True boxes, without crowds.",
            "num_images": "Images whose boxes are known.",
            **explain_by_name(self.class_names),
        }

    def predict(self, output: Float[Tensor, "N E H W"]) -> Float[Tensor, "N E H W"]:
        """Probabilities of centres, sizes and offsets."""
        output, num_classes = at_least_float32(output), len(self.class_names)
        predicted = torch.cat([(output[:, :num_classes] - PRIOR).sigmoid(), output[:, num_classes:]], dim=1)
        return predicted.float()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Draw the outlines, of predicted ones those of a high score."""
        if value is None:
            return picture
        num_classes, (height, width) = len(self.class_names), picture.shape[:2]
        if truth:
            boxes = boxes_in(value, num_classes)[:, :4]
        else:
            everywhere = torch.ones(1, *value.shape[1:], dtype=torch.bool, device=value.device)
            found = find_peaks(value[None], everywhere, num_classes)[0]
            boxes = found[found[:, 5] >= self._min_score, :4]
        corners = boxes.cpu().numpy() * np.array([width, height, width, height])
        return paint_boxes(picture, corners, TRUTH_COLOUR if truth else PREDICTION_COLOUR)

    def mirrored_back(self, output: Float[Tensor, "N E H W"]) -> Float[Tensor, "N E H W"]:
        """Pixels mirrored, and with them the offset in x."""
        mirrored = output.flip(-1)
        mirrored[:, len(self.class_names) + 2].neg_()
        return mirrored

    def answer(self, output: Float[Tensor, "E H W"], place: Fit) -> Answer:
        """The boxes of a high score in pixels of the photograph, cut to it."""
        y0, y1, x0, x1 = place.inside
        inside = torch.zeros(1, *output.shape[1:], dtype=torch.bool)
        inside[:, y0:y1, x0:x1] = True
        found = find_peaks(self.predict(output[None]), inside, len(self.class_names))[0].double().numpy()
        height, width = place.original
        moved = np.clip(place.boxes_back(found[:, :4]), 0, [width, height, width, height])
        boxes = tuple(
            FoundBox(self.class_names[int(class_id)], score, (box[0], box[1], box[2], box[3]))
            for box, (class_id, score) in zip(moved.tolist(), found[:, 4:].tolist(), strict=True)
            if score >= self._min_score
        )
        return Answer(
            draw=lambda photograph: _draw_found(photograph, boxes),
            boxes=boxes,
            record={"boxes": [{"class": each.name, "score": each.score, "box": list(each.box)} for each in boxes]},
        )


def _draw_found(photograph: Picture, boxes: Sequence[FoundBox]) -> Picture:
    return paint_boxes(photograph, np.array([each.box for each in boxes]).reshape(-1, 4), PREDICTION_COLOUR)


def _summary(table: Table, which: Tensor) -> metrics.Summary:
    """Of the images that are chosen."""
    columns = ("score", "class", "right", "ignored", "num_true")
    return metrics.summarise(*(table[column][which].numpy() for column in columns))


def _mean(values: np.ndarray) -> float:
    """Over what is known; NaN of nothing."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


@config
class BoxesConfig:
    """Settings of `BoxesTask`; ``layer`` is by default the first layer of boxes.

    ``losses`` are its losses with their weights: heatmap, size, offset. ``min_score`` is the score from which on a box
    is drawn and told.
    """

    reads: ClassVar[BoxesForm] = BoxesForm(("one", "other"))
    kind: Literal["boxes"] = "boxes"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"heatmap": 1.0, "size": 10.0, "offset": 1.0})
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.3

    def build(self, name: str, vocabulary: Vocabulary) -> BoxesTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without a layer of boxes."""
        check_choice(name, self.losses, LOSSES)
        layer, form = choose_layer(name, self.layer, vocabulary, BoxesForm, "boxes")
        return BoxesTask(name=name, layer=layer, class_names=form.names, losses=self.losses, min_score=self.min_score)
