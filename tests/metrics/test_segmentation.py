"""Masks against torchmetrics and scikit-learn, and the cases that go wrong elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from torchmetrics import functional as torchmetrics

from auxseg.data.sample import IGNORE
from auxseg.metrics import segmentation

FIGURES = {
    "iou": segmentation.iou,
    "dice": segmentation.dice,
    "precision": segmentation.precision,
    "recall": segmentation.recall,
    "weighted_iou": segmentation.weighted_iou,
    "pixel_accuracy": segmentation.pixel_accuracy,
}


def _masks(num_images: int, num_classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions that are right more often than not, and truths with ignored pixels."""
    truth = torch.randint(0, num_classes, (num_images, 9, 7), dtype=torch.uint8)
    noise = torch.randint(0, num_classes, truth.shape, dtype=torch.uint8)
    prediction = torch.where(torch.rand(truth.shape) < 0.6, truth, noise)
    return prediction, truth.masked_fill(torch.rand(truth.shape) < 0.2, IGNORE)


@pytest.mark.parametrize("num_classes", [2, 5])
def test_confusion_agrees_with_scikit_learn(num_classes: int) -> None:
    prediction, truth = _masks(4, num_classes)
    counts = segmentation.confusion(prediction, truth, num_classes)
    for image in range(4):
        known = truth[image] != IGNORE
        expected = sklearn_metrics.confusion_matrix(
            truth[image][known], prediction[image][known], labels=range(num_classes)
        )
        assert counts[image].tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_ids_of_any_width_count_the_same(dtype: torch.dtype) -> None:
    prediction, truth = _masks(3, 200)
    expected = segmentation.confusion(prediction.long(), truth.long(), 200)
    assert torch.equal(segmentation.confusion(prediction.to(dtype), truth.to(dtype), 200), expected)


@pytest.mark.parametrize("num_classes", [2, 4])
def test_totals_agree_with_torchmetrics(num_classes: int) -> None:
    prediction, truth = (ids.long() for ids in _masks(6, num_classes))
    total = segmentation.confusion(prediction, truth, num_classes).sum(0)
    task = {"task": "binary" if num_classes == 2 else "multiclass", "num_classes": num_classes}
    settings = {**task, "ignore_index": IGNORE}
    macro = {**settings, "average": "macro"}
    accuracy = {**settings, "average": "micro"}
    weighted = {**settings, "task": "multiclass", "average": "weighted"}
    expected = {
        "iou": torchmetrics.jaccard_index(prediction, truth, **macro),
        "dice": torchmetrics.f1_score(prediction, truth, **macro),
        "precision": torchmetrics.precision(prediction, truth, **macro),
        "recall": torchmetrics.recall(prediction, truth, **macro),
        "weighted_iou": torchmetrics.jaccard_index(prediction, truth, **weighted),
        "pixel_accuracy": torchmetrics.accuracy(prediction, truth, **accuracy),
    }
    for name, figure in FIGURES.items():
        assert figure(total).item() == pytest.approx(expected[name].item(), abs=1e-6), name
    expected_fbeta = torchmetrics.fbeta_score(prediction, truth, beta=2.0, **macro)
    assert segmentation.fbeta(total, 2.0).item() == pytest.approx(expected_fbeta.item(), abs=1e-6)


@pytest.mark.parametrize("average", ["binary", "macro", "weighted"])
def test_single_images_agree_with_scikit_learn(average: str) -> None:
    num_classes = 2 if average == "binary" else 4
    prediction, truth = _masks(5, num_classes)
    figure = segmentation.weighted_iou if average == "weighted" else segmentation.iou
    scores = figure(segmentation.confusion(prediction, truth, num_classes))
    for image, score in enumerate(scores.tolist()):
        known = truth[image] != IGNORE
        expected = sklearn_metrics.jaccard_score(truth[image][known], prediction[image][known], average=average)
        assert score == pytest.approx(expected)


@settings(max_examples=20)
@given(st.integers(1, 9), st.sampled_from([2, 3]), st.randoms(use_true_random=False))
def test_neither_order_nor_cutting_matters(cut: int, num_classes: int, random) -> None:
    torch.manual_seed(random.randint(0, 10**6))
    prediction, truth = _masks(10, num_classes)
    whole = segmentation.confusion(prediction, truth, num_classes)
    parts = [segmentation.confusion(prediction[part], truth[part], num_classes) for part in torch.arange(10).split(cut)]
    assert torch.equal(torch.cat(parts), whole)
    order = torch.randperm(10)
    assert torch.equal(segmentation.confusion(prediction[order], truth[order], num_classes), whole[order])


