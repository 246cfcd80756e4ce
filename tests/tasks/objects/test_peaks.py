"""Boxes that were drawn as targets are found again."""

from __future__ import annotations

import torch

from auxseg.tasks.objects.heat_maps import box_targets
from auxseg.tasks.objects.peaks import MOST, find_peaks

ROWS = torch.tensor([[[0.1, 0.2, 0.4, 0.7, 1, 0], [0.55, 0.1, 0.95, 0.35, 0, 0], [0.6, 0.6, 0.75, 0.9, 1, 0]]])
INSIDE = torch.ones(1, 24, 32, dtype=torch.bool)


def _prediction() -> torch.Tensor:
    return box_targets(ROWS, INSIDE, 2)[:, :6].nan_to_num(0)


def test_peaks_are_the_boxes_that_were_drawn() -> None:
    found = find_peaks(_prediction(), INSIDE, 2)[0]
    assert found.shape == (MOST, 6)
    sure = found[found[:, 5] == 1]
    assert len(sure) == 3
    expected = sorted(ROWS[0, :, :5].tolist())
    for box, other in zip(sorted(sure[:, :5].tolist()), expected, strict=True):
        torch.testing.assert_close(torch.tensor(box), torch.tensor(other), atol=1e-5, rtol=0)


def test_padding_has_no_peaks_and_hides_none_beside_it() -> None:
    inside = INSIDE.clone()
    inside[:, :, 16:] = False
    prediction = _prediction()
    prediction[0, 1, 10, 16] = 2.0  # beside the edge, and higher than what is inside
    prediction[0, 1, 10, 15] = 0.5
    found = find_peaks(prediction, inside, 2)[0]
    assert (found[:, 5] == 1).sum() == 1
    assert (found[:, 5] == 0.5).sum() == 1


def test_the_surest_come_first_and_boxes_stay_in_the_picture() -> None:
    found = find_peaks(torch.rand(2, 6, 24, 32), INSIDE.expand(2, -1, -1), 2)
    assert (found[:, :-1, 5] >= found[:, 1:, 5]).all()
    assert ((found[..., :4] >= 0) & (found[..., :4] <= 1)).all()
    assert (found[..., 2:4] >= found[..., :2]).all()


def test_a_small_picture_has_fewer_peaks_than_rows() -> None:
    found = find_peaks(torch.rand(1, 5, 4, 4), torch.ones(1, 4, 4, dtype=torch.bool), 1)
    assert found.shape == (1, MOST, 6)
    assert (found[0, 16:, 5] == 0).all()
