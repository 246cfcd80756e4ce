"""torchjd's aggregators and scalarizers, called directly."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torchjd import aggregation, scalarization

from auxseg.balancing.combining.torchjd_rules import seeded
from benchmarks.tools.parity.problem import SEED, Given, Side, left, position


def aggregated(make: Callable[[], nn.Module]) -> Callable[[int], Side]:
    """An aggregator. It draws from torch's own generator, which starts each step where auxseg's balancers start it."""

    def side(num_tasks: int) -> Side:
        aggregator = make()

        def direction(given: Given) -> Tensor:
            with seeded(SEED, given.number, given.gradients.device):
                return aggregator(given.gradients)

        return direction

    return side


def scalarized(make: Callable[[int], nn.Module]) -> Callable[[int], Side]:
    """The slope of a scalarizer, which is made for so many tasks."""

    def side(num_tasks: int) -> Side:
        scalarizer = make(num_tasks)

        def direction(given: Given) -> Tensor:
            parameter = position()
            scalarizer(given.losses_at(parameter)).backward()
            return left(parameter)

        return direction

    return side


def smoothed_mgda() -> nn.Module:
    """MGDA's weights averaged over steps."""
    weighting = aggregation.CRMOGMWeighting(aggregation.MGDAWeighting(epsilon=1e-9, max_iters=3000), alpha=0.9)
    return aggregation.GramianWeightedAggregator(weighting)


def averaged(num_tasks: int) -> Side:
    """Dynamic weight average, every step a period."""
    scalarizer = scalarization.DWA(temperature=2.0)
    slope = scalarized(lambda _: scalarizer)(num_tasks)

    def direction(given: Given) -> Tensor:
        found = slope(given)
        scalarizer.step()
        return found

    return direction


def famo(num_tasks: int) -> Side:
    """FAMO, which is told of every step's losses as of those after the step before."""
    scalarizer = scalarization.FAMO(num_tasks)
    slope = scalarized(lambda _: scalarizer)(num_tasks)
    before: list[Tensor] = []

    def direction(given: Given) -> Tensor:
        found = slope(given)
        if before:
            scalarizer(before[-1])
            scalarizer.update(given.losses)
        before.append(given.losses)
        return found

    return direction


def geometric(num_tasks: int) -> Side:
    """The geometric mean."""
    return scalarized(lambda _: scalarization.GeometricMean())(num_tasks)


def by_weights(make: Callable[[], nn.Module]) -> Callable[[int], Side]:
    """A weighting of the products of two batches' gradients, which are given the same ones."""

    def side(num_tasks: int) -> Side:
        weighting = make()

        def direction(given: Given) -> Tensor:
            return weighting(given.gradients @ given.gradients.T) @ given.gradients

        return direction

    return side
