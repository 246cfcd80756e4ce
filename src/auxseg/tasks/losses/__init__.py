"""Loss terms that tasks are made of: sums per image, never batch means.

- `MaskLosses`: those of masks by name, with their settings; `class_weights` says how much each class weighs
- `cross_entropy`: cross-entropy of masks, summed over pixels
- `focal`: the same, less for pixels whose class is found already
- `hard_cross_entropy`: the same of the hardest pixels
- `soft_dice`: one minus the soft Dice coefficient of masks
- `tversky`: the same with prices for false alarms and for what is missed
- `lovasz_softmax`: a surrogate for one minus the IoU of masks
- `binary_cross_entropy`, `binary_dice`, `binary_l1`: of masks of two classes, from one logit
- `box_losses`: distances between boxes
- `regression_losses`, `scale_invariant_log`: distances between maps of numbers
"""

from auxseg.tasks.losses.binary import binary_cross_entropy, binary_dice, binary_l1, two_class
from auxseg.tasks.losses.box import box_losses
from auxseg.tasks.losses.by_class import has_scored_class
from auxseg.tasks.losses.choice import LossWeights, check_choice
from auxseg.tasks.losses.class_weights import ClassWeights, balanced_weights, class_weights
from auxseg.tasks.losses.cross_entropy import cross_entropy
from auxseg.tasks.losses.dice import soft_dice
from auxseg.tasks.losses.focal import focal
from auxseg.tasks.losses.lovasz import lovasz_softmax
from auxseg.tasks.losses.masks import MASK_LOSSES, MaskLosses
from auxseg.tasks.losses.ohem import hard_cross_entropy, num_hard
from auxseg.tasks.losses.precision import at_least_float32
from auxseg.tasks.losses.regression import l1, num_known, regression_losses, scale_invariant_log
from auxseg.tasks.losses.tversky import tversky

__all__ = [
    "MASK_LOSSES",
    "ClassWeights",
    "LossWeights",
    "MaskLosses",
    "at_least_float32",
    "balanced_weights",
    "binary_cross_entropy",
    "binary_dice",
    "binary_l1",
    "box_losses",
    "check_choice",
    "class_weights",
    "cross_entropy",
    "focal",
    "hard_cross_entropy",
    "has_scored_class",
    "l1",
    "lovasz_softmax",
    "num_hard",
    "num_known",
    "regression_losses",
    "scale_invariant_log",
    "soft_dice",
    "tversky",
    "two_class",
]
