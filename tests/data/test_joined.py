"""Sets of rows grow together, whatever joins them."""

from __future__ import annotations

from auxseg.data.joined import Joined


def sets_of(joined: Joined, num_rows: int) -> list[int]:
    return [joined.root(row) for row in range(num_rows)]


def test_the_smallest_row_stands_for_its_set() -> None:
    joined = Joined(6)
    assert sets_of(joined, 6) == [0, 1, 2, 3, 4, 5]
    joined.join(5, 4)
    joined.join(4, 2)
    joined.join(3, 1)
    assert sets_of(joined, 6) == [0, 1, 2, 1, 2, 2]
    joined.join(3, 5)
    assert sets_of(joined, 6) == [0, 1, 1, 1, 1, 1]


def test_equal_values_join_and_empty_ones_do_not() -> None:
    joined = Joined(6)
    joined.join_equal(["a", "", "b", "a", "", "b"])
    assert sets_of(joined, 6) == [0, 1, 2, 0, 4, 2]
    joined.join_equal(["", "x", "x", "", "", ""])
    assert sets_of(joined, 6) == [0, 1, 1, 0, 4, 1]
