"""Balancers give what the same methods of other libraries give, where these are installed."""

from __future__ import annotations

import math

import pytest
from torch import Tensor

from benchmarks.pareto import NEED_MORE_TASKS, every_kind
from benchmarks.parity import Options, main, missing
from benchmarks.tools.parity.cases import ALONE, CASES, Case, Reference
from benchmarks.tools.parity.libmtl_sides import MISSING, is_installed
from benchmarks.tools.parity.problem import NUM_STEPS, Given, difference

TORCHJD = [pytest.param(case, case.torchjd, id=case.name) for case in CASES if case.torchjd]
LIBMTL = [pytest.param(case, case.libmtl, id=case.name) for case in CASES if case.libmtl]


def _check(case: Case, reference: Reference) -> None:
    if absent := missing(reference):
        pytest.skip(f"needs {absent}")
    assert _is_near(case, reference)


def _is_near(case: Case, reference: Reference) -> bool:
    return case.apart(reference) <= reference.within


@pytest.mark.filterwarnings("ignore:You are solving a parameterized problem")
@pytest.mark.parametrize(("case", "reference"), TORCHJD)
def test_the_direction_is_that_of_torchjd(case: Case, reference: Reference) -> None:
    _check(case, reference)


@pytest.mark.skipif(not is_installed(), reason=MISSING)
@pytest.mark.parametrize(("case", "reference"), LIBMTL)
def test_the_direction_is_that_of_libmtl(case: Case, reference: Reference) -> None:
    _check(case, reference)


def test_whatever_differs_has_a_reason() -> None:
    sides = [each for case in CASES for each in (case.torchjd, case.libmtl) if each is not None]
    assert all(each.why for each in sides if each.within > 1e-5 or each.factor != 1)


def test_every_balancer_is_compared_or_says_why_not() -> None:
    compared = {case.kind for case in CASES}
    assert compared | set(ALONE) == {*every_kind(), *NEED_MORE_TASKS}
    assert not compared & set(ALONE)


def test_a_difference_is_seen() -> None:
    """Of the same method with other settings, and of the same direction by another factor."""
    mgda, cagrad = (next(case for case in CASES if case.kind == kind) for kind in ("mgda", "cagrad"))
    assert difference(mgda.ours(), cagrad.ours(), 3) > 0.1
    assert difference(mgda.ours(), mgda.ours(), 3) == 0
    assert difference(mgda.ours(), mgda.ours(), 3, factor=2) == pytest.approx(0.5)


@pytest.mark.parametrize("step", range(NUM_STEPS))
def test_a_side_without_an_answer_in_some_step_does_not_agree(step: int) -> None:
    def plain(given: Given) -> Tensor:
        return given.gradients.sum(0)

    def broken(given: Given) -> Tensor:
        return plain(given) * (math.nan if given.number == step else 1.0)

    assert math.isnan(difference(broken, plain, 3))
    assert math.isnan(difference(plain, broken, 3))
    reference = Reference(make=lambda _: broken, within=math.inf)
    assert not _is_near(Case(kind="equal", torchjd=reference), reference)


def test_what_is_no_number_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Case, "apart", lambda *_: math.nan)
    (row,) = main(Options(kinds="config"))["rows"]
    assert row["torchjd"] == "nan"
