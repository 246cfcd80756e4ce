"""Loss terms that tasks are made of: sums per image, never batch means.

- `cross_entropy`: cross-entropy of masks, summed over pixels
- `soft_dice`: one minus the soft Dice coefficient of masks
- `binary_cross_entropy`, `binary_l1`: of masks of two classes, from one logit
- `box_losses`: distances between boxes
- `regression_losses`, `scale_invariant_log`: distances between maps of numbers
- `cosine_loss`: angles between maps of directions
"""

from auxseg.tasks.losses.binary import binary_cross_entropy, binary_l1, two_class
from auxseg.tasks.losses.box import box_losses
from auxseg.tasks.losses.choice import LossWeights, check_choice
from auxseg.tasks.losses.cosine import cosine_loss, num_known_pixels, unit_vectors
from auxseg.tasks.losses.cross_entropy import cross_entropy
from auxseg.tasks.losses.dice import has_scored_class, soft_dice
from auxseg.tasks.losses.precision import at_least_float32
from auxseg.tasks.losses.regression import l1, num_known, regression_losses, scale_invariant_log

__all__ = [
    "LossWeights",
    "at_least_float32",
    "binary_cross_entropy",
    "binary_l1",
    "box_losses",
    "check_choice",
    "cosine_loss",
    "cross_entropy",
    "has_scored_class",
    "l1",
    "num_known",
    "num_known_pixels",
    "regression_losses",
    "scale_invariant_log",
    "soft_dice",
    "two_class",
    "unit_vectors",
]