@pytest.mark.parametrize("num_classes", [2, 3])
def test_what_is_predicted_under_ignored_pixels_does_not_matter(num_classes: int) -> None:
    prediction, truth = _masks(4, num_classes)
    other = torch.where(truth == IGNORE, (prediction + 1) % num_classes, prediction)
    assert not torch.equal(prediction, other)
    counts = segmentation.confusion(prediction, truth, num_classes)
    assert torch.equal(segmentation.confusion(other, truth, num_classes), counts)
    assert counts.sum() == (truth != IGNORE).sum()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("num_classes", [2, 3])
def test_a_perfect_prediction_scores_one(name: str, num_classes: int) -> None:
    _, truth = _masks(1, num_classes)
    prediction = truth.masked_fill(truth == IGNORE, 0)
    assert FIGURES[name](segmentation.confusion(prediction, truth, num_classes)).tolist() == [1.0]


def test_fault_08_no_overlap_scores_zero_however_much_background_is_right() -> None:
    truth, prediction = torch.zeros(1, 50, 50, dtype=torch.uint8), torch.zeros(1, 50, 50, dtype=torch.uint8)
    truth[0, 0, 0] = 1
    prediction[0, 49, 49] = 1
    counts = segmentation.confusion(prediction, truth, 2)
    for figure in (segmentation.iou, segmentation.dice, segmentation.precision, segmentation.recall):
        assert figure(counts).tolist() == [0.0]


def test_empty_and_unlabelled_images() -> None:
    background, foreground = torch.zeros(3, 3, dtype=torch.uint8), torch.ones(3, 3, dtype=torch.uint8)
    unlabelled = torch.full((3, 3), IGNORE, dtype=torch.uint8)
    truth = torch.stack([background, background, foreground, unlabelled])
    prediction = torch.stack([background, foreground, background, foreground])
    for num_classes in (2, 3):
        counts = segmentation.confusion(prediction, truth, num_classes)
        assert segmentation.is_labelled(counts).tolist() == [True, True, True, False]
        assert segmentation.is_empty(counts).tolist() == [True, False, False, False]
        assert segmentation.is_scored(counts).tolist() == [False, True, True, False]
    iou = segmentation.iou(segmentation.confusion(prediction, truth, 2))
    assert iou.nan_to_num(-1).tolist() == [-1, 0, 0, -1]


def test_classes_that_do_not_occur_are_left_out_of_the_mean() -> None:
    truth = torch.tensor([[[0, 0], [2, 2]]], dtype=torch.uint8)
    prediction = torch.tensor([[[0, 0], [2, 0]]], dtype=torch.uint8)
    counts = segmentation.confusion(prediction, truth, 9)
    assert segmentation.iou(counts).item() == pytest.approx((2 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize("figure", [*FIGURES.values(), lambda counts: segmentation.fbeta(counts, 0.5)])
def test_nothing_counted_is_nan(figure) -> None:
    assert figure(torch.zeros(2, 3, 3, dtype=torch.int64)).isnan().all()
    assert figure(torch.zeros(2, 2, dtype=torch.int64)).isnan()


def test_one_image_and_none() -> None:
    prediction, truth = _masks(1, 2)
    assert segmentation.iou(segmentation.confusion(prediction, truth, 2)).shape == (1,)
    assert segmentation.confusion(prediction[:0], truth[:0], 2).shape == (0, 2, 2)


def test_figures_by_class_agree_with_scikit_learn() -> None:
    truth, prediction = torch.randint(0, 4, (2, 2000)).unbind()
    prediction[prediction == 3] = 0
    found = segmentation.by_class(segmentation.confusion(prediction.view(1, 40, 50), truth.view(1, 40, 50), 5).sum(0))
    by_sklearn: Any = sklearn_metrics.precision_recall_fscore_support
    pair = (truth.numpy(), prediction.numpy())
    precision, recall, f1, _ = by_sklearn(*pair, labels=[0, 1, 2, 3], average=None, zero_division=0)
    assert found["iou"][:4].tolist() == pytest.approx(list(f1 / (2 - f1)))
    assert found["iou"][3] == 0
    assert found["recall"][:4].tolist() == pytest.approx(list(recall))
    assert found["precision"][:3].tolist() == pytest.approx(list(precision[:3]))
    assert found["precision"][3:].isnan().all()
    assert found["iou"][4].isnan()
    assert found["pixels"].tolist() == torch.bincount(truth, minlength=5).tolist()
    assert found["predicted_pixels"].tolist() == torch.bincount(prediction, minlength=5).tolist()
