"""Branches that learn side by side: what a merger leaves in them, and that one branch is a plain training."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from auxseg.balancing import UncertaintyConfig
from auxseg.data.loading.batch import Batch
from auxseg.training.forking.fork import Fork
from auxseg.training.forking.merging import floating
from tests.tasks.examples import make_batch
from tests.training.learning import make_learner, same, weights_of


def _batch(step: int) -> Sequence[Batch]:
    with torch.random.fork_rng():
        torch.manual_seed(step)
        return [make_batch(4)]


def _fork(*trained: Sequence[str], average: float = 0.0, candidates: int = 4) -> Fork:
    return Fork(
        [make_learner(trained=names, average=average, balancer=UncertaintyConfig()) for names in trained], candidates
    )


BOTH = (("mask",), ("mask", "species"))


def _steps(fork: Fork, start: int, stop: int) -> None:
    for step in range(start, stop):
        fork.enter(step)
        fork.step(_batch(step), step)


def test_one_branch_is_a_plain_training() -> None:
    fork = _fork(("mask",), average=0.5)
    plain = make_learner(trained=("mask",), average=0.5, balancer=UncertaintyConfig())
    for step in range(4):
        plain.enter(step)
        fork.enter(step)
        assert fork.step(_batch(step), step) == plain.step(_batch(step), step)
        assert fork.merge(lambda: pytest.fail("measured")) == {}
    assert same(weights_of(fork.main), weights_of(plain))
    assert fork.state().keys() - {"branches"} == plain.state().keys()


def test_each_branch_trains_as_it_would_alone() -> None:
    fork = _fork(*BOTH)
    alone = [make_learner(trained=names, balancer=UncertaintyConfig()) for names in BOTH]
    for step in range(3):
        fork.enter(step)
        found = fork.step(_batch(step), step)
        results = []
        for learner in alone:
            learner.enter(step)
            results.append(learner.step(_batch(step), step))
        assert found.losses == {"mask": results[0].losses["mask"], "species": results[1].losses["species"]}
        assert found.weights == {"mask": results[0].weights["mask"], "species": results[1].weights["species"]}
        assert found.gradient_norm == results[0].gradient_norm
    for branch, learner in zip(fork.branches, alone, strict=True):
        assert same(weights_of(branch), weights_of(learner))


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_a_merger_leaves_the_weighted_sum_in_all_branches(average: float) -> None:
    """Searched by the averages, if there are any, and summed with one set of weights."""
    fork = _fork(*BOTH, average=average)
    _steps(fork, 0, 3)
    branches = [each.network for each in fork.branches]
    before = [[value.detach().clone() for value in floating(network)] for network in branches]
    averages = [[value.clone() for value in each.average.values] for each in fork.branches]
    seen: list[torch.Tensor] = []

    def figure() -> float:
        seen.append(floating(branches[0])[0].detach().clone())
        return {0: 1.0, 1: 0.0, 3: 2.0}.get(len(seen) - 1, -1.0)  # mask, species, then a quarter and a half as much

    weights = fork.merge(figure)
    assert weights == pytest.approx({"mask": 2 / 3, "species": 1 / 3})
    validated = averages if average else before
    torch.testing.assert_close(seen[0], validated[0][0])
    torch.testing.assert_close(seen[3], (2 * validated[0][0] + validated[1][0]) / 3)
    names = [name for name, value in branches[0].state_dict().items() if value.is_floating_point()]
    for network in branches:
        for name, one, other, now in zip(names, *before, floating(network), strict=True):
            expected = other if "by_task.species" in name else (2 * one + other) / 3
            torch.testing.assert_close(now.detach(), expected)
    for branch in fork.branches:
        for name, one, other, now in zip(names, *averages, branch.average.values, strict=False):
            torch.testing.assert_close(now, other if "by_task.species" in name else (2 * one + other) / 3)
    assert bool(averages[0]) == bool(average)


def test_a_branch_that_harms_gets_no_weight() -> None:
    fork = _fork(*BOTH)
    _steps(fork, 0, 2)
    before = weights_of(fork.main)
    harmed = iter([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert fork.merge(lambda: next(harmed)) == {"mask": 1.0, "species": 0.0}
    shared = {name: value for name, value in weights_of(fork.main).items() if "by_task.species" not in name}
    assert all(torch.equal(value, before[name]) for name, value in shared.items())


def test_weights_are_put_back_if_the_search_is_interrupted() -> None:
    fork = _fork(*BOTH)
    _steps(fork, 0, 2)
    before = weights_of(fork.main)

    def figure() -> float:
        if not same(weights_of(fork.main), before):
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        fork.merge(figure)
    assert same(weights_of(fork.main), before)


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_what_is_saved_goes_on_identically(stop: int) -> None:
    """Between mergers, of which one follows every second step, the branches differ."""
    whole, stopped, resumed = (_fork(*BOTH, average=0.5) for _ in range(3))

    def train(fork: Fork, start: int, end: int) -> None:
        for step in range(start, end):
            _steps(fork, step, step + 1)
            if step % 2:
                fork.merge(lambda: -float(floating(fork.main.network)[0].sum()))

    train(whole, 0, 6)
    train(stopped, 0, stop)
    resumed.restore(stopped.state())
    train(resumed, stop, 6)
    for one, other in zip(whole.branches, resumed.branches, strict=True):
        assert same(weights_of(one), weights_of(other))


def test_a_checkpoint_of_other_branches_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        _fork(*BOTH).restore(_fork(("mask",)).state())
