"""Targets of the centre head: peaks are where boxes are, and every box can be read back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.tasks.objects.heat_maps import box_targets, boxes_in, is_labelled, radius

INSIDE = torch.ones(1, 16, 20, dtype=torch.bool)
NOTHING = [0.0, 0, 0, 0, -1, 0]


def _target(*rows: list[float], inside: torch.Tensor = INSIDE) -> torch.Tensor:
    return box_targets(torch.tensor([rows]), inside, 2)


def _iou(one: list[float], other: list[float]) -> float:
    low, high = (
        [max(a, b) for a, b in zip(one[:2], other[:2], strict=True)],
        [min(a, b) for a, b in zip(one[2:], other[2:], strict=True)],
    )
    shared = max(high[0] - low[0], 0) * max(high[1] - low[1], 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


@given(width=st.floats(1, 200), height=st.floats(1, 200), overlap=st.floats(0.3, 0.9))
def test_corners_that_move_by_the_radius_keep_the_overlap_and_no_further(width, height, overlap) -> None:
    r = radius(torch.tensor([width]).double(), torch.tensor([height]).double(), overlap).item()
    assert 0 < r < min(width, height) / 2
    box = [0.0, 0.0, width, height]

    def worst(by: float) -> float:
        moves = [(by, by), (by, -by), (-by, by), (-by, -by)]
        return min(
            _iou(box, [x0, y0, width + x1, height + y1]) for x0, x1 in moves for y0, y1 in moves if x1 + width > x0
        )

    assert worst(r) == pytest.approx(overlap, abs=1e-6)
    assert worst(r * 1.01) < overlap


def test_a_peak_is_1_at_the_centre_and_falls_off_to_0() -> None:
    inside = torch.ones(1, 64, 80, dtype=torch.bool)
    target = _target([0.2, 0.25, 0.8, 0.75, 1, 0], inside=inside)[0]
    heat = target[1]
    assert (target[0] == 0).all()
    assert heat[32, 40] == 1
    assert (heat == 1).sum() == 1
    assert heat[32, 40] > heat[32, 41] > heat[32, 42] > heat[32, 43] > heat[0, 0] == 0
    assert torch.equal(heat[32, 38:43], heat[30:35, 40])
    sizes, offsets = target[2:4, 32, 40], target[4:6, 32, 40]
    torch.testing.assert_close(sizes, torch.tensor([0.6, 0.5]))
    torch.testing.assert_close(offsets, torch.tensor([-0.5, -0.5]), atol=1e-5, rtol=0)
    assert target[2:6].isnan().all(0).sum() == 64 * 80 - 1


def test_peaks_of_a_class_are_joined_by_the_larger_value() -> None:
    rows = [[0.2, 0.25, 0.8, 0.75, 1, 0], [0.3, 0.25, 0.9, 0.75, 1, 0]]
    both, alone = _target(*rows)[0, 1], [_target(row)[0, 1] for row in rows]
    assert torch.equal(both, torch.maximum(*alone))


def test_of_padding_and_crowds_nothing_is_learned_but_centres() -> None:
    inside = INSIDE.clone()
    inside[:, :, 15:] = False
    target = _target([0, 0, 0.5, 1, 0, 1], [0.1, 0.1, 0.3, 0.3, 0, 0], NOTHING, inside=inside)[0]
    assert target[0, 3, 4] == 1
    assert target[0, :, :10].isnan().sum() == 16 * 10 - 1
    assert not target[0, :, 10:15].isnan().any()
    assert target[:2, :, 15:].isnan().all()
    assert not target[1, :, :15].isnan().any()  # the crowd is of another class


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), number=st.integers(0, 40))
def test_every_box_can_be_read_back(seed, number) -> None:
    """Also where several have their centre in one pixel."""
    random = torch.Generator().manual_seed(seed)
    low, extent = torch.rand(number, 2, generator=random) * 0.5, torch.rand(number, 2, generator=random) * 0.4 + 0.01
    labels = torch.randint(0, 2, (number, 2), generator=random)
    rows = torch.cat([low, low + extent, labels], dim=1)
    if number > 2:
        rows[1] = rows[0]
    both = torch.stack([torch.cat([rows, torch.tensor([NOTHING])]), torch.full((number + 1, 6), torch.nan)])
    target = box_targets(both, INSIDE.expand(2, -1, -1), 2)
    found = boxes_in(target[0], 2)
    assert sorted(found.tolist()) == sorted(rows.tolist())
    assert is_labelled(target, 2).tolist() == [True, False]
    assert target[1].isnan().all()
