from __future__ import annotations

import pytest
import torch

from auxseg.models.encoders.vit_pyramid import ViTPyramid


def test_levels_are_four_times_to_half_the_grid() -> None:
    features = [torch.rand(2, 6, 4, 10) for _ in range(4)]
    levels = ViTPyramid(6, 8, "batch")(features)
    assert [tuple(level.shape) for level in levels] == [(2, 8, 16, 40), (2, 8, 8, 20), (2, 8, 4, 10), (2, 8, 2, 5)]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_the_finest_level_is_that_of_the_earliest_features(number: int) -> None:
    pyramid = ViTPyramid(6, 8, "group").eval()
    features = [torch.rand(1, 6, 4, 4) for _ in range(4)]
    before = pyramid(features)
    features[number] = features[number] + 1
    changed = [not torch.equal(old, new) for old, new in zip(before, pyramid(features), strict=True)]
    assert changed == [level == number for level in range(4)]


def test_all_levels_read_the_last_features_where_there_are_no_others() -> None:
    pyramid, last = ViTPyramid(6, 8, "batch").eval(), torch.rand(1, 6, 4, 4)
    for found, expected in zip(pyramid([last]), pyramid([last] * 4), strict=True):
        assert torch.equal(found, expected)
