"""How each kind of layer follows its picture.

Shape legend: ``N`` images of a batch, ``C`` channels, ``K`` classes, ``H W`` the size of a layer, ``h w`` that of the
new picture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from auxseg.data.augment.boxes import mirror_rows, move_rows
from auxseg.data.augment.points import mirror_points, move_points
from auxseg.data.layers import (
    BoxesForm,
    InstancesForm,
    LayerForm,
    MapForm,
    MaskForm,
    MultiMaskForm,
    PointsForm,
    TagsForm,
)
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.layers.maps import HALF
from auxseg.data.sample import IGNORE


def move_layer(
    form: LayerForm,
    values: Shaped[Tensor, "N ..."],
    grid: Float[Tensor, "N h w 2"],
    turns: Float[Tensor, "N 2 2"],
    homographies: Float[Tensor, "N 3 3"],
) -> Shaped[Tensor, "N ..."]:
    """Sample a layer where ``grid`` says; what comes from beyond the picture's edges is not known.

    ``homographies`` lead from the new picture to the stored one, as the grid does.
    Tags stay, boxes move by their corners (`move_boxes`), points as they are (`move_points`); masks, multimasks and
    instances take the nearest pixel. Maps are sampled bilinearly over the known pixels alone, and are known where at
    least half of the weight is; vector fields turn by ``turns``, see `turns_of`.
    """
    match form:
        case TagsForm() | BoxesForm() | PointsForm():
            return move_rows_of(form, values, homographies)
        case MaskForm():
            return _nearest(values[:, None], grid)[:, 0]
        case MultiMaskForm():
            return _nearest(values, grid)
        case InstancesForm():
            return _nearest(values[:, None], grid, UNKNOWN)[:, 0]
        case MapForm():
            moved = _bilinear(values, grid)
            return _turned(moved, turns, is_direction=form.is_direction) if form.is_vector else moved


def move_rows_of(
    form: TagsForm | BoxesForm | PointsForm, values: Shaped[Tensor, "N ..."], homographies: Float[Tensor, "N 3 3"]
) -> Shaped[Tensor, "N ..."]:
    """Move a layer without pixels, whose places are shares of the sides of the whole stored picture."""
    match form:
        case TagsForm():
            return values
        case BoxesForm():
            return move_rows(values, homographies)
        case PointsForm():
            return move_points(values, homographies, form.partners)


def mirror_layer(form: LayerForm, values: Shaped[Tensor, "N ..."]) -> Shaped[Tensor, "N ..."]:
    """Exchange left and right, on any device; an arrow to the left then points to the right."""
    if isinstance(form, TagsForm):
        return values
    if isinstance(form, BoxesForm):
        return mirror_rows(values)
    if isinstance(form, PointsForm):
        return mirror_points(values, form.partners)
    flipped = values.flip(-1)
    if isinstance(form, MapForm) and form.is_vector:
        flipped[:, 0].neg_()
    return flipped


def turns_of(homographies: Float[Tensor, "N 3 3"], aspect_ratio: float = 1.0) -> Float[Tensor, "N 2 2"]:
    """How arrows turn with a picture that is moved by homographies from the new picture to the stored one.

    That is the inverse of the rotation or reflection nearest to a homography's linear part at the picture's centre (its
    polar factor): zooming, stretching and tilting turn no arrow by themselves. Arrows are in pixels, so the linear part
    is taken in pixels too: ``aspect_ratio`` is the picture's width by its height.
    """
    centre = _at_centre(homographies)
    in_pixels = torch.tensor([[1.0, aspect_ratio], [1 / aspect_ratio, 1.0]], dtype=torch.float64)
    left, _, right = torch.linalg.svd(centre.double() * in_pixels)
    return (left @ right).mT.to(homographies.dtype)


def zooms_of(homographies: Float[Tensor, "N 3 3"]) -> Float[Tensor, " N"]:
    """How many times larger things are seen at the centre of a picture that homographies lead from.

    That is ``1 / sqrt(|det J|)`` with a homography's linear part J at the centre: the root of how areas grow, so that a
    stretch by itself is no zoom. Identity and flip give exactly 1.
    """
    areas = torch.linalg.det(_at_centre(homographies).double() / homographies[:, 2:, 2:].double() ** 2).abs()
    return (1 / areas.sqrt()).to(homographies.dtype)


def _at_centre(homographies: Float[Tensor, "N 3 3"]) -> Float[Tensor, "N 2 2"]:
    """The linear part of homographies at the centre, times the square of their last number."""
    return homographies[:, :2, :2] * homographies[:, 2:, 2:] - homographies[:, :2, 2:] * homographies[:, 2:, :2]


def _nearest(
    masks: Shaped[Tensor, "N K H W"], grid: Float[Tensor, "N h w 2"], unknown: int = IGNORE
) -> Shaped[Tensor, "N K h w"]:
    # Ids from 1, so that what comes from beyond the edges is 0, which no id is.
    ids = (masks.float() + 1.0).masked_fill_(masks == unknown, 0.0)
    moved = F.grid_sample(ids, grid, mode="nearest", padding_mode="zeros", align_corners=False).to(torch.int32) - 1
    return moved.masked_fill_(moved < 0, unknown).to(masks.dtype)


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
