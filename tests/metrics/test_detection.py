"""The average precision of boxes against pycocotools' own evaluation."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from auxseg.metrics.detection import THRESHOLDS, match, summarise

SIDE = 64.0
NUM_CLASSES = 3


def random_scene(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """True boxes, some of them crowds, and found ones that are near them or anywhere, the surest first."""
    num_true = int(random.integers(0, 7))
    low, extent = random.uniform(0, 40, (num_true, 2)), random.uniform(3, 24, (num_true, 2))
    ids, crowd = random.integers(0, NUM_CLASSES - 1, num_true), random.random(num_true) < 0.2
    true = np.column_stack([low, low + extent, ids, crowd])
    copies = true[random.integers(0, num_true, 12)][:, :5] if num_true else np.empty((0, 5))
    copies[:, :4] += random.normal(0, 1.5, copies[:, :4].shape)
    copies[:, 2:4] = np.maximum(copies[:, 2:4], copies[:, :2] + 1)
    low, extent = random.uniform(0, 40, (4, 2)), random.uniform(3, 24, (4, 2))
    others = np.column_stack([low, low + extent, random.integers(0, NUM_CLASSES, 4)])
    found = np.vstack([copies, others])
    scores = np.sort(random.permutation(1000)[: len(found)] / 1000 + 1e-3)[::-1]
    return true, np.column_stack([found, scores])


def own_figures(scenes: list[tuple[np.ndarray, np.ndarray]], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """By class and threshold, with the images in an order of their own and rows without a box behind the others."""
    parts: list[tuple[np.ndarray, ...]] = []
    for true, found in scenes:
        rows = np.vstack([found, np.zeros((20 - len(found), 6))])
        ids = rows[:, 4].astype(int)
        counts = np.bincount(true[true[:, 5] == 0, 4].astype(int), minlength=NUM_CLASSES)
        parts.append((rows[:, 5], ids, *match(rows[:, :4], ids, true), counts))
    order = np.random.default_rng(seed).permutation(len(parts))
    summary = summarise(*(np.stack([parts[place][column] for place in order]) for column in range(5)))
    return summary.precision, summary.recall


def coco_figures(scenes: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    annotations, results = [], []
    for image, (true, found) in enumerate(scenes, 1):
        for x0, y0, x1, y1, id_, crowd in true.tolist():
            box = [x0, y0, x1 - x0, y1 - y0]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image, "category_id": int(id_) + 1, "bbox": box}
                | {"area": box[2] * box[3], "iscrowd": int(crowd)}
            )
        for x0, y0, x1, y1, id_, score in found.tolist():
            box = [x0, y0, x1 - x0, y1 - y0]
            results.append({"image_id": image, "category_id": int(id_) + 1, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        coco: Any = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(1, len(scenes) + 1)],
            "annotations": annotations,
            "categories": [{"id": id_ + 1} for id_ in range(NUM_CLASSES)],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 2].mean(axis=1).T
    recall = evaluation.eval["recall"][:, :, 0, 2].T
    return np.where(precision < 0, np.nan, precision), np.where(recall < 0, np.nan, recall)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000))
def test_precision_and_recall_are_those_of_coco(seed: int) -> None:
    random = np.random.default_rng(seed)
    scenes = [random_scene(random) for _ in range(5)]
    # No two scores are the same, of which COCO goes by the order of the images.
    for place, (_, found) in enumerate(scenes):
        found[:, 5] += place * 1e-5
    for own, expected in zip(own_figures(scenes, seed), coco_figures(scenes), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-9)
        assert np.isnan(own[NUM_CLASSES - 1]).all()  # the class that is found and never true


def test_equal_scores_do_not_go_by_the_order_of_images() -> None:
    true = np.array([[0, 0, 10, 10, 0, 0.0]])
    right, wrong = (np.array([[x, 0, x + 10, 10, 0, 0.5]]) for x in (0.0, 30.0))
    one, other = (own_figures([(true, first), (true, second)], 0) for first, second in ((right, wrong), (wrong, right)))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[0][0, 0] == pytest.approx(51 / 101 / 2)  # what is wrong comes first


def test_a_box_in_a_crowd_is_neither_right_nor_wrong() -> None:
    crowd = np.array([[0, 0, 40, 40, 0, 1.0]])
    right, ignored = match(np.array([[5.0, 5, 10, 10], [50, 50, 60, 60]]), np.array([0, 0]), crowd)
    assert not right.any()
    assert ignored.all(axis=1).tolist() == [True, False]
    assert len(THRESHOLDS) == right.shape[1]
