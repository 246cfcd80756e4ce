"""How much each loss counts: one method, one file.

- `equal`: the sum of the losses
- `fixed`: constant weights
- `uncertainty`: learned with the network, from the noise in each task
- `dwa`: the slower a loss falls, the more it counts
- `softadapt`: the same by differences instead of ratios
- `normalised_dynamic`: the same against the progress of all losses
- `geometric`: the geometric mean of the losses
- `random`: drawn anew every few steps
"""

from auxseg.balancing.weighting.dwa import DWAConfig
from auxseg.balancing.weighting.equal import EqualConfig
from auxseg.balancing.weighting.fixed import FixedConfig
from auxseg.balancing.weighting.geometric import GeometricConfig
from auxseg.balancing.weighting.normalised_dynamic import NormalisedDynamicConfig
from auxseg.balancing.weighting.random import RandomConfig
from auxseg.balancing.weighting.softadapt import SoftAdaptConfig
from auxseg.balancing.weighting.uncertainty import UncertaintyConfig
from auxseg.balancing.weighting.weighting import Weighting

__all__ = [
    "DWAConfig",
    "EqualConfig",
    "FixedConfig",
    "GeometricConfig",
    "NormalisedDynamicConfig",
    "RandomConfig",
    "SoftAdaptConfig",
    "UncertaintyConfig",
    "Weighting",
]
