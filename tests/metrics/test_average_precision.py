"""Average precision and F1 of tags against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from auxseg.data.ignore import IGNORE
from auxseg.metrics.average_precision import average_precision, f1, tag_counts


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), num_levels=st.sampled_from([2, 5, 1000]))
def test_average_precision_is_that_of_scikit_learn_also_for_equal_scores(seed: int, num_levels: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(0, num_levels, 30) / num_levels
    truth = random.integers(0, 2, 30)
    truth[0] = 1
    unknown = random.random(30) < 0.2
    unknown[0] = False
    found = average_precision(torch.from_numpy(scores), torch.from_numpy(np.where(unknown, IGNORE, truth)))
    assert found == pytest.approx(average_precision_score(truth[~unknown], scores[~unknown]))


def test_without_a_true_tag_there_is_no_precision() -> None:
    assert math.isnan(average_precision(torch.rand(3), torch.tensor([0, IGNORE, 0])))


def test_f1_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    prediction, truth = random.integers(0, 2, (2, 20, 5))
    counts = tag_counts(torch.from_numpy(prediction), torch.from_numpy(truth))
    assert f1(*(int(part.sum()) for part in counts)) == pytest.approx(f1_score(truth, prediction, average="micro"))
    assert math.isnan(f1(0, 0, 0))


def test_what_is_unknown_is_not_counted() -> None:
    unknown = torch.full((1, 3), IGNORE)
    assert sum(int(part.sum()) for part in tag_counts(torch.tensor([[0, 1, 1]]), unknown)) == 0
