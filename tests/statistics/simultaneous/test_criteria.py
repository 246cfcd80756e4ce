"""What may be written down before training, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.statistics.simultaneous import Criteria


def test_one_look_is_where_the_seeds_are() -> None:
    assert Criteria().margin == 0.01
    assert Criteria().looks_until(7) == (7,)
    assert Criteria().most_seeds is None


def test_looks_are_those_so_far() -> None:
    criteria = Criteria(looks=(3, 6, 10))
    assert criteria.looks_until(6) == (3, 6)
    assert criteria.most_seeds == 10
    with pytest.raises(InputError, match="a look at 7 seeds was not planned: looks are planned at 3, 6, 10 seeds"):
        criteria.looks_until(7)


@pytest.mark.parametrize("margin", [0.0, -0.01, float("nan"), float("inf")])
def test_refuses_a_margin_that_is_none(margin: float) -> None:
    with pytest.raises(InputError, match="margin: expected a number above 0"):
        Criteria(margin=margin)


def test_refuses_looks_out_of_order_and_too_early() -> None:
    with pytest.raises(InputError, match="increasing numbers of seeds, found 6, 6"):
        Criteria(looks=(6, 6))
    with pytest.raises(InputError, match="at least 3 seeds, so the first look needs as many, found 2"):
        Criteria(looks=(2, 6))
    with pytest.raises(ValidationError):
        TypeAdapter(Criteria).validate_python({"alpha": 0.5})
