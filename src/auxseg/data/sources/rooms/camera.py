"""Where a picture is taken from.

Shape legend: ``H W`` the picture's size, ``P`` points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from auxseg.data.sources.rooms.solids import Shell, Solid
from auxseg.records.values.size import Size

_NEAREST = 0.3
"""Metres in front of the camera that are free."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: its place, its axes (rows: right, down, ahead), and the tangent of half its field of view.

    The field of view is that along the shorter side of a picture.
    """

    place: Float[np.ndarray, " 3"]
    axes: Float[np.ndarray, "3 3"]
    tangent: float

    def directions(self, size: Size) -> Float[np.ndarray, "H W 3"]:
        """The ray of every pixel's centre, one metre ahead: its t is the depth along the optical axis."""
        rows, columns = (
            ((np.arange(side) * 2 + 1) / side - 1) * tangent
            for side, tangent in zip(size, self._tangents(size), strict=True)
        )
        across, down = np.meshgrid(columns, rows)
        return np.stack([across, down, np.ones_like(across)], axis=-1) @ self.axes

    def window(self, points: Float[np.ndarray, "P 3"], size: Size) -> tuple[slice, slice]:
        """Rows and columns in which points are seen, and all between them; the whole picture if one is too near."""
        x, y, ahead = self.axes @ (points - self.place).T
        if ahead.max() < 0:
            return slice(0, 0), slice(0, 0)
        if ahead.min() < 0.05:
            return slice(0, size.height), slice(0, size.width)
        found = []
        for values, side, tangent in zip((y, x), size, self._tangents(size), strict=True):
            span = (values / ahead / tangent + 1) / 2 * side
            ends = np.floor(span.min()) - 1, np.ceil(span.max()) + 1
            found.append(slice(*(int(np.clip(end, 0, side)) for end in ends)))
        return found[0], found[1]

    def _tangents(self, size: Size) -> tuple[float, float]:
        """Those of half the fields of view from top to bottom and from left to right."""
        return self.tangent * (size.height / size.shorter), self.tangent * (size.width / size.shorter)


def stand(shell: Shell, solids: list[Solid], random: Generator) -> Camera:
    """A place near a wall that is not within anything, with a look across the room and somewhat down."""
    width, height, length = shell.size
    middle = np.array([width / 2, 0.0, length / 2])
    place = np.array([width / 2, 0.8 * height, length / 2])
    for _ in range(20):
        angle, part = random.uniform(0, 2 * np.pi), random.uniform(0.6, 0.85)
        offset = np.array([np.cos(angle) * width / 2, 0, np.sin(angle) * length / 2]) * part
        place = middle + offset + np.array([0, random.uniform(1.1, 1.8), 0])
        if not any(_is_near(place, solid) for solid in solids):
            break
    aim = middle + np.array([random.uniform(-0.6, 0.6), random.uniform(0.5, 1.2), random.uniform(-0.6, 0.6)])
    ahead = (aim - place) / np.linalg.norm(aim - place)
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(ahead, right), ahead])
    return Camera(place, axes, float(np.tan(random.uniform(0.50, 0.62))))


def _is_near(place: Float[np.ndarray, " 3"], solid: Solid) -> bool:
    corners = solid.corners()
    return bool((place > corners.min(0) - _NEAREST).all() and (place < corners.max(0) + _NEAREST).all())
