"""The eight breeds: proportions, ears, tail, fur and coats. Lengths are in units of about an animal's length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from auxseg.data.sources.synthetic.coats import (
    BLACK_AND_TAN,
    CALICO,
    CHESTNUT,
    CREAM,
    CREAM_POINTS,
    GINGER_STRIPES,
    GOLDEN,
    GREY_STRIPES,
    SILVER,
    TRICOLOUR,
    TUXEDO,
    WHITE_SPOTTED,
    WOLF,
    Coat,
)


@dataclass(frozen=True)
class Breed:
    """One breed. ``muzzle`` and ``ear`` are in skull radii, ``tail_lift`` and ``tail_curl`` in degrees."""

    name: str
    species: Literal["cat", "dog"]
    length: float
    chest: float
    hip: float
    leg: float
    leg_width: float
    neck: float
    skull: float
    muzzle: float
    ears: Literal["pointed", "drooping"]
    ear: float
    tail: float
    tail_width: float
    tail_lift: float
    tail_curl: float
    roughness: float
    coats: tuple[Coat, ...]


BREEDS: Final = (
    Breed(
        name="tabby", species="cat", length=0.48, chest=0.135, hip=0.14, leg=0.27, leg_width=0.042, neck=0.19,
        skull=0.125, muzzle=0.95, ears="pointed", ear=1.0, tail=0.5, tail_width=0.035, tail_lift=115.0, tail_curl=9.0,
        roughness=0.6, coats=(GREY_STRIPES, GINGER_STRIPES, SILVER),
    ),
    Breed(
        name="beagle", species="dog", length=0.52, chest=0.165, hip=0.14, leg=0.34, leg_width=0.048, neck=0.24,
        skull=0.125, muzzle=1.55, ears="drooping", ear=1.1, tail=0.3, tail_width=0.03, tail_lift=125.0, tail_curl=-6.0,
        roughness=0.35, coats=(TRICOLOUR, CALICO, WHITE_SPOTTED),
    ),
    Breed(
        name="siamese", species="cat", length=0.5, chest=0.115, hip=0.11, leg=0.34, leg_width=0.033, neck=0.21,
        skull=0.105, muzzle=1.15, ears="pointed", ear=1.4, tail=0.6, tail_width=0.022, tail_lift=150.0, tail_curl=-12.0,
        roughness=0.25, coats=(CREAM_POINTS, CHESTNUT, SILVER),
    ),
    Breed(
        name="husky", species="dog", length=0.55, chest=0.17, hip=0.145, leg=0.4, leg_width=0.05, neck=0.25,
        skull=0.125, muzzle=1.5, ears="pointed", ear=0.85, tail=0.5, tail_width=0.06, tail_lift=105.0, tail_curl=-26.0,
        roughness=0.8, coats=(WOLF, TUXEDO, CREAM),
    ),
    Breed(
        name="persian", species="cat", length=0.42, chest=0.165, hip=0.165, leg=0.2, leg_width=0.055, neck=0.17,
        skull=0.145, muzzle=0.75, ears="pointed", ear=0.65, tail=0.4, tail_width=0.075, tail_lift=130.0, tail_curl=6.0,
        roughness=1.2, coats=(SILVER, CREAM, GINGER_STRIPES, CALICO),
    ),
    Breed(
        name="dachshund", species="dog", length=0.68, chest=0.135, hip=0.12, leg=0.14, leg_width=0.045, neck=0.23,
        skull=0.105, muzzle=1.8, ears="drooping", ear=1.15, tail=0.38, tail_width=0.025, tail_lift=155.0,
        tail_curl=-5.0, roughness=0.25, coats=(CHESTNUT, BLACK_AND_TAN, GREY_STRIPES),
    ),
    Breed(
        name="tuxedo", species="cat", length=0.5, chest=0.145, hip=0.145, leg=0.29, leg_width=0.042, neck=0.19,
        skull=0.13, muzzle=0.9, ears="pointed", ear=0.9, tail=0.48, tail_width=0.04, tail_lift=95.0, tail_curl=14.0,
        roughness=0.7, coats=(TUXEDO, WOLF, CALICO),
    ),
    Breed(
        name="retriever", species="dog", length=0.58, chest=0.18, hip=0.155, leg=0.4, leg_width=0.055, neck=0.26,
        skull=0.135, muzzle=1.6, ears="drooping", ear=0.85, tail=0.45, tail_width=0.06, tail_lift=165.0, tail_curl=-7.0,
        roughness=1.0, coats=(GOLDEN, CREAM, TUXEDO, CHESTNUT),
    ),
)  # fmt: skip
"""In this order they take turns: cats and dogs alternate."""
