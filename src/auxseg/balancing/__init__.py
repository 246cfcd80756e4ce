"""How several losses become one update."""

from auxseg.balancing.balancer import Balancer, Reduce
from auxseg.balancing.fixed import FixedConfig, FixedWeights

BalancerConfig = FixedConfig

__all__ = ["Balancer", "BalancerConfig", "FixedConfig", "FixedWeights", "Reduce"]
