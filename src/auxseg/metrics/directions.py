"""Figures of merit of maps of unit vectors, such as surface normals; a pixel with NaN in its truth is in none of them.

As in Fouhey, Gupta, Hebert 2013, Data-Driven 3D Primitives for Single Image Understanding,
https://doi.org/10.1109/ICCV.2013.421: mean and median angle, and the shares of pixels within some angles.

Shape legend: ``N`` images, ``C`` components, ``H W`` pixels.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def angles(prediction: Float[Tensor, "N C H W"], truth: Float[Tensor, "N C H W"]) -> Float[Tensor, "N H W"]:
    """The angle between predicted and true vector in degrees, NaN where the truth is; the zero vector is wrong by 90.

    Exact also where it is small, unlike the arc cosine: ``2 atan2(|u - v|, |u + v|)`` of the unit vectors u and v.
    Source: Kahan 2006, How Futile are Mindless Assessments of Roundoff in Floating-Point Computation, section 12,
    https://people.eecs.berkeley.edu/~wkahan/Mindless.pdf.
    """
    one, other = (functional.normalize(vectors.double(), dim=1) for vectors in (prediction, truth))
    return 2 * torch.atan2((one - other).norm(dim=1), (one + other).norm(dim=1)) * (180 / math.pi)


def mean(angles: Float[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """Mean over an image's known pixels; NaN for an image without any."""
    return angles.nanmean((1, 2))


def median(angles: Float[Tensor, "N H W"]) -> Float[Tensor, " N"]:
    """Median over an image's known pixels, the mean of the middle two; NaN for an image without any."""
    return torch.stack([image.flatten().nanquantile(0.5) for image in angles])


def share_within(angles: Float[Tensor, "N H W"], limit: float) -> Float[Tensor, " N"]:
    """Share of an image's known pixels whose angle is below a limit in degrees; NaN for an image without any."""
    return torch.where(angles.isnan(), torch.nan, (angles < limit).to(angles.dtype)).nanmean((1, 2))
