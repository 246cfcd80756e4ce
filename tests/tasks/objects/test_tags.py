"""Tags: loss and figures against torch and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from torch.nn import functional

from auxseg.data.geometry import fit
from auxseg.data.sample import IGNORE
from auxseg.tasks import TagsConfig, task_loss
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

TASK = TagsConfig(hidden=8).build("things", EXAMPLE_VOCABULARY)


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    target = TASK.target(example_batch(20, EXAMPLE_VOCABULARY)).clone()
    target[0] = IGNORE
    target[1:5, 2] = IGNORE
    target[:, 3] = torch.where(target[:, 3] == IGNORE, target[:, 3], 0)  # fits no image
    return torch.randn(20, 4), target


def test_the_loss_is_the_mean_over_known_tags() -> None:
    output, target = _data()
    known = target != IGNORE
    expected = functional.binary_cross_entropy_with_logits(output[known], target[known].float())
    torch.testing.assert_close(task_loss(TASK, output, target, {"bce": float(known.sum())}), expected)


def test_figures_are_those_of_scikit_learn() -> None:
    output, target = _data()
    figures = TASK.figures(TASK.measure(output, target))
    expected = []
    for tag in range(3):
        known = (target[:, tag] != IGNORE).numpy()
        expected.append(average_precision_score(target[known, tag].numpy(), output[known, tag].numpy()))
        assert figures[f"ap.{TASK.tags[tag]}"] == pytest.approx(expected[-1])
    assert figures["map"] == pytest.approx(np.mean(expected))
    assert np.isnan(figures["ap.snow"])
    assert figures["num_images"] == 19


def test_a_row_says_what_is_right_and_wrong_in_an_image() -> None:
    output = torch.tensor([[2.0, -2.0, 2.0, -2.0]])
    rows = TASK.rows(TASK.measure(output, torch.tensor([[1, 1, 0, IGNORE]], dtype=torch.uint8)))
    sure = float(torch.tensor(2.0).sigmoid())
    assert rows["probability"] == pytest.approx([(sure + 2 * (1 - sure)) / 3])
    assert [rows[name] for name in ("num_found", "num_missed", "num_false")] == [[1], [1], [1]]


def test_an_answer_is_the_probability_of_every_tag() -> None:
    answer = TASK.answer(torch.tensor([0.0, 50.0, -50.0, 0.0]), fit((4, 4), 4, "squash"))
    assert answer.tags == pytest.approx({"indoors": 0.5, "people": 1.0, "rain": 0.0, "snow": 0.5})
    assert answer.record["tags"] == answer.tags
