"""How much each loss counts: one method, one file.

- `equal`: the sum of the losses
- `fixed`: constant weights
- `uncertainty`: learned with the network, from the noise in each task
- `dwa`: the slower a loss falls, the more it counts
- `softadapt`: the same by differences instead of ratios
- `normalised_dynamic`: the same against the progress of all losses
- `geometric`: the geometric mean of the losses
- `random`: drawn anew every few steps
- `imtl-l`: scales that make all losses equally large, learned with the network
- `averaging/slaw`: losses that vary much count less
- `averaging/dtp`: hard tasks first
- `scalarizing/famo`: all losses fall at one rate
- `scalarizing/stch`: the largest loss counts
- `scalarizing/pbi`, `scalarizing/cosmos`: the losses fall along a preferred direction
"""

from auxseg.balancing.weighting.averaging.dtp import TaskPrioritiesConfig
from auxseg.balancing.weighting.averaging.slaw import ScaledLossesConfig
from auxseg.balancing.weighting.dwa import DWAConfig
from auxseg.balancing.weighting.equal import EqualConfig
from auxseg.balancing.weighting.fixed import FixedConfig
from auxseg.balancing.weighting.geometric import GeometricConfig
from auxseg.balancing.weighting.imtl_l import LearnedScalesConfig
from auxseg.balancing.weighting.normalised_dynamic import NormalisedDynamicConfig
from auxseg.balancing.weighting.random import RandomConfig
from auxseg.balancing.weighting.scalarizing.cosmos import CosinePenaltyConfig
from auxseg.balancing.weighting.scalarizing.famo import FAMOConfig
from auxseg.balancing.weighting.scalarizing.pbi import BoundaryIntersectionConfig
from auxseg.balancing.weighting.scalarizing.stch import SmoothTchebycheffConfig
from auxseg.balancing.weighting.softadapt import SoftAdaptConfig
from auxseg.balancing.weighting.uncertainty import UncertaintyConfig
from auxseg.balancing.weighting.weighting import Weighting

__all__ = [
    "BoundaryIntersectionConfig",
    "CosinePenaltyConfig",
    "DWAConfig",
    "EqualConfig",
    "FAMOConfig",
    "FixedConfig",
    "GeometricConfig",
    "LearnedScalesConfig",
    "NormalisedDynamicConfig",
    "RandomConfig",
    "ScaledLossesConfig",
    "SmoothTchebycheffConfig",
    "SoftAdaptConfig",
    "TaskPrioritiesConfig",
    "UncertaintyConfig",
    "Weighting",
]
