"""A loss weighting of one's own in one file: auxiliaries count less and less, the target always in full.

    auxseg data synthesize --out animals.h5 --samples 200 --size 64
    python examples/own_balancer.py animals.h5

Recipes know the balancers of the package only, so this one is used by a loop of one's own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, final

from own_loop import train
from pydantic import Field

from auxseg.balancing import WeightedLosses
from auxseg.balancing.weighting.weighting import Memoryless, WeightedConfig
from auxseg.config import config


@final
class FadingWeighting(Memoryless):
    """Multiplies the loss of every auxiliary by ``0.5 ** (t / half_life)`` in step t, that of the target by 1."""

    def __init__(self, target: str, half_life: float) -> None:
        super().__init__()
        self.target, self.half_life = target, half_life

    def weigh(self, step: int, losses: Mapping[str, float]) -> dict[str, float]:
        """The weight of each of these losses in this step."""
        fading = 0.5 ** (step / self.half_life)
        return {name: 1.0 if name == self.target else fading for name in losses}


@config
class FadingConfig(WeightedConfig):
    """Settings of `FadingWeighting`: after ``half_life`` steps an auxiliary counts half of its weight."""

    kind: Literal["fading"] = "fading"
    half_life: Annotated[float, Field(gt=0)] = 100.0

    def build(self, tasks: Sequence[str], target: str, seed: int) -> WeightedLosses:
        """Make the balancer for these tasks."""
        return WeightedLosses(FadingWeighting(target, self.half_life), self.scales(tasks), self.gate)


def main(data: str | Path, steps: int = 200) -> float:
    """Train with it; returns the IoU on the validation split."""
    return train(data, steps=steps, balancing=FadingConfig(weights={"classification": 0.3, "box": 0.3}))


if __name__ == "__main__":
    print(f"IoU on validation: {100 * main(sys.argv[1]):.1f} %")
