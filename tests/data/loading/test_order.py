"""An endless sequence of samples: whole epochs, no state, and blocks that stay near each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.loading.order import WINDOW_BLOCKS, Stream

ROWS = np.arange(100, 300)


@given(st.integers(1, 50), st.one_of(st.none(), st.integers(1, 60)), st.integers(0, 5))
def test_every_epoch_holds_every_row_once(count, block, epoch):
    rows, epochs = Stream(ROWS[:count], 3, block=block).take(epoch * count, (epoch + 1) * count)
    assert sorted(rows.tolist()) == ROWS[:count].tolist()
    assert epochs == [epoch] * count


@given(st.integers(0, 500), st.integers(0, 60), st.one_of(st.none(), st.integers(1, 30)))
def test_a_part_is_a_part_of_the_whole(start, length, block):
    stream = Stream(ROWS[:70], 0, block=block)
    np.testing.assert_array_equal(stream.take(start, start + length)[0], stream.take(0, 700)[0][start : start + length])


@pytest.mark.parametrize("block", [None, 7])
def test_seed_epoch_and_name_change_the_order(block):
    def order(seed: int = 0, epoch: int = 0, name: str = "order") -> list[int]:
        return Stream(ROWS, seed, name, block).take(epoch * 200, (epoch + 1) * 200)[0].tolist()

    assert order() == order()
    assert len({tuple(order()), tuple(order(seed=1)), tuple(order(epoch=1)), tuple(order(name="labelled"))}) == 4


def test_the_order_in_blocks_is_pinned():
    # An old run must stay repeatable: these never change.
    assert Stream(np.arange(20), 0, block=2).take(0, 8)[0].tolist() == [17, 6, 15, 11, 7, 10, 16, 14]


def test_a_window_holds_whole_blocks_in_mixed_order():
    block, size = 5, 5 * WINDOW_BLOCKS
    sequence = Stream(np.arange(200), 1, block=block).take(0, 200)[0]
    for window in sequence.reshape(-1, size):
        assert len(set((window // block).tolist())) == WINDOW_BLOCKS
        assert (np.diff(window) != 1).sum() > size // 2


def test_of_data_sorted_by_class_blocks_show_fewer_classes_at_once():
    def classes_per_batch(block: int | None) -> float:
        rows = Stream(np.arange(320), 0, block=block).take(0, 320)[0]
        return float(np.mean([len(np.unique(batch // 32)) for batch in rows.reshape(-1, 16)]))

    assert 1 < classes_per_batch(8) < classes_per_batch(None) - 2
