"""Loss terms that tasks are made of: sums per image, never batch means.

- `cross_entropy`: cross-entropy of masks, summed over pixels
- `soft_dice`: one minus the soft Dice coefficient of masks
- `box_losses`: distances between boxes
"""

from auxseg.tasks.losses.box import box_losses
from auxseg.tasks.losses.choice import LossWeights, check_choice
from auxseg.tasks.losses.cross_entropy import cross_entropy
from auxseg.tasks.losses.dice import has_scored_class, soft_dice
from auxseg.tasks.losses.precision import at_least_float32

__all__ = [
    "LossWeights",
    "at_least_float32",
    "box_losses",
    "check_choice",
    "cross_entropy",
    "has_scored_class",
    "soft_dice",
]
