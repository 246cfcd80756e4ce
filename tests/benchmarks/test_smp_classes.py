"""The peer's counts and figures, beside auxseg's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from auxseg.metrics.segmentation import confusion, iou
from benchmarks.peers.smp_classes import count, figure, ious


@pytest.mark.parametrize("num_classes", [2, 5])
def test_its_figure_is_that_of_auxseg(num_classes):
    rng = np.random.default_rng(num_classes)
    truth, predicted = rng.integers(0, num_classes, (2, 3, 8, 9)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.2] = 255
    counts = np.zeros((num_classes, num_classes), np.int64)
    for each in range(len(truth)):
        count(counts, predicted[each], truth[each])
    theirs = confusion(torch.from_numpy(predicted), torch.from_numpy(truth), num_classes).sum(0)
    np.testing.assert_equal(counts, theirs.numpy())
    assert figure(counts) == pytest.approx(float(iou(theirs)))


def test_a_class_that_does_not_occur_has_no_figure():
    counts = np.array([[4, 0, 1], [0, 0, 0], [2, 0, 3]])
    found = ious(counts)
    assert math.isnan(found[1])
    assert figure(counts) == pytest.approx((4 / 7 + 3 / 6) / 2)
