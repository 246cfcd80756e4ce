"""Solids, and where rays meet them.

Positions are in metres: x along a wall, y up, z along the other wall. A ray is ``start + t * direction`` with t > 0;
directions need not have length 1.

Shape legend: ``R`` rays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

NOWHERE: Final = np.inf
"""The t of a ray that misses."""

_EPSILON: Final = 1e-4


@dataclass(frozen=True)
class Look:
    """Class and surface of a solid: its colour, how strongly and how finely a pattern varies it."""

    name: str
    colour: tuple[float, float, float]
    pattern: float = 0.0
    fineness: float = 8.0


@dataclass(frozen=True)
class Meeting:
    """Where rays meet a solid first: t (`NOWHERE` if they miss), the surface normal there, and its place on the solid.

    Normals have length 1 and point out of the solid. Places are in the solid's own axes, for patterns.
    """

    t: Float[np.ndarray, " R"]
    normal: Float[np.ndarray, "R 3"]
    place: Float[np.ndarray, "R 3"]


@final
@dataclass(frozen=True)
class Block:
    """A box with its centre, half of its sides, and a turn about the vertical in radians."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    look: Look
    turn: float = 0.0

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """All corners."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return signs * self.half @ self._axes() + self.centre

    def meet(self, start: Float[np.ndarray, " 3"], directions: Float[np.ndarray, "R 3"]) -> Meeting:
        """By slabs: Kay, Kajiya 1986, Ray Tracing Complex Scenes, https://doi.org/10.1145/15886.15916."""
        axes = self._axes()
        origin = axes @ (start - self.centre)
        own = directions @ axes.T
        own = np.where(np.abs(own) < _EPSILON**2, _EPSILON**2, own)
        one, other = (-np.array(self.half) - origin) / own, (np.array(self.half) - origin) / own
        entries, exits = np.minimum(one, other), np.maximum(one, other)
        t = entries.max(1)
        t = np.where((t > _EPSILON) & (t < exits.min(1)), t, NOWHERE)
        side = entries.argmax(1)
        normal = -np.sign(np.take_along_axis(own, side[:, None], 1)) * axes[side]
        return Meeting(t, normal, origin + np.where(np.isinf(t), 0, t)[:, None] * own)

    def _axes(self) -> Float[np.ndarray, "3 3"]:
        """Rows are the box's own axes in the room."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


@final
@dataclass(frozen=True)
class Ball:
    """A sphere."""

    centre: tuple[float, float, float]
    radius: float
    look: Look

    def corners(self) -> Float[np.ndarray, "8 3"]:
        """The corners of the box around it."""
        return Block(self.centre, (self.radius, self.radius, self.radius), self.look).corners()

    def meet(self, start: Float[np.ndarray, " 3"], directions: Float[np.ndarray, "R 3"]) -> Meeting:
        """The smaller root of a quadratic equation; the camera is outside."""
        origin = start - self.centre
        a, b = np.square(directions).sum(1), directions @ origin
        root = np.square(b) - a * (origin @ origin - self.radius**2)
        t = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, NOWHERE)
        t = np.where(t > _EPSILON, t, NOWHERE)
        place = origin + np.where(np.isinf(t), 0, t)[:, None] * directions
        return Meeting(t, place / np.linalg.norm(place, axis=1, keepdims=True), place)


Solid = Block | Ball


@final
@dataclass(frozen=True)
class Shell:
    """The room itself, from (0, 0, 0) to its size: floor, ceiling and four walls, seen from inside."""

    size: tuple[float, float, float]
    floor: Look
    ceiling: Look
    wall: Look

    def meet(
        self, start: Float[np.ndarray, " 3"], directions: Float[np.ndarray, "R 3"]
    ) -> tuple[Meeting, Float[np.ndarray, " R"]]:
        """Where rays from inside leave it, and by which look: 0 for the floor, 1 for the ceiling, 2 for a wall."""
        own = np.where(np.abs(directions) < _EPSILON**2, _EPSILON**2, directions)
        exits = np.where(own > 0, np.array(self.size) - start, -start) / own
        side, t = exits.argmin(1), exits.min(1)
        step = np.sign(np.take_along_axis(own, side[:, None], 1))
        look = np.where(side == 1, (step[:, 0] > 0).astype(float), 2.0)
        return Meeting(t, -step * np.eye(3)[side], start + t[:, None] * own), look
