"""Loss terms that tasks are made of: sums per image, never batch means.

- `cross_entropy`: cross-entropy of masks, summed over pixels
- `soft_dice`: one minus the soft Dice coefficient of masks
- `binary_cross_entropy`, `binary_l1`: of masks of two classes, from one logit
- `box_losses`: distances between boxes
- `regression_losses`: distances between maps of numbers
"""

from auxseg.tasks.losses.binary import binary_cross_entropy, binary_l1, two_class
from auxseg.tasks.losses.box import box_losses
from auxseg.tasks.losses.choice import LossWeights, check_choice
from auxseg.tasks.losses.cross_entropy import cross_entropy
from auxseg.tasks.losses.dice import has_scored_class, soft_dice
from auxseg.tasks.losses.precision import at_least_float32
from auxseg.tasks.losses.regression import num_known, regression_losses

__all__ = [
    "LossWeights",
    "at_least_float32",
    "binary_cross_entropy",
    "binary_l1",
    "box_losses",
    "check_choice",
    "cross_entropy",
    "has_scored_class",
    "num_known",
    "regression_losses",
    "soft_dice",
    "two_class",
]
