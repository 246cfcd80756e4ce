"""Torso, legs and tail of a breed in a posture, as round cones.

Frame of the body, in animal lengths: x forward, y up from the ground, z to the animal's right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from auxseg.data.sources.synthetic.breeds import Breed
from auxseg.data.sources.synthetic.coats import Part

Posture = Literal["stand", "sit", "lie"]
Point = Float[np.ndarray, " 3"]


class Limb(NamedTuple):
    """One round cone of an animal and what it is a part of."""

    part: Part
    start: Point
    end: Point
    first: float
    last: float


@dataclass(frozen=True)
class Body:
    """The limbs without the head, and where the head goes."""

    limbs: list[Limb]
    head: Point


def point(x: float | int, y: float | int, z: float | int = 0) -> Point:
    """A place in the body's frame."""
    return np.array([x, y, z], float)


def build_body(breed: Breed, posture: Posture, rng: Generator) -> Body:
    """Put the breed into the posture, with a gait and a tail of its own."""
    hip, chest = _spine(breed, posture, rng)
    middle = (hip + chest) / 2 - point(0, 0.08 * breed.chest)
    waist = 0.48 * (breed.hip + breed.chest)
    limbs = [
        Limb("torso", chest, middle, breed.chest, waist),
        Limb("torso", middle, hip, waist, breed.hip),
    ]
    for side in (-1.0, 1.0):
        limbs += _front_leg(breed, posture, chest, side, rng)
        limbs += _rear_leg(breed, posture, hip, side, rng)
    limbs += _tail(breed, posture, hip, rng)
    lift = np.radians(rng.uniform(45, 75) + (15 if posture == "sit" else 0))
    head = chest + breed.neck * point(np.cos(lift), np.sin(lift))
    root, nape = chest + 0.25 * breed.chest * point(1, 1), head - breed.skull * point(0.2, 0.1)
    limbs.append(Limb("neck", root, nape, 0.8 * breed.chest, 0.72 * breed.skull))
    return Body(limbs, head)


def _spine(breed: Breed, posture: Posture, rng: Generator) -> tuple[Point, Point]:
    """Middle of the hip and of the chest."""
    if posture == "sit":
        rise = np.radians(rng.uniform(48, 66))
        hip = point(-0.2 * breed.length, 0.92 * breed.hip)
        return hip, hip + 0.8 * breed.length * point(np.cos(rise), np.sin(rise))
    if posture == "lie":
        return point(-0.5 * breed.length, 0.9 * breed.hip), point(0.45 * breed.length, 1.05 * breed.chest)
    height = breed.leg + 0.55 * breed.chest
    return point(-0.5 * breed.length, height), point(0.5 * breed.length, height + rng.uniform(-0.02, 0.03))


def _front_leg(breed: Breed, posture: Posture, chest: Point, side: float, rng: Generator) -> list[Limb]:
    width = breed.leg_width
    shoulder = chest + point(0.1 * breed.chest, -0.25 * breed.chest, 0.6 * side * breed.chest)
    if posture == "lie":
        elbow = shoulder + point(0.05 * breed.leg, -shoulder[1] + 1.1 * width)
        foot = elbow + point((0.75 + rng.uniform(-0.15, 0.15)) * breed.leg, -0.2 * width)
    elif posture == "sit":
        foot = point(shoulder[0] + rng.uniform(-0.02, 0.06), 0.8 * width, shoulder[2])
        elbow = (shoulder + foot) / 2 - point(0.05 * breed.leg, 0)
    else:
        stride = rng.uniform(-0.3, 0.3) * breed.leg
        foot = point(shoulder[0] + stride, 0.8 * width, shoulder[2])
        elbow = (shoulder + foot) / 2 - point(0.1 * breed.leg - 0.2 * stride, 0)
    return [
        Limb("leg", shoulder, elbow, 1.6 * width, 1.1 * width),
        Limb("leg", elbow, foot, 1.1 * width, 0.85 * width),
        _paw(foot, width),
    ]


def _rear_leg(breed: Breed, posture: Posture, hip: Point, side: float, rng: Generator) -> list[Limb]:
    width = breed.leg_width
    root = hip + point(0, -0.1 * breed.hip, 0.55 * side * breed.hip)
    if posture == "stand":
        stride = rng.uniform(-0.25, 0.25) * breed.leg
        knee = root + point(0.18 * breed.leg + 0.5 * stride, -0.5 * root[1])
        hock = point(root[0] - 0.22 * breed.leg + 0.8 * stride, 0.28 * root[1], root[2])
        foot = point(root[0] - 0.1 * breed.leg + stride, 0.8 * width, root[2])
        return [
            Limb("leg", root, knee, 0.72 * breed.hip, 1.5 * width),
            Limb("leg", knee, hock, 1.5 * width, 0.9 * width),
            Limb("leg", hock, foot, 0.9 * width, 0.8 * width),
            _paw(foot, width),
        ]
    reach = breed.hip + 0.35 * breed.leg
    knee = root + point(0.6 * reach, 0.1 * breed.hip, 0.25 * side * breed.hip)
    heel = point(root[0] + 0.15 * reach, 0.9 * width, root[2] + 0.3 * side * breed.hip)
    foot = heel + point(0.75 * reach, 0, 0)
    return [
        Limb("leg", root, knee, 0.8 * breed.hip, 0.5 * breed.hip),
        Limb("leg", heel, foot, 1.1 * width, 0.9 * width),
        _paw(foot, width),
    ]


def _paw(foot: Point, width: float) -> Limb:
    return Limb("paw", foot, foot + point(1.1 * width, -0.05 * width), 0.95 * width, 0.85 * width)


def _tail(breed: Breed, posture: Posture, hip: Point, rng: Generator) -> list[Limb]:
    """Six pieces that turn by the same angle each, kept above the ground and free to sway sideways."""
    num_pieces = 6
    lift = breed.tail_lift + rng.uniform(-20, 20)
    if posture != "stand":
        lift = 0.35 * lift + 0.65 * 185
    curl = breed.tail_curl + rng.uniform(-8, 8)
    sway = rng.uniform(-0.5, 0.5)
    width = breed.tail_width
    at = hip + point(-0.75 * breed.hip, (0.35 if posture == "stand" else -0.3) * breed.hip)
    limbs = []
    for piece in range(num_pieces):
        angle = np.radians(lift + piece * curl)
        step = point(np.cos(angle), np.sin(angle), sway * piece / num_pieces)
        end = at + breed.tail / num_pieces * step
        end[1] = max(end[1], 0.9 * width)
        last = width * (1.0 if piece < num_pieces - 1 else 0.6)
        limbs.append(Limb("tail" if piece < num_pieces - 1 else "tail tip", at, end, width, last))
        at = end
    return limbs
