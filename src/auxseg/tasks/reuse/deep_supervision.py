"""Deep supervision: masks from coarser steps of the target's decoder are trained on the target's mask.

Lee, Xie, Gallagher, Zhang, Tu, "Deeply-Supervised Nets", AISTATS 2015, https://arxiv.org/abs/1409.5185, train
classifiers on hidden layers. For masks, with enlarged maps: Dou et al., "3D deeply supervised network for automated
segmentation of volumetric medical images", Medical Image Analysis 2017, https://doi.org/10.1016/j.media.2017.05.001.
Halving the weights follows Isensee et al., "nnU-Net", Nature Methods 2021,
https://doi.org/10.1038/s41592-020-01008-z.

Shape legend: ``N`` images, ``C`` mask classes, ``K`` = C times the number of side outputs, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.tasks.losses import LossWeights
from auxseg.tasks.segmentation import SegmentationConfig, SegmentationTask
from auxseg.tasks.task import Dense, SideOutputs, Table, Task


@final
class DeepSupervisionTask(Task):
    """Side outputs l = 1, 2, ..., fine to coarse, give every pixel one of C classes.

    Each loss term is ``sum_l 2^-l L(z_l, y)`` with the logits z_l, bilinearly enlarged to the stored size, the mask y,
    and the loss L of `SegmentationTask` of the same name. So with the loss weight 1 a side output counts half as much
    as the next finer one, and the first half as much as the target.

    The figures are those of the coarsest side output. The others lie between it and the target, which has its own.

    Departures: Dou et al. enlarge by learned transposed convolutions; nnU-Net shrinks the mask instead, leaves the
    lowest resolutions out, and divides the weights by their sum.
    """

    own_row = True
    has_answer = False
    row_figure = "iou"

    def __init__(self, *, masks: SegmentationTask, levels: int) -> None:
        self.name = masks.name
        self.output = SideOutputs(Dense(len(masks.class_names)), levels)
        self.weights = masks.weights
        self.main_figure = masks.main_figure
        self.ratio_figure = masks.ratio_figure
        self._masks = masks

    def target(self, batch: Batch) -> UInt8[Tensor, "N H W"]:
        """Class ids, `IGNORE` where a pixel counts for nothing."""
        return self._masks.target(batch)

    def counts(self, target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Those of `SegmentationTask`: labelled pixels, or 1 if a scored class occurs in the image."""
        return self._masks.counts(target)

    def loss(self, output: Float[Tensor, "N K H W"], target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image, weighted over the side outputs."""
        by_level = [self._masks.loss(logits, target) for logits in self._logits(output)]
        return {
            term: torch.stack([losses[term] / 2**level for level, losses in enumerate(by_level, start=1)]).sum(0)
            for term in self.weights
        }

    def measure(self, output: Float[Tensor, "N K H W"], target: UInt8[Tensor, "N H W"]) -> Table:
        """One confusion matrix per image, of the coarsest side output."""
        return self._masks.measure(self._logits(output)[-1], target)

    def figures(self, table: Table) -> dict[str, float]:
        """Intersection over union from the pixels of all images together, and how many images have a mask."""
        figures = self._masks.figures(table)
        return {name: figures[name] for name in (self.main_figure, "num_images")}

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """IoU of each image, and the pixels of intersection and union."""
        rows = self._masks.rows(table)
        return {name: column for name, column in rows.items() if name.partition(".")[0] in ("iou", *self.ratio_figure)}

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        sentences = self._masks.explain()
        return {
            self.main_figure: f"Of the coarsest side output: {sentences[self.main_figure]}",
            "num_images": sentences["num_images"],
        }

    def predict(self, output: Float[Tensor, "N K H W"]) -> UInt8[Tensor, "N H W"]:
        """The likeliest class of every pixel by the coarsest side output."""
        return self._masks.predict(self._logits(output)[-1])

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the mask's classes."""
        return self._masks.draw(picture, value, truth=truth)

    def _logits(self, output: Float[Tensor, "N K H W"]) -> Sequence[Float[Tensor, "N C H W"]]:
        """Those of each side output, fine to coarse."""
        return output.split(len(self._masks.class_names), dim=1)


@config
class DeepSupervisionConfig:
    """Settings of `DeepSupervisionTask`, which trains the target's own decoder.

    ``losses`` are its losses with their weights, those of `SegmentationTask`; their own settings are as they are by
    default, without class weights. ``levels`` is the most side outputs: a
    decoder with fewer coarser steps has one at each of them.
    """

    goes_by_mask: ClassVar[bool] = True
    kind: Literal["deep-supervision"] = "deep-supervision"
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0, "dice": 1.0})
    levels: Annotated[int, Field(ge=1, le=8)] = 3

    def build(self, name: str, vocabulary: Vocabulary) -> DeepSupervisionTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without masks of two classes."""
        masks = SegmentationConfig(losses=self.losses).build(name, vocabulary)
        return DeepSupervisionTask(masks=masks, levels=self.levels)
