"""Candidates in an order that can be worked out by hand."""

from __future__ import annotations

from auxseg.study.screening.ranking import Candidate, rank


def names(*candidates: Candidate) -> list[str]:
    return [each.name for each in rank(candidates)]


def test_both_measures_agree() -> None:
    worst, best, middle = (Candidate(str(value), {0: value / 100}, value / 10) for value in (-2, 2, 0))
    assert names(worst, best, middle) == ["2", "0", "-2"]


def test_affinity_moves_a_candidate_up_and_its_unit_does_not_matter() -> None:
    for unit in (1e-6, 1.0, 1e6):
        # Sums of places: a 1 + 3, b 2 + 1, c 3 + 2.
        found = names(
            Candidate("a", {0: 0.03}, -5 * unit), Candidate("b", {0: 0.02}, 9 * unit), Candidate("c", {0: 0.01}, 0.0)
        )
        assert found == ["b", "a", "c"]


def test_equal_sums_are_decided_by_the_difference() -> None:
    assert names(Candidate("a", {0: 0.01}, 0.2), Candidate("b", {0: 0.02}, 0.1)) == ["b", "a"]


def test_seeds_are_averaged() -> None:
    one, other = Candidate("one", {0: 0.05, 1: -0.05}, 0.0), Candidate("other", {0: 0.0, 1: 0.01}, 0.0)
    assert other.difference == 0.005
    assert names(one, other) == ["other", "one"]


def test_without_affinity_the_difference_decides_between_all() -> None:
    found = names(Candidate("a", {0: 0.01}, 0.9), Candidate("b", {0: 0.02}), Candidate("c", {0: 0.03}, -0.9))
    assert found == ["c", "b", "a"]


def test_what_gave_no_figure_stands_last() -> None:
    diverged = Candidate("diverged", {0: 0.9}, 0.9, reason="step 3: not finite")
    assert diverged.difference is None
    found = names(diverged, Candidate("unknown", {}), Candidate("worse", {0: -0.5}, -0.5))
    assert found == ["worse", "diverged", "unknown"]
