"""What is measured of some images, put together."""

from __future__ import annotations

import torch

from auxseg.evaluation.measure import Measured
from auxseg.tasks import SegmentationConfig, Task
from tests.tasks.examples import VOCABULARY


def test_a_loss_term_without_anything_labelled_leaves_the_others() -> None:
    task = SegmentationConfig(losses={"cross_entropy": 0.5, "dice": 2.0}).build("mask", VOCABULARY)
    tasks: dict[str, Task] = {"mask": task}

    def loss(cross_entropy: list[float], dice: list[float]) -> float:
        sums = {"cross_entropy": torch.tensor(cross_entropy), "dice": torch.tensor(dice)}
        return Measured((), {}, {"mask": sums}).losses(tasks)["mask"]

    assert loss([6.0, 3.0], [1.0, 4.0]) == 0.5 * 2.0 + 2.0 * 0.25
    assert loss([6.0, 3.0], [0.0, 0.0]) == 1.0
    assert loss([0.0, 0.0], [0.0, 0.0]) != loss([0.0, 0.0], [0.0, 0.0])
