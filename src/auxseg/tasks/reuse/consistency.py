"""Consistency: the target's output of a strongly changed image is trained on what a teacher says of the image itself.

Sohn et al., "FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence", NeurIPS 2020,
https://arxiv.org/abs/2001.07685, train on the pseudo labels of a weakly changed image where they are sure. The teacher
is the moving average of the weights: Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017,
https://arxiv.org/abs/1703.01780. For masks: French et al., "Semi-supervised semantic segmentation needs strong, varied
perturbations", BMVC 2020, https://arxiv.org/abs/1906.01916, who mix pictures and pseudo labels by CutMix, and UniMatch,
see `auxseg.tasks.reuse.strong_changes`.

Shape legend: ``N`` images, ``C`` mask classes, ``H W`` the stored size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, final

import numpy as np
import torch
from jaxtyping import Float, UInt8
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.drawing import overlay_mask
from auxseg.errors import InputError
from auxseg.tasks.likeliest import likeliest
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice, cross_entropy
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.reuse.strong_changes import change_look, draw_cuts, draw_uniforms
from auxseg.tasks.task import Dense, Of, Table, Task, View

UNSURE: Final = 254
"""Where the teacher is not sure enough; no mask class has this id."""

Share = Annotated[float, Field(ge=0, le=1)]


@final
@dataclass(frozen=True)
class Strength:
    """How strongly pictures are changed: see `change_look`, and the probability of a cut."""

    colour: float
    blur: float
    cutmix: float


@final
class ConsistencyTask(Task):
    """Sees the picture with other colours, blurred and mixed with another, through the target's head.

    The loss is ``sum_p [max_c q(p, c) >= threshold] -log s(p, argmax_c q(p, c))`` over the photograph's pixels p, with
    the teacher's probabilities q of the picture as augmented and the network's probabilities s of the changed one. As
    in FixMatch and UniMatch it is averaged over all pixels, the unsure ones too. It needs no label, so images with and
    without masks count alike.

    In training, pictures, pseudo labels and padding of a micro-batch change places by CutMix in the same rectangles:
    each image shows a part of the one before it. What is drawn depends on the sample's key.
    """

    own_row = True
    has_answer = False
    needs_teacher = True
    main_figure = "agreement"
    row_figure = "agreement"

    def __init__(
        self,
        *,
        name: str,
        num_classes: int,
        losses: Mapping[str, float],
        threshold: float,
        strength: Strength,
        ramp: float,
        decay: float | None,
    ) -> None:
        self.name = name
        self.output = Of(Dense(num_classes))
        self.view = View(f"own {name}", self._look)
        self.weights = dict(losses)
        self.ramp, self.teacher_decay = ramp, decay
        self._threshold, self._strength = threshold, strength

    def target(self, batch: Batch) -> UInt8[Tensor, "N H W"]:
        """Pseudo labels; `UNSURE` where the teacher is, or everywhere without one, and `IGNORE` in the padding."""
        if self.name in batch.teacher:
            logits = batch.teacher[self.name]
            ids, best = likeliest(logits)
            labels = ids.masked_fill((best - logits.logsumexp(1)).exp() < self._threshold, UNSURE)
        else:
            labels = torch.full_like(batch.mask, UNSURE)
        return self._mix(labels.masked_fill(~batch.inside, IGNORE), batch)

    def counts(self, target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """The photograph's pixels."""
        return dict.fromkeys(self.weights, (target != IGNORE).sum((1, 2)).float())

    def loss(self, output: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]) -> dict[str, Float[Tensor, " N"]]:
        """Cross-entropy with the pseudo labels, summed over the sure pixels of each image."""
        labels = target.masked_fill(target == UNSURE, IGNORE)
        return dict.fromkeys(self.weights, cross_entropy(at_least_float32(output).log_softmax(1), labels))

    def measure(self, output: Float[Tensor, "N C H W"], target: UInt8[Tensor, "N H W"]) -> Table:
        """Pixels of each image: all, those in which the teacher is sure, and those of them in which both agree."""
        is_sure = (target != IGNORE) & (target != UNSURE)
        agree = is_sure & (self.predict(output) == target)
        parts = {"pixels": target != IGNORE, "sure_pixels": is_sure, "agreeing_pixels": agree}
        return {name: pixels.sum((1, 2)) for name, pixels in parts.items()}

    def figures(self, table: Table) -> dict[str, float]:
        """Agreement over the sure pixels of all images, and the share of the pixels that they are."""
        pixels, sure, agreeing = (table[name].sum().double() for name in ("pixels", "sure_pixels", "agreeing_pixels"))
        return {
            "agreement": (agreeing / sure).item(),
            "sure_share": (sure / pixels).item(),
            "num_images": float((table["pixels"] > 0).sum()),
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The same of each image; it has no agreement where nothing is sure."""
        pixels, sure, agreeing = (table[name].double() for name in ("pixels", "sure_pixels", "agreeing_pixels"))
        return {
            "agreement": cells((agreeing / sure).tolist(), sure > 0),
            "sure_share": cells((sure / pixels).tolist(), pixels > 0),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        sure = f"pixels to which the model gives a class with a probability of at least {self._threshold:g}"
        return {
            "agreement": f"Share of the {sure} that get the same class when the image is strongly changed.",
            "sure_share": f"Share of the {sure}.",
            "num_images": "Images that were changed.",
        }

    def predict(self, output: Float[Tensor, "N C H W"]) -> UInt8[Tensor, "N H W"]:
        """The likeliest class of every pixel, the first one of equals."""
        return likeliest(output)[0]

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Tint the classes of sure pixels; a picture larger than the mask gets it enlarged."""
        if value is None:
            return picture
        return overlay_mask(picture, value.masked_fill(value == UNSURE, IGNORE).cpu().numpy())

    def _look(self, batch: Batch) -> Float[Tensor, "N C H W"]:
        uniforms = draw_uniforms("consistency", batch.keys)
        strength, has_colours = self._strength, batch.channels.has_colours
        seen = change_look(batch.image, uniforms, strength.colour, strength.blur, has_colours=has_colours)
        return self._mix(seen, batch)

    def _mix(self, values: Tensor, batch: Batch) -> Tensor:
        """Let each image show a part of the one before it, in training alone: figures know no neighbours."""
        if not batch.is_training:
            return values
        uniforms, size = draw_uniforms("consistency", batch.keys), (values.shape[-2], values.shape[-1])
        cuts = draw_cuts(uniforms, self._strength.cutmix, size, values.device)
        return torch.where(cuts if values.ndim == 3 else cuts[:, None], values.roll(1, 0), values)


@config
class ConsistencyConfig:
    """Settings of `ConsistencyTask`, which trains the target's own head.

    ``losses`` are its losses with their weights. Pixels count where the teacher gives a class at least the probability
    ``threshold``. The loss grows linearly to its full weight over the first ``ramp`` of a phase's steps. ``colour`` is
    the spread of brightness, contrast and saturation; ``blur`` the largest standard deviation in pixels; ``cutmix`` the
    probability that an image shows a part of another. ``decay`` is that of the teacher's average, by default that of
    ``training.average``.
    """

    kind: Literal["consistency"] = "consistency"
    losses: LossWeights = field(default_factory=lambda: {"cross_entropy": 1.0})
    threshold: Share = 0.95
    ramp: Share = 0.1
    colour: Annotated[float, Field(ge=0, lt=1)] = 0.5
    blur: Annotated[float, Field(ge=0, le=8)] = 1.0
    cutmix: Share = 0.5
    decay: Annotated[float, Field(gt=0, lt=1)] | None = None

    def build(self, name: str, vocabulary: Vocabulary) -> ConsistencyTask:
        """Make the task. Raises `InputError` for an unknown loss, or data without masks of two classes."""
        check_choice(name, self.losses, ["cross_entropy"])
        num_classes = len(vocabulary.mask_classes)
        if num_classes < 2:
            raise InputError(f"tasks.{name}: needs masks of at least two classes, but the data have {num_classes}")
        return ConsistencyTask(
            name=name,
            num_classes=num_classes,
            losses=self.losses,
            threshold=self.threshold,
            strength=Strength(self.colour, self.blur, self.cutmix),
            ramp=self.ramp,
            decay=self.decay,
        )
