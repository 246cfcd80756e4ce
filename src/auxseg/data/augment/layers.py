"""How each kind of layer follows its picture.

Shape legend: ``N`` images of a batch, ``C`` channels, ``H W`` the size of a layer, ``h w`` that of the new picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor

from auxseg.data.layers import LayerForm, MapForm, MaskForm
from auxseg.data.layers.maps import HALF
from auxseg.data.sample import IGNORE


def move_layer(
    form: LayerForm, values: Shaped[Tensor, "N ..."], grid: Float[Tensor, "N h w 2"], turns: Float[Tensor, "N 2 2"]
) -> Shaped[Tensor, "N ..."]:
    """Sample a layer where ``grid`` says; what comes from beyond the picture's edges is not known.

    Masks take the nearest pixel. Maps are sampled bilinearly over the known pixels alone, and are known where at least
    half of the weight is; vector fields turn by ``turns``, see `turns_of`.
    """
    match form:
        case MaskForm():
            return _nearest(values, grid)
        case MapForm():
            moved = _bilinear(values, grid)
            return _turned(moved, turns, is_direction=form.is_direction) if form.is_vector else moved


def mirror_layer(form: LayerForm, values: Shaped[Tensor, "N ..."]) -> Shaped[Tensor, "N ..."]:
    """Exchange left and right, on any device; an arrow to the left then points to the right."""
    flipped = values.flip(-1)
    if isinstance(form, MapForm) and form.is_vector:
        flipped[:, 0].neg_()
    return flipped


def turns_of(homographies: Float[Tensor, "N 3 3"]) -> Float[Tensor, "N 2 2"]:
    """How arrows turn with a picture that is moved by homographies from the new picture to the stored one.

    That is the inverse of the rotation or reflection nearest to a homography's linear part at the picture's centre (its
    polar factor): zooming, stretching and tilting turn no arrow by themselves.
    """
    centre = homographies[:, :2, :2] * homographies[:, 2:, 2:] - homographies[:, :2, 2:] * homographies[:, 2:, :2]
    left, _, right = torch.linalg.svd(centre.double())
    return (left @ right).mT.to(homographies.dtype)


def _nearest(masks: UInt8[Tensor, "N H W"], grid: Float[Tensor, "N h w 2"]) -> UInt8[Tensor, "N h w"]:
    # Ids from 1, so that zeros from beyond the edges become IGNORE as 0 - 1 wraps round.
    ids = (masks.float() + 1.0).masked_fill_(masks == IGNORE, 0.0).unsqueeze(1)
    moved = F.grid_sample(ids, grid, mode="nearest", padding_mode="zeros", align_corners=False).squeeze(1)
    return (moved.to(torch.int16) - 1).to(torch.uint8)


def _bilinear(maps: Float[Tensor, "N C H W"], grid: Float[Tensor, "N h w 2"]) -> Float[Tensor, "N C h w"]:
    known = ~maps.isnan().any(1, keepdim=True)
    weighted = torch.cat([torch.where(known, maps, 0.0), known.float()], dim=1)
    moved = F.grid_sample(weighted, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    weight = moved[:, -1:]
    return torch.where(weight >= HALF, moved[:, :-1] / weight, torch.nan)


def _turned(
    arrows: Float[Tensor, "N C H W"], turns: Float[Tensor, "N 2 2"], *, is_direction: bool
) -> Float[Tensor, "N C H W"]:
    turned = torch.cat([torch.einsum("nij,njhw->nihw", turns, arrows[:, :2]), arrows[:, 2:]], dim=1)
    # What lies between opposite directions has none.
    lengths = turned.square().sum(1, keepdim=True).sqrt()
    return torch.where(lengths > 0, turned / lengths, torch.nan) if is_direction else turned
