"""What a box and colours say of a mask, beside loops over pixels."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from auxseg.metrics.colour import rgb_to_lab
from auxseg.tasks.reuse.box_terms import DIRECTIONS, box_map, neighbours, pairwise_loss, projection_loss, similar_pairs

SIZE = (5, 7)


def test_a_box_holds_the_pixels_whose_centres_lie_in_it() -> None:
    box = torch.tensor([[1 / 7, 0.2, 3 / 7, 0.8], [0.0, 0.0, 1.0, 1.0], [0.01, 0.0, 0.02, 1.0], [torch.nan] * 4])
    found = box_map(box, SIZE)
    assert found[0].nonzero().tolist() == [[y, x] for y, x in product(range(1, 4), range(1, 3))]
    assert found[1].all()
    assert not found[2:].any()  # thinner than a pixel, and missing


def test_the_projection_loss_by_hand() -> None:
    foreground = torch.tensor([[[0.1, 0.8, 0.0], [0.2, 0.6, 0.3]]])
    box = torch.tensor([[[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]])
    columns = 1 - 2 * (0.8 + 0.3) / (0.2**2 + 0.8**2 + 0.3**2 + 2)
    rows = 1 - 2 * 0.8 / (0.8**2 + 0.6**2 + 1)
    assert projection_loss(foreground, box).item() == pytest.approx(columns + rows, rel=1e-5)
    assert projection_loss(box, box).item() == pytest.approx(0, abs=1e-6)
    assert projection_loss(torch.zeros(1, 2, 3), box).item() == pytest.approx(2)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_neighbours_are_where_they_are_said_to_be(direction: tuple[int, int], dilation: int) -> None:
    values = torch.arange(1.0, 36.0).view(1, *SIZE)
    found = neighbours(values, direction, dilation)
    for y, x in product(range(SIZE[0]), range(SIZE[1])):
        down, right = y + dilation * direction[0], x + dilation * direction[1]
        there = 0 <= down < SIZE[0] and 0 <= right < SIZE[1]
        assert found[0, y, x] == (values[0, down, right] if there else 0)


@pytest.mark.parametrize("dilation", [1, 2])
def test_pairs_and_their_loss_are_those_of_a_loop_over_pixels(dilation: int) -> None:
    generator = torch.Generator().manual_seed(0)
    image = 0.5 + 0.02 * torch.rand(1, 3, *SIZE, generator=generator)
    box = torch.zeros(1, *SIZE, dtype=torch.bool)
    box[0, 1:3, 2:4] = True
    inside = torch.ones(1, *SIZE, dtype=torch.bool)
    inside[0, :, 6] = False
    probability = torch.rand(1, *SIZE, generator=generator)
    pairs = similar_pairs(image, box, inside, dilation, 0.3)
    found = pairwise_loss(probability.log(), (1 - probability).log(), pairs, dilation).item()
    lab, expected, num_pairs, num_similar = rgb_to_lab(image)[0], 0.0, 0, 0
    for y, x, (down, right) in product(range(SIZE[0]), range(SIZE[1]), DIRECTIONS):
        other = y + dilation * down, x + dilation * right
        if not (0 <= other[0] < SIZE[0] and 0 <= other[1] < SIZE[1]):
            continue
        if not (inside[0, y, x] and inside[0][other] and (box[0, y, x] or box[0][other])):
            continue
        num_pairs += 1
        if math.exp(-torch.dist(lab[:, y, x], lab[:, *other]).item() / 2) >= 0.3:
            one, two = probability[0, y, x].item(), probability[0][other].item()
            expected -= math.log(one * two + (1 - one) * (1 - two))
            num_similar += 1
    assert int((~pairs.isnan()).sum()) == num_pairs > num_similar > 0
    assert found == pytest.approx(expected, rel=1e-5)
