"""The head of a breed: skull, muzzle and ears as round cones, eyes and nose as decals.

Frame of the head, in skull radii: x out of the forehead, y up, z to the animal's right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from auxseg.data.sources.synthetic.breeds import Breed
from auxseg.data.sources.synthetic.coats import RGB
from auxseg.data.sources.synthetic.skeleton import Limb, Point, point

_BLACK = (0.07, 0.06, 0.06)
_GLINT = (0.95, 0.95, 0.93)
_PINK = (0.78, 0.55, 0.52)
_TONGUE = (0.8, 0.42, 0.44)
_CAT_EYES: tuple[RGB, ...] = ((0.72, 0.68, 0.22), (0.45, 0.62, 0.3), (0.42, 0.6, 0.72), (0.78, 0.52, 0.18))
_DOG_EYES: tuple[RGB, ...] = ((0.28, 0.17, 0.1), (0.2, 0.12, 0.08), (0.45, 0.55, 0.65))


class Decal(NamedTuple):
    """A flat round cone painted on what lies behind it; hidden where the animal is more than ``lift`` in front."""

    start: Point
    end: Point
    first: float
    last: float
    colour: RGB


def build_head(breed: Breed, rng: Generator) -> tuple[list[Limb], list[Decal]]:
    """Solid parts and decals of the face."""
    return (_cat if breed.species == "cat" else _dog)(breed, rng)


def _cat(breed: Breed, rng: Generator) -> tuple[list[Limb], list[Decal]]:
    nose = point(0.6 + 0.45 * breed.muzzle, -0.22)
    limbs = [
        Limb("skull", point(-0.1, 0.05), point(0.1, 0.0), 1.0, 0.95),
        Limb("skull", point(0.3, -0.35, -0.48), point(0.3, -0.35, 0.48), 0.6, 0.6),
        Limb("muzzle", point(0.5, -0.3), nose - point(0.2, 0.13), 0.52, 0.34),
    ]
    decals = []
    iris = _CAT_EYES[rng.integers(len(_CAT_EYES))]
    for side in (-1.0, 1.0):
        base, tip = point(-0.05, 0.6, 0.52 * side), point(-0.05, 0.75 + 0.8 * breed.ear, 0.78 * side)
        limbs.append(Limb("ear", base, tip, 0.42, 0.07))
        forward = point(0.3, 0.0)
        decals.append(Decal(base + forward, 0.25 * base + 0.75 * tip + forward, 0.24, 0.05, _PINK))
        decals += _eye(point(0.86, 0.14, 0.5 * side), 0.21, iris, slit=True)
    decals += [
        Decal(nose, nose - point(0, 0.26), 0.03, 0.03, _BLACK),
        Decal(nose - point(0, 0, 0.08), nose + point(0, 0, 0.08), 0.1, 0.1, _PINK if rng.random() < 0.6 else _BLACK),
    ]
    return limbs, decals


def _dog(breed: Breed, rng: Generator) -> tuple[list[Limb], list[Decal]]:
    tip = point(0.35 + 0.85 * breed.muzzle, -0.42)
    nose = tip + point(0.3, 0.2)
    limbs = [
        Limb("skull", point(-0.05, 0.1), point(0.35, -0.1), 0.95, 0.72),
        Limb("muzzle", point(0.5, -0.25), tip, 0.58, 0.37),
    ]
    decals = []
    if rng.random() < 0.4:
        decals.append(Decal(tip - point(0.1, 0.35), tip - point(0.05, 0.75), 0.17, 0.15, _TONGUE))
    iris = _DOG_EYES[rng.choice(len(_DOG_EYES), p=(0.5, 0.38, 0.12))]
    for side in (-1.0, 1.0):
        if breed.ears == "pointed":
            base, top = point(-0.2, 0.6, 0.55 * side), point(-0.15, 0.8 + 0.9 * breed.ear, 0.7 * side)
            limbs.append(Limb("ear", base, top, 0.36, 0.08))
            decals.append(Decal(base + point(0.3, 0.1), 0.3 * base + 0.7 * top + point(0.3, 0), 0.2, 0.05, _PINK))
        else:
            knee, end = point(-0.1, 0.1, 1.0 * side), point(0.05, 0.3 - breed.ear, 1.02 * side)
            limbs.append(Limb("ear", point(-0.2, 0.62, 0.68 * side), knee, 0.24, 0.3))
            limbs.append(Limb("ear", knee, end, 0.3, 0.26))
        decals += _eye(point(0.84, 0.25, 0.45 * side), 0.15, iris, slit=False)
    decals += [
        Decal(nose - point(0.05, 0.15), nose - point(0.05, 0.42), 0.035, 0.035, _BLACK),
        Decal(nose - point(0, 0, 0.1), nose + point(0, 0, 0.1), 0.16, 0.16, _BLACK),
    ]
    return limbs, decals


def _eye(centre: Point, radius: float, iris: RGB, slit: bool) -> list[Decal]:
    centre = centre * (1.02 / np.linalg.norm(centre))
    tall = point(0, 0.45 * radius if slit else 0)
    glint = centre + point(0.05, 0.35 * radius, 0.3 * radius)
    return [
        Decal(centre, centre, 1.2 * radius, 1.2 * radius, _BLACK),
        Decal(centre, centre, radius, radius, iris),
        Decal(centre - tall, centre + tall, 0.4 * radius if slit else 0.55 * radius, 0.4 * radius, _BLACK),
        Decal(glint, glint, 0.22 * radius, 0.22 * radius, _GLINT),
    ]
