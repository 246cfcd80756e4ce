"""Options that hold several values."""

from __future__ import annotations

import pytest

from auxseg.cli.study.parsing import candidates, listed, looks, numbers, weights
from auxseg.errors import InputError


def test_commas_divide() -> None:
    assert listed(" a, b,,c ") == ("a", "b", "c")
    assert numbers("0.5, 1", "--x") == (0.5, 1.0)
    assert looks("5,10") == (5, 10)
    assert [looks("1"), looks("2"), looks("3")] == [1, 2, (3,)]
    assert candidates(("0.1,0.3", "1")) == (0.1, 0.3, 1.0)
    assert candidates(()) == (0.1, 0.3, 1.0)
    assert weights("box=0.5, edges=0") == {"box": 0.5, "edges": 0.0}


def test_nothing_is_left_open() -> None:
    assert [listed(None), numbers(None, "--x"), looks(None), candidates(None), weights(None)] == [None] * 5


@pytest.mark.parametrize(
    ("parse", "refusal"),
    [
        (lambda: numbers("0.5,much", "--x"), "--x 0.5,much: expected numbers separated by commas"),
        (lambda: looks("5,late"), "--looks 5,late: expected numbers of seeds"),
        (lambda: weights("box"), "--weights box: expected name=weight"),
        (lambda: weights("box=1,box=2"), "--weights box=1,box=2: names box twice"),
    ],
)
def test_what_cannot_be_read_is_refused(parse: object, refusal: str) -> None:
    assert callable(parse)
    with pytest.raises(InputError) as refused:
        parse()
    assert refusal in str(refused.value)
