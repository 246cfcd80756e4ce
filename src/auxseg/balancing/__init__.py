"""How several losses become one update."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from auxseg.balancing.balancer import Balancer, Features, Reduce, Step
from auxseg.balancing.combining import CombinedGradients, CombiningConfig, CombiningKind
from auxseg.balancing.weighting import (
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
    Weighting,
)
from auxseg.balancing.weighting.weighted_losses import WeightedLosses


def _kind(value: Any) -> Any:
    """The kind that settings name; without one they are those of fixed weights."""
    return value.get("kind", "fixed") if isinstance(value, dict) else getattr(value, "kind", None)


BalancerConfig = Annotated[
    Annotated[EqualConfig, Tag("equal")]
    | Annotated[FixedConfig, Tag("fixed")]
    | Annotated[UncertaintyConfig, Tag("uncertainty")]
    | Annotated[DWAConfig, Tag("dwa")]
    | Annotated[SoftAdaptConfig, Tag("softadapt")]
    | Annotated[GeometricConfig, Tag("geometric")]
    | Annotated[RandomConfig, Tag("random")]
    | Annotated[NormalisedDynamicConfig, Tag("normalised-dynamic")]
    | Annotated[LearnedScalesConfig, Tag("imtl-l")]
    | Annotated[ScaledLossesConfig, Tag("slaw")]
    | Annotated[TaskPrioritiesConfig, Tag("dtp")]
    | Annotated[FAMOConfig, Tag("famo")]
    | Annotated[SmoothTchebycheffConfig, Tag("stch")]
    | Annotated[BoundaryIntersectionConfig, Tag("pbi")]
    | Annotated[CosinePenaltyConfig, Tag("cosmos")]
    | CombiningKind,
    Discriminator(_kind),
]

__all__ = [
    "Balancer",
    "BalancerConfig",
    "BoundaryIntersectionConfig",
    "CombinedGradients",
    "CombiningConfig",
    "CosinePenaltyConfig",
    "DWAConfig",
    "EqualConfig",
    "FAMOConfig",
    "Features",
    "FixedConfig",
    "GeometricConfig",
    "LearnedScalesConfig",
    "NormalisedDynamicConfig",
    "RandomConfig",
    "Reduce",
    "ScaledLossesConfig",
    "SmoothTchebycheffConfig",
    "SoftAdaptConfig",
    "Step",
    "TaskPrioritiesConfig",
    "UncertaintyConfig",
    "WeightedLosses",
    "Weighting",
]
