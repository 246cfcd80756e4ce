"""One animal: a breed, a posture and a view, as round cones in the image.

Shape legend: ``P`` cones of the body and head, ``D`` decals of the face, ``N`` points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy.random import Generator

from auxseg.data.sources.synthetic.breeds import Breed
from auxseg.data.sources.synthetic.coats import Part
from auxseg.data.sources.synthetic.head import Decal, build_head
from auxseg.data.sources.synthetic.shapes import Cones
from auxseg.data.sources.synthetic.skeleton import Limb, Posture, build_body

_POSTURES: tuple[Posture, ...] = ("stand", "sit", "lie")
_PROPORTIONS = (
    *("length", "chest", "hip", "leg", "leg_width", "neck", "skull"),
    *("muzzle", "ear", "tail", "tail_width", "roughness"),
)

Rotation = Float[np.ndarray, "3 3"]


@dataclass(frozen=True)
class Animal:
    """An animal in image coordinates. ``scale`` is the image sides that one animal length takes."""

    cones: Cones
    parts: tuple[Part, ...]
    head: Bool[np.ndarray, " P"]
    decals: Cones
    decal_colours: Float32[np.ndarray, "D 3"]
    roughness: float
    scale: float


def make_animal(breed: Breed, rng: Generator) -> Animal:
    """An individual of the breed in a random posture, seen from a random side, somewhere in the image."""
    individual = replace(breed, **{name: getattr(breed, name) * rng.uniform(0.9, 1.1) for name in _PROPORTIONS})
    body = build_body(individual, _POSTURES[rng.choice(3, p=(0.45, 0.35, 0.2))], rng)
    limbs, decals = build_head(individual, rng)
    body_heading, head_heading = _headings(rng)
    view = _roll(rng.normal(0, 7)) @ _tilt(rng.uniform(0, 22))
    trunk = view @ _turn(body_heading)
    head = view @ _turn(head_heading) @ _roll(rng.uniform(-18, 12)) @ _tilt(rng.normal(0, 8))
    head_place = trunk @ body.head
    cones = _join(
        _cones(body.limbs, trunk, np.zeros(3), 1.0),
        _cones(limbs, head, head_place, individual.skull),
    )
    scale, shift = _fit(cones, rng)
    return Animal(
        cones=_into_image(cones, scale, shift),
        parts=tuple(limb.part for limb in (*body.limbs, *limbs)),
        head=np.arange(len(cones)) >= len(body.limbs),
        decals=_into_image(_cones(decals, head, head_place, individual.skull), scale, shift),
        decal_colours=np.array([decal.colour for decal in decals], np.float32),
        roughness=individual.roughness,
        scale=scale,
    )


def _headings(rng: Generator) -> tuple[float, float]:
    """Where body and head point, in degrees: 0 to the right, 90 at the viewer, 180 to the left."""
    body = rng.uniform(-15, 65)
    head = np.clip(body + (90 - body) * rng.uniform(-0.1, 1.05), -10, 100)
    return (180 - body, 180 - head) if rng.random() < 0.5 else (body, head)


def _turn(degrees: float) -> Rotation:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _roll(degrees: float) -> Rotation:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _tilt(degrees: float) -> Rotation:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _cones(limbs: Sequence[Limb | Decal], turn: Rotation, origin: Float[np.ndarray, " 3"], scale: float) -> Cones:
    start = scale * np.array([limb.start for limb in limbs]) @ turn.T + origin
    end = scale * np.array([limb.end for limb in limbs]) @ turn.T + origin
    return Cones(start, end, scale * np.array([(limb.first, limb.last) for limb in limbs]))


def _join(first: Cones, second: Cones) -> Cones:
    return Cones(
        np.concatenate([first.start, second.start]),
        np.concatenate([first.end, second.end]),
        np.concatenate([first.radii, second.radii]),
    )


def _fit(cones: Cones, rng: Generator) -> tuple[float, Float[np.ndarray, " 2"]]:
    """Scale and shift: the animal takes 0.72 to 1.12 of the image, and in a fifth of them a part of it is cut off."""
    boxes = cones.boxes() * np.array([1, -1, 1, -1])
    low, high = boxes[:, [0, 3]].min(axis=0), boxes[:, [2, 1]].max(axis=0)
    scale = float(rng.uniform(0.72, 1.12) / (high - low).max())
    half = scale * (high - low) / 2
    cut = rng.uniform(0.1, 0.4) if rng.random() < 0.2 else -0.02
    nearest = half * (1 - 2 * cut)
    centre = np.where(nearest < 0.5, nearest + rng.random(2) * (1 - 2 * nearest), 0.5)
    return scale, centre - scale * (low + high) / 2


def _into_image(cones: Cones, scale: float, shift: Float[np.ndarray, " 2"]) -> Cones:
    """From animal lengths with y up to image sides with y down."""
    flip = scale * np.array([1, -1, 1])
    offset = np.array([*shift, 0])
    return Cones(cones.start * flip + offset, cones.end * flip + offset, cones.radii * scale)
