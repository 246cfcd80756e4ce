"""A network in branches that learn with one auxiliary each and are merged again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.training.forking.merging import floating, leave, merged, movers
from auxseg.training.forking.search import search
from auxseg.training.learner import Learner, StepResult


@final
class Fork:
    """Learners on copies of one network, which take the same steps on the same batches and are merged now and then.

    The first trains the target alone, each other one the target and an auxiliary. A merger gives all of them the
    weighted sum of their weights, with the weights of `search`; an auxiliary's head is taken from its own branch.
    Weight averages and the running statistics of normalisation are summed with the same weights, and what is searched
    by is the figure of the summed averages, which are what is kept. Optimisers and balancers of the branches keep their
    own memory.

    Source: Jiang, Chen, Pan, Wang, Liu, Jiang and Long, ForkMerge: Mitigating Negative Transfer in Auxiliary-Task
    Learning, NeurIPS 2023, https://arxiv.org/abs/2301.12618, and the authors' code. Departures: branches are merged as
    they are at a validation, and not as they were at their own best one since the fork; no auxiliary is left out
    beforehand. The paper's branches are sets of auxiliaries, of which the target with each one is a choice.

    Attributes:
        main: the first branch, whose network is what is validated and kept.
        branches: all of them.
    """

    def __init__(self, branches: Sequence[Learner], candidates: int) -> None:
        self.main, *_ = self.branches = tuple(branches)
        self._candidates = candidates
        self._moving = movers(self.main.network, [tuple(each.phase.tasks) for each in branches])

    def enter(self, step: int) -> None:
        """Be about to take the step number ``step`` (from 0)."""
        for branch in self.branches:
            branch.enter(step)

    def begin_epoch(self, epoch: int) -> None:
        """Tell the balancers that an epoch begins (counted from 0)."""
        for branch in self.branches:
            branch.begin_epoch(epoch)

    def step(self, batches: Sequence[Batch], step: int) -> StepResult:
        """Take the optimiser step number ``step`` (from 0) in every branch.

        Of the target the result is that of the branch without auxiliaries, of an auxiliary that of its own branch.
        Raises `DivergedError` if a loss or gradient of any branch is not finite.
        """
        of_target, *others = [branch.step(batches, step) for branch in self.branches]
        losses: dict[str, float] = {}
        weights: dict[str, float] = {}
        for result in (*others, of_target):
            losses |= result.losses
            weights |= result.weights
        num_fallbacks = sum(result.num_fallbacks for result in (of_target, *others))
        order = [name for name in self.main.tasks if name in losses]
        return dataclasses.replace(
            of_target,
            losses={name: losses[name] for name in order},
            weights={name: weights[name] for name in order},
            num_fallbacks=num_fallbacks,
        )

    def merge(self, figure: Callable[[], float]) -> dict[str, float]:
        """Merge the branches, and return the weight of each, by auxiliary and, without one, by the target.

        Of one branch there is nothing to merge. ``figure`` measures the target in the network of `main` as it is then,
        the higher the better.
        """
        if len(self.branches) == 1:
            return {}
        live = [floating(branch.network) for branch in self.branches]
        begun = [value.detach().clone() for value in live[0]]
        averages = [branch.average.values for branch in self.branches]
        validated = averages if averages[0] else [begun, *live[1:]]

        def tried(weights: Sequence[float]) -> float:
            leave(merged(validated, weights, self._moving), live[0])
            return figure()

        try:
            weights = search(len(live), self._candidates, tried)
        finally:
            leave(begun, live[0])
        self._share(live, weights)
        self._share(averages, weights)
        return dict(zip(self._names(), weights, strict=True))

    def _share(self, values: Sequence[Sequence[Tensor]], weights: Sequence[float]) -> None:
        """Let all branches hold the merger of theirs."""
        if values[0]:
            found = merged(values, weights, self._moving)
            for each in values:
                leave(found, each)

    def _names(self) -> list[str]:
        """The target, and of every other branch its auxiliary."""
        (target,) = self.main.phase.tasks
        return [target, *(name for each in self.branches[1:] for name in each.phase.tasks if name != target)]

    def state(self) -> dict[str, object]:
        """All that a checkpoint must keep."""
        main, *others = [branch.state() for branch in self.branches]
        return {**main, "branches": others}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        for branch, each in zip(self.branches, [state, *state["branches"]], strict=True):
            branch.restore(each)
