"""Edges counted by hand, and against torchmetrics."""

from __future__ import annotations

import pytest
import torch
from torchmetrics.functional.classification import binary_f1_score, binary_precision, binary_recall

from auxseg.data.sample import IGNORE
from auxseg.metrics import edges


def _map(*pixels: tuple[int, int], value: int = 1) -> torch.Tensor:
    result = torch.zeros(1, 6, 6, dtype=torch.uint8)
    for row, column in pixels:
        result[0, row, column] = value
    return result


def test_exact_figures_agree_with_torchmetrics() -> None:
    prediction, truth = (torch.randint(0, 2, (5, 7, 8), dtype=torch.uint8) for _ in range(2))
    counts = edges.tally(prediction, truth, reach=0).sum(0)
    assert edges.f1(counts).item() == pytest.approx(binary_f1_score(prediction, truth).item())
    assert edges.precision(counts).item() == pytest.approx(binary_precision(prediction, truth).item())
    assert edges.recall(counts).item() == pytest.approx(binary_recall(prediction, truth).item())


def test_an_edge_beside_the_true_one_is_right_with_the_tolerance_alone() -> None:
    truth, prediction = _map((2, 2), (2, 3)), _map((3, 3), (5, 5))
    assert edges.tally(prediction, truth, reach=0).tolist() == [[0, 2, 0, 2]]
    assert edges.tally(prediction, truth, reach=1).tolist() == [[1, 2, 2, 2]]
    near = edges.tally(prediction, truth, reach=1)
    assert (edges.precision(near).item(), edges.recall(near).item()) == (0.5, 1)
    assert edges.f1(near).item() == pytest.approx(2 / 3)
    assert edges.f1(edges.tally(prediction, truth, reach=0)).item() == 0


def test_ignored_pixels_are_in_no_count() -> None:
    truth = torch.full((1, 6, 6), IGNORE, dtype=torch.uint8)
    counts = edges.tally(_map((1, 1)), truth, reach=1)
    assert counts.tolist() == [[0, 0, 0, 0]]
    assert not edges.has_edge(counts).any()
    assert edges.f1(counts).isnan().all()


def test_one_side_without_edges_scores_zero() -> None:
    counts = edges.tally(_map(), _map((1, 1)), reach=1)
    assert (edges.precision(counts).item(), edges.recall(counts).item(), edges.f1(counts).item()) == (0, 0, 0)
