"""What the suite itself stands on: a wrong shape raises, and only signatures with shapes are wrapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch

from auxseg.files import write_atomically
from auxseg.tasks.losses import box
from tests.checking import check, jaxtyped, names_shapes

Row = jaxtyping.Float[torch.Tensor, " N"]
Counted = jaxtyping.Float[np.ndarray, " {num_rows}"]
Triple = jaxtyping.Float[np.ndarray, "N 3"]


class Both:
    @staticmethod
    def shaped(values: Row) -> None:
        """Take an alias of a shape."""

    @property
    def plain(self) -> int:
        return 1


def test_a_wrong_shape_raises() -> None:
    with pytest.raises(jaxtyping.TypeCheckError, match="N 4"):
        box.giou(torch.zeros(2, 3), torch.zeros(2, 3))


def test_aliases_and_wrapped_functions_are_looked_into() -> None:
    assert names_shapes(box.giou)
    assert names_shapes(vars(Both)["shaped"])
    assert not names_shapes(vars(Both)["plain"])


def test_signatures_without_shapes_are_left_alone() -> None:
    assert not hasattr(write_atomically, "__wrapped__")
    assert hasattr(box.giou, "__wrapped__")


def counted(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[object]]:
    """The function, and a list that grows with every check."""
    checks: list[object] = []

    def counting(thing: Any) -> Any:
        inner = check(thing)

        def count(*args: Any, **kwargs: Any) -> Any:
            checks.append(args)
            return inner(*args, **kwargs)

        return count

    return jaxtyped(typechecker=counting)(function), checks


def pick(rows: Triple, others: list[Row], row: int = 0) -> Triple:
    return rows if row >= 0 else rows[:, :row]


def of(*size: int) -> np.ndarray:
    return np.zeros(size)


def test_a_call_like_one_that_passed_is_not_checked_again() -> None:
    function, checks = counted(pick)
    function(of(5, 3), [torch.zeros(5)])
    num = len(checks)
    assert num > 0
    function(of(5, 3), [torch.zeros(5)])
    function(of(7, 3), [torch.zeros(7)])
    assert len(checks) == num
    function(of(7, 3), [torch.zeros(7)], row=1)
    assert len(checks) > num


@pytest.mark.parametrize(
    ("rows", "others", "row"),
    [
        (of(5, 4), [torch.zeros(5)], 0),
        (of(5, 3), [torch.zeros(6)], 0),
        (of(3, 5), [torch.zeros(3)], 0),
        (of(5, 3, 1), [torch.zeros(5)], 0),
        (of(5, 3).astype(int), [torch.zeros(5)], 0),
        (of(5, 3), [torch.zeros(5), torch.zeros(6)], 0),
        (of(5, 3), [torch.zeros(5, dtype=torch.int64)], 0),
        (of(5, 3), [of(5)], 0),
        (of(5, 3), torch.zeros(5), 0),
        (of(5, 3), [torch.zeros(5)], "0"),
        (of(5, 3), [torch.zeros(5)], -1),
    ],
)
def test_what_is_wrong_is_found_after_others_have_passed(rows: Any, others: Any, row: Any) -> None:
    function = jaxtyped(typechecker=check)(pick)
    function(of(5, 3), [torch.zeros(5)])
    function(of(3, 3), [torch.zeros(3)])

    def often() -> None:
        for _ in range(50):  # a check draws the item of a list that it looks at
            function(rows, others, row)

    for _ in range(3):
        with pytest.raises(jaxtyping.TypeCheckError):
            often()


def test_a_wrong_result_is_found_after_a_right_one() -> None:
    results = iter([of(5, 3), of(6, 3), of(4, 3), of(5, 2)])

    def give(rows: Triple, others: list[Row]) -> Triple:
        return next(results)

    function = jaxtyped(typechecker=check)(give)
    function(of(5, 3), [])
    for expected in (r"\[6,3\]", r"\[4,3\]", r"\[5,2\]"):
        with pytest.raises(jaxtyping.TypeCheckError, match=expected):
            function(of(5, 3), [])


def test_a_size_that_a_value_says_is_compared_with_it() -> None:
    def count(num_rows: int, size: int) -> Counted:
        return of(size)

    function = jaxtyped(typechecker=check)(count)
    function(20, 20)
    with pytest.raises(jaxtyping.TypeCheckError):
        function(20, 21)
