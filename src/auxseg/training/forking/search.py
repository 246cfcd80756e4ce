"""The weights with which branches are merged, by a greedy search for the best figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence


def search(num_branches: int, candidates: int, figure: Callable[[Sequence[float]], float]) -> list[float]:
    """Weights of 0 or more with the sum 1, by which the branches give the best figure that was found.

    The best branch alone comes first. The others follow in the order of their own figures. For each, weights of
    ``1/candidates`` to 1 times the mean weight of those before it are tried, and it takes part only if that is better
    than without it. So no branch alone is better than the result.

    ``figure`` gives the figure of a merger with these weights, the higher the better; one that is not a number is worse
    than all others. It is asked ``num_branches + candidates * (num_branches - 1)`` times, and of one branch never.

    Source: Jiang et al., ForkMerge: Mitigating Negative Transfer in Auxiliary-Task Learning, NeurIPS 2023,
    https://arxiv.org/abs/2301.12618, and the authors' code.
    """
    if num_branches == 1:
        return [1.0]

    def worth(weights: Sequence[float]) -> float:
        total = math.fsum(weights)
        found = figure([weight / total for weight in weights])
        return -math.inf if math.isnan(found) else found

    alone = [[float(branch == other) for other in range(num_branches)] for branch in range(num_branches)]
    worths = [worth(weights) for weights in alone]
    first, *others = sorted(range(num_branches), key=lambda branch: -worths[branch])  # of equals the first counts
    chosen, best = alone[first], worths[first]
    for rank, branch in enumerate(others, start=1):
        most = math.fsum(chosen) / rank
        tried = [[*chosen[:branch], most * part / candidates, *chosen[branch + 1 :]] for part in _parts(candidates)]
        for weights in tried:
            if (value := worth(weights)) > best:
                chosen, best = weights, value
    total = math.fsum(chosen)
    return [weight / total for weight in chosen]


def _parts(candidates: int) -> range:
    return range(1, candidates + 1)
