"""Sets of samples that have to stay together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final


@final
class Joined:
    """Sets of rows that grow together (union-find); the smallest row of a set stands for it."""

    def __init__(self, num_rows: int) -> None:
        self._parent = list(range(num_rows))

    def root(self, row: int) -> int:
        """The row that stands for the set of this one."""
        while self._parent[row] != row:
            self._parent[row] = row = self._parent[self._parent[row]]
        return row

    def join(self, left: int, right: int) -> None:
        """Make one set of the sets of two rows."""
        low, high = sorted((self.root(left), self.root(right)))
        self._parent[high] = low

    def join_equal(self, values: Iterable[str]) -> None:
        """Make one set of the rows that have the same value, of one value for each row; an empty one joins nothing."""
        first: dict[str, int] = {}
        for row, value in enumerate(values):
            if value:
                self.join(first.setdefault(value, row), row)
