"""Key points: where the named points of a thing are.

Heat maps with Gaussians: Xiao, Wu, Wei 2018, Simple Baselines for Human Pose Estimation and Tracking,
https://arxiv.org/abs/1804.06208. The focal loss: Zhou, Wang, Krähenbühl 2019, Objects as Points,
https://arxiv.org/abs/1904.07850, section 4.2.

Shape legend: ``N`` images, ``K`` key points, ``D > K`` channels of the target, ``H W`` the stored size.
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
from auxseg.data.layers import PointsForm
from auxseg.data.layers.points import MAX_POINTS
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import Vocabulary
from auxseg.drawing import PREDICTION_COLOUR, TRUTH_COLOUR
from auxseg.errors import InputError, nearest
from auxseg.metrics import points as metrics
from auxseg.tasks.answers import Answer, FoundPoint, points_answer
from auxseg.tasks.dense_labels.layer_choice import choose_layer
from auxseg.tasks.dense_labels.painting import paint_points
from auxseg.tasks.losses import LossWeights, at_least_float32, check_choice
from auxseg.tasks.masked_columns import cells
from auxseg.tasks.objects.by_name import MOST
from auxseg.tasks.objects.centre_loss import PRIOR, centre_loss
from auxseg.tasks.objects.point_maps import centres_in, find_points, point_targets, points_in
from auxseg.tasks.task import Dense, Table, Task

LOSSES: Final = ("focal", "mse")
THRESHOLDS: Final = {"pck_10": 0.1, "pck_20": 0.2}

Scale = Literal["image", "box"]
Sigmas = Annotated[
    Mapping[str, Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]], Field(max_length=MAX_POINTS)
]


@config
class KeypointsConfig:
    """Settings of `KeypointsTask`; ``layer`` is by default the first layer of points.

    ``losses`` are its losses with their weights: focal, mse. ``sigma`` is the width of the peaks in pixels of the
    stored image. ``scale`` says by what ``pck_10`` and ``pck_20`` judge an error: the diagonal of the ``image``, or the
    longer side of the sample's ``box``. ``sigmas`` gives the figure ``oks``: by the name of every point how much
    annotators differ about it, as COCO has them; it takes ``scale: box``. ``min_score`` is the score from which on a
    point is drawn and told.
    """

    reads: ClassVar[PointsForm] = PointsForm(("one", "other"))
    kind: Literal["keypoints"] = "keypoints"
    layer: str | None = None
    losses: LossWeights = field(default_factory=lambda: {"focal": 1.0})
    sigma: Annotated[float, Field(ge=0.5, le=64)] = 2.0
    scale: Scale = "image"
    sigmas: Sigmas | None = None
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.3

    def build(self, name: str, vocabulary: Vocabulary) -> KeypointsTask:
        """Make the task. Raises `InputError` for an unknown loss, data without key points, or sigmas of others."""
        check_choice(name, self.losses, LOSSES)
        layer, form = choose_layer(name, self.layer, vocabulary, PointsForm, "key points")
        # On paper nobody knows what the points of the data are called.
        if self.sigmas is not None and form is not self.reads:
            _check_sigmas(name, self.sigmas, form.names)
        if self.sigmas is not None and self.scale != "box":
            raise InputError(f"tasks.{name}.sigmas: oks takes the area of the sample's box; set tasks.{name}.scale=box")
        return KeypointsTask(name, layer, form, self)


@final
class KeypointsTask(Task):
    """Gives every pixel, for each key point, the probability that the point is there, by a sigmoid of K heat maps.

    The output is K logits plus 2.19 (`PRIOR`), y the target's heat maps (`point_targets`). Losses, each divided by the
    number of known points:

    - ``focal``: `centre_loss`; centres are the pixels that hold the points.
    - ``mse``: the sum over pixels of ``(p - y)^2``.

    Hidden points are learned and measured as those that are seen. Nothing is learned from padding, nor of a point that
    is not known in an image. Departs from the papers: the output has the picture's resolution, not a quarter of it, and
    points are read off between pixels (`find_points`) instead of from a head of offsets.
    """

    main_figure = row_figure = mean_figure = "mean_error"
    higher_is_better = False

    def __init__(self, name: str, layer: str, form: PointsForm, settings: KeypointsConfig) -> None:
        self.name = name
        self.layers = frozenset([layer])
        self._layer, self._partners, self._settings = layer, form.partners, settings
        self.point_names = form.names
        self.output = Dense(len(form.names))
        self.weights = dict(settings.losses)

    def target(self, batch: Batch) -> Float[Tensor, "N D H W"]:
        """Heat maps, and behind them the points themselves and the scale of their errors, see `point_targets`."""
        rows, inside = batch.layers[self._layer], batch.inside
        height, width = inside.shape[1:]
        if self._settings.scale == "box":
            x, y = ((batch.box[:, 2:] - batch.box[:, :2]) * rows.new_tensor([width, height])).unbind(1)
            lengths = torch.maximum(x, y)
        else:
            y, x = (inside.any(axis).sum(1).to(rows.dtype) for axis in (2, 1))
            lengths = (x.square() + y.square()).sqrt()
        return point_targets(rows, inside, lengths, x * y, self._settings.sigma)

    def counts(self, target: Float[Tensor, "N D H W"]) -> dict[str, Float[Tensor, " N"]]:
        """The known points of each image."""
        return dict.fromkeys(self.weights, centres_in(target, len(self.point_names)).sum((1, 2, 3)).float())

    def loss(
        self, output: Float[Tensor, "N K H W"], target: Float[Tensor, "N D H W"]
    ) -> dict[str, Float[Tensor, " N"]]:
        """Sum of each term per image."""
        logits, num_points = at_least_float32(output) - PRIOR, len(self.point_names)
        heat = target[:, :num_points].to(logits.dtype)
        terms = {
            "focal": lambda: centre_loss(logits, heat, centres_in(target, num_points)),
            "mse": lambda: torch.where(heat.isnan(), 0, logits.sigmoid() - heat.nan_to_num(0)).square().sum((1, 2, 3)),
        }
        return {name: terms[name]() for name in self.weights}

    def measure(self, output: Float[Tensor, "N K H W"], target: Float[Tensor, "N D H W"]) -> Table:
        """How many pixels of the stored image each known point was missed by, and by what that is judged."""
        num_points = len(self.point_names)
        true = points_in(target, num_points)
        inside = ~target[:, :num_points].isnan().all(1)
        found = find_points(self.predict(output), inside)[..., :2]
        more = target[:, num_points : num_points + 2, 0, 0].double()
        return {"error": (found - true).double().norm(dim=2), "length": more[:, 0], "area": more[:, 1]}

    def figures(self, table: Table) -> dict[str, float]:
        """Means over images of the mean error, of the shares of correct points and of OKS; errors by point."""
        scores, known = self._scores(table), ~table["error"].isnan()
        by_point = table["error"].nanmean(0)[:MOST].tolist()
        return {
            **{name: float(values.nanmean()) for name, values in scores.items()},
            "num_points": float(known.sum()),
            "num_images": float(known.any(1).sum()),
            **{f"error.{name}": value for name, value in zip(self.point_names, by_point, strict=False)},
        }

    def rows(self, table: Table) -> dict[str, list[Any]]:
        """The same figures of every image, and how many of its points are known."""
        num_known = (~table["error"].isnan()).sum(1)
        return {
            **{name: cells(values.tolist(), ~values.isnan()) for name, values in self._scores(table).items()},
            "num_points": cells(num_known.double().tolist(), num_known > 0),
        }

    def explain(self) -> dict[str, str]:
        """One sentence per figure."""
        of = "the diagonal of the image" if self._settings.scale == "image" else "the longer side of the sample's box"
        oks = {
            "oks": "Object key point similarity of COCO, of the area of the sample's box, averaged over an image's "
            "known points, then images."
        }
        return {
            "mean_error": "Distance from predicted to true point in pixels of the stored image, averaged over an "
            "image's known points, then images.",
            **{
                name: f"Share of an image's known points that are off by at most {threshold:g} of {of}, averaged over "
                "images."
                for name, threshold in THRESHOLDS.items()
            },
            **(oks if self._settings.sigmas else {}),
            "num_points": "Key points that are known.",
            "num_images": "Images in which any key point is known.",
            **{f"error.{name}": f"Mean distance of {name} alone, in pixels." for name in self.point_names[:MOST]},
        }

    def predict(self, output: Float[Tensor, "N K H W"]) -> Float[Tensor, "N K H W"]:
        """Probabilities."""
        return (at_least_float32(output) - PRIOR).sigmoid().float()

    def draw(self, picture: np.ndarray, value: Tensor | None, *, truth: bool) -> np.ndarray:
        """Draw discs, of predicted points those of a high score."""
        if value is None:
            return picture
        if truth:
            points = points_in(value[None], len(self.point_names))[0]
            points = points[~points.isnan().any(1)]
        else:
            found = find_points(value[None], torch.ones_like(value[None, 0], dtype=torch.bool))[0]
            points = found[found[:, 2] >= self._settings.min_score, :2]
        scale = [picture.shape[1] / value.shape[2], picture.shape[0] / value.shape[1]]
        return paint_points(picture, points.cpu().numpy() * scale, TRUTH_COLOUR if truth else PREDICTION_COLOUR)

    def mirrored_back(self, output: Float[Tensor, "N K H W"]) -> Float[Tensor, "N K H W"]:
        """Pixels mirrored, and every heat map in the place of its partner's."""
        return output.flip(-1)[:, self._partners]

    def answer(self, output: Float[Tensor, "K H W"], place: Fit) -> Answer:
        """The points of a high score in pixels of the photograph."""
        y0, y1, x0, x1 = place.inside
        inside = torch.zeros(1, *output.shape[1:], dtype=torch.bool)
        inside[:, y0:y1, x0:x1] = True
        found = find_points(self.predict(output[None]), inside)[0].double().numpy()
        height, width = place.original
        twice = found[:, [0, 1, 0, 1]] / place.size.corners
        moved = np.clip(place.boxes_back(twice)[:, :2], 0, [width, height])
        return points_answer(
            [
                FoundPoint(name, score, (x, y))
                for name, (x, y), score in zip(self.point_names, moved.tolist(), found[:, 2].tolist(), strict=True)
                if score >= self._settings.min_score
            ]
        )

    def _scores(self, table: Table) -> dict[str, Float[Tensor, " N"]]:
        """Figures of single images, NaN where they have none."""
        error, sigmas = table["error"], self._settings.sigmas
        scores = {"mean_error": error.nanmean(1)}
        for name, threshold in THRESHOLDS.items():
            scores[name] = metrics.correct_share(error, table["length"], threshold)
        if sigmas:
            values = torch.tensor([sigmas.get(name, 1.0) for name in self.point_names], dtype=error.dtype)
            scores["oks"] = metrics.similarity(error, table["area"], values.to(error.device))
        return scores


def _check_sigmas(task: str, sigmas: Mapping[str, float], names: Sequence[str]) -> None:
    for name in sigmas:
        if name not in names:
            hint, known = nearest(name, names), ", ".join(names)
            raise InputError(f"tasks.{task}.sigmas: the data have no key point {name!r}{hint}; they have {known}")
    lacking = [name for name in names if name not in sigmas]
    if lacking:
        raise InputError(f"tasks.{task}.sigmas: a value is needed for every key point, and {lacking[0]!r} has none")
