"""Heat maps of key points: formula, points that share a pixel, and points read off between pixels."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment.points import mirror_points
from auxseg.tasks.objects.point_maps import centres_in, find_points, point_targets, points_in

HEIGHT, WIDTH, SIGMA = 14, 20, 1.5
NAN = math.nan


def _target(places: list[tuple[float, float]], inside: torch.Tensor | None = None) -> torch.Tensor:
    """One image with points at these pixels."""
    rows = torch.tensor([[x / WIDTH, y / HEIGHT, 2] for x, y in places])[None]
    inside = torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool) if inside is None else inside
    return point_targets(rows, inside, torch.tensor([7.0]), torch.tensor([9.0]), SIGMA)


def test_heat_is_a_gaussian_of_the_distance_to_the_point_itself() -> None:
    heat = _target([(3.25, 5.75), (NAN, NAN)])[0]
    for y in range(HEIGHT):
        for x in range(WIDTH):
            squared = (x + 0.5 - 3.25) ** 2 + (y + 0.5 - 5.75) ** 2
            assert heat[0, y, x].item() == pytest.approx(math.exp(-squared / (2 * SIGMA**2)), rel=1e-4, abs=1e-30)
    assert heat[1].isnan().all()
    assert heat[2].eq(7).all()
    assert heat[3].eq(9).all()


@settings(max_examples=50)
@given(st.floats(0, WIDTH, width=32), st.floats(0, HEIGHT, width=32), st.booleans())
def test_a_point_is_read_back_from_its_heat_between_pixels(x, y, shares) -> None:
    target = _target([(x, y), (x, y) if shares else (1, 1), (NAN, NAN)])
    torch.testing.assert_close(points_in(target, 3)[0, 0], torch.tensor([x, y]), rtol=1e-6, atol=1e-5)
    assert points_in(target, 3)[0, 2].isnan().all()
    assert centres_in(target, 3).sum((2, 3)).tolist() == [[1, 1, 0]]
    found = find_points(target[:, :3].nan_to_num(0), torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool))[0, 0]
    if 1.01 < x < WIDTH - 1.01 and 1.01 < y < HEIGHT - 1.01:
        torch.testing.assert_close(found[:2], torch.tensor([x, y]), rtol=0, atol=1e-3)
    assert (found[:2] - torch.tensor([x, y])).abs().max() <= 0.501


def test_padding_holds_no_point_and_is_not_known() -> None:
    inside = torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool)
    inside[..., 10:] = False
    target = _target([(4, 4), (15, 4)], inside)
    assert target[0, 0, :, 10:].isnan().all()
    assert not target[0, 0, :, :10].isnan().any()
    assert target[0, 1].isnan().all()
    assert points_in(target, 2)[0, 1].isnan().all()
    found = find_points(torch.rand(1, 2, HEIGHT, WIDTH), inside)
    assert (found[..., 0] <= 10).all()


def test_an_image_without_points_has_none_beside_one_that_has() -> None:
    rows = torch.tensor([[[0.5, 0.5, 1]], [[NAN, NAN, NAN]]])
    inside = torch.ones(2, HEIGHT, WIDTH, dtype=torch.bool)
    target = point_targets(rows, inside, torch.ones(2), torch.ones(2), SIGMA)
    assert points_in(target, 1)[:, 0].tolist()[0] == [10, 7]
    assert points_in(target, 1)[1].isnan().all()
    empty = point_targets(rows[1:], inside[1:], torch.ones(1), torch.ones(1), SIGMA)
    assert empty.shape[1] == 3
    assert points_in(empty, 1).isnan().all()
    assert not centres_in(empty, 1).any()


@pytest.mark.parametrize("is_mirrored", [False, True])
@pytest.mark.parametrize("photograph", [(0, 0, 14, 20), (3, 0, 9, 20), (0, 5, 14, 13), (4, 3, 11, 17)])
def test_points_on_the_edges_of_a_photograph_stay_known_beside_padding(photograph, is_mirrored) -> None:
    top, left, bottom, right = photograph
    inside = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.bool)
    inside[:, top:bottom, left:right] = True
    places = [(x, y) for x in (left, (left + right) / 2, right) for y in (top, (top + bottom) / 2, bottom)]
    rows = torch.tensor([[x / WIDTH, y / HEIGHT, 2] for x, y in places])[None]
    if is_mirrored:
        rows, inside = mirror_points(rows, range(len(places))), inside.flip(2)
    target = point_targets(rows, inside, torch.ones(1), torch.ones(1), SIGMA)
    expected = rows[0, :, :2] * torch.tensor([WIDTH, HEIGHT])
    torch.testing.assert_close(points_in(target, len(places))[0], expected)
    assert not (centres_in(target, len(places)) & ~inside[:, None]).any()
