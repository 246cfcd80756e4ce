"""Classes against scikit-learn."""

from __future__ import annotations

import math

import torch
from sklearn import metrics as sklearn_metrics

from auxseg.data.sample import MISSING
from auxseg.metrics import classification


def test_agrees_with_scikit_learn_and_leaves_unlabelled_samples_out() -> None:
    truth, prediction = torch.randint(0, 5, (300,)), torch.randint(0, 5, (300,))
    truth[::7] = MISSING
    known = truth != MISSING
    expected = sklearn_metrics.confusion_matrix(truth[known], prediction[known], labels=range(5))
    assert classification.confusion(prediction, truth, 5).tolist() == expected.tolist()
    assert classification.accuracy(prediction, truth) == sklearn_metrics.accuracy_score(truth[known], prediction[known])


def test_nothing_labelled() -> None:
    truth, prediction = torch.full((3,), MISSING), torch.zeros(3, dtype=torch.int64)
    assert math.isnan(classification.accuracy(prediction, truth))
    assert classification.confusion(prediction, truth, 2).sum() == 0
