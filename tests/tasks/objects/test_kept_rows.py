"""Rows that are kept behind a target are all there, however many share a pixel."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.tasks.objects.kept_rows import first_of_pixels, keep_rows

SIDE = 3
PIXELS = st.lists(st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)), max_size=12)


@given(PIXELS)
def test_every_row_is_at_its_pixel_in_as_few_layers_as_there_are_rows_in_one(pixels) -> None:
    rows = torch.arange(2.0 * len(pixels)).reshape(-1, 2)
    layers: list[torch.Tensor] = []
    keep_rows(layers, 1, rows, _tensor(pixels), torch.full((2, 2, SIDE, SIDE), torch.nan), 12)
    assert len(layers) == max([0, *(pixels.count(each) for each in pixels)])
    assert all(layer[0].isnan().all() for layer in layers)
    found = [
        (int(x), int(y), *layer[1, :, y, x].tolist()) for layer in layers for y, x in (~layer[1, 0].isnan()).nonzero()
    ]
    assert sorted(found) == sorted((x, y, *row) for (x, y), row in zip(pixels, rows.tolist(), strict=True))


@given(st.lists(st.tuples(st.tuples(st.integers(0, 2), st.integers(0, 2)), st.booleans()), max_size=12))
def test_the_first_of_each_pixel_is_taken_of_those_that_are_chosen(pairs) -> None:
    which = torch.tensor([chosen for _, chosen in pairs], dtype=torch.bool)
    found = first_of_pixels(_tensor([pixel for pixel, _ in pairs]), which).tolist()
    seen: dict[tuple[int, int], int] = {}
    for place, (pixel, chosen) in enumerate(pairs):
        if chosen:
            seen.setdefault(pixel, place)
    assert found == list(seen.values())


def test_too_many_rows_in_one_pixel_are_refused() -> None:
    blank = torch.full((1, 1, SIDE, SIDE), torch.nan)
    keep_rows([], 0, torch.zeros(2, 1), _tensor([(1, 1)] * 2), blank, 2)
    with pytest.raises(InputError, match="more than 2 boxes of an image have their centres in one pixel"):
        keep_rows([], 0, torch.zeros(3, 1), _tensor([(1, 1)] * 3), blank, 2)


def _tensor(pixels: list[tuple[int, int]]) -> torch.Tensor:
    return torch.tensor(pixels, dtype=torch.long).reshape(-1, 2)
