"""Key points: figures against the formula by hand, and against pycocotools."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from auxseg.metrics import points as metrics


def test_a_point_is_right_up_to_the_threshold_itself() -> None:
    distances = torch.tensor([[1.0, 2.0, 2.1, math.nan], [math.nan] * 4, [0.0, 9.0, 9.0, 9.0]])
    lengths = torch.tensor([20.0, 20.0, math.nan])
    assert metrics.correct_share(distances, lengths, 0.1).tolist() == pytest.approx(
        [2 / 3, math.nan, math.nan], nan_ok=True
    )


def test_similarity_is_that_of_pycocotools() -> None:
    random, sigmas = np.random.default_rng(0), np.array([0.026, 0.05, 0.1, 0.08])
    for _ in range(20):
        true, found = random.uniform(0, 100, (2, 4, 2))
        found = true + random.normal(0, 4, true.shape)
        seen, area = random.integers(0, 3, 4), random.uniform(100, 5000)
        seen[0] = 2
        distances = np.where(seen > 0, np.linalg.norm(true - found, axis=1), np.nan)
        areas = torch.tensor([area], dtype=torch.float64)
        own = metrics.similarity(torch.tensor(distances[None]), areas, torch.tensor(sigmas))
        expected = _pycocotools(np.column_stack([true, seen]), found, area, sigmas)
        assert own.item() == pytest.approx(expected, abs=1e-12)


def _pycocotools(true: np.ndarray, found: np.ndarray, area: float, sigmas: np.ndarray) -> float:
    truth: Any = COCO()
    one = {"id": 1, "image_id": 1, "category_id": 1}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.dataset = {
            "images": [{"id": 1}],
            "categories": [{"id": 1}],
            "annotations": [
                {**one, "keypoints": true.ravel().tolist(), "num_keypoints": 4, "area": area, "iscrowd": 0}
                | {"bbox": [0, 0, 100, 100]}
            ],
        }
        truth.createIndex()
        rows = np.column_stack([found, np.ones(len(found))])
        answers = truth.loadRes([{"image_id": 1, "category_id": 1, "keypoints": rows.ravel().tolist(), "score": 1.0}])
        evaluation: Any = COCOeval(truth, answers, "keypoints")
        evaluation.params.kpt_oks_sigmas = sigmas
        evaluation._prepare()
        return float(evaluation.computeOks(1, 1)[0, 0])
