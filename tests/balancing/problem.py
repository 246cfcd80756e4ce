"""Every balancer, for tests over all of them on the small problem of `auxseg.testing`."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Any

from auxseg.balancing import (
    Balancer,
    BoundaryIntersectionConfig,
    CosinePenaltyConfig,
    DWAConfig,
    EqualConfig,
    FAMOConfig,
    FixedConfig,
    GeometricConfig,
    LearnedScalesConfig,
    NormalisedDynamicConfig,
    RandomConfig,
    ScaledLossesConfig,
    SmoothTchebycheffConfig,
    SoftAdaptConfig,
    TaskPrioritiesConfig,
    UncertaintyConfig,
)
from auxseg.balancing.combining import CombiningKind
from auxseg.testing.balancer_problem import NAMES, ROWS, SEED, Problem, Trainer, nothing

__all__ = ["CASES", "COMBINING", "NAMES", "ROWS", "WEIGHTINGS", "Problem", "Trainer", "build", "nothing"]

WEIGHTINGS: dict[str, Any] = {
    "equal": EqualConfig,
    "fixed": FixedConfig,
    "uncertainty": UncertaintyConfig,
    "uncertainty-revised": lambda **values: UncertaintyConfig(form="revised", **values),
    "dwa": DWAConfig,
    "dwa-step": lambda **values: DWAConfig(every="step", **values),
    "dwa-every-2": lambda **values: DWAConfig(every=2, **values),
    "softadapt": lambda **values: SoftAdaptConfig(beta=5.0, **values),
    "softadapt-normalised": lambda **values: SoftAdaptConfig(variant="normalised", beta=2.0, every="step", **values),
    "softadapt-loss-weighted": lambda **values: SoftAdaptConfig(variant="loss-weighted", every="step", **values),
    "softadapt-both": lambda **values: SoftAdaptConfig(variant="normalised-loss-weighted", **values),
    "geometric": GeometricConfig,
    "random-normal": RandomConfig,
    "random-uniform": lambda **values: RandomConfig(distribution="uniform", every=2, **values),
    "random-bernoulli": lambda **values: RandomConfig(distribution="bernoulli", **values),
    "random-constrained": lambda **values: RandomConfig(distribution="constrained-bernoulli", **values),
    "normalised-dynamic": lambda **values: NormalisedDynamicConfig(every="step", **values),
    "normalised-dynamic-multiplies": lambda **values: NormalisedDynamicConfig(total="multiplies", **values),
    "imtl-l": LearnedScalesConfig,
    "slaw": ScaledLossesConfig,
    "dtp": TaskPrioritiesConfig,
    "famo": FAMOConfig,
    "stch": lambda **values: SmoothTchebycheffConfig(mu=10.0, **values),
    "pbi": BoundaryIntersectionConfig,
    "cosmos": CosinePenaltyConfig,
}
"""Every loss weighting, in every form that it has."""

COMBINING: dict[str, Any] = {
    typing.get_args(kind)[1].tag: typing.get_args(kind)[0] for kind in typing.get_args(CombiningKind)
}
"""Every rule that combines gradients."""

CASES: dict[str, Any] = {**WEIGHTINGS, **COMBINING}
"""Every balancer."""


def build(case: str, names: Sequence[str] = NAMES, **settings: Any) -> Balancer:
    """A balancer whose first task is the target."""
    return CASES[case](**settings).build(list(names), names[0], SEED)
