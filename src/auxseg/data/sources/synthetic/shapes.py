"""Round cones on a pixel grid: the only solid that animals and props are made of.

A round cone is the convex hull of two balls. Seen from far away it projects to the hull of two discs, whose signed
distance has a closed form (Inigo Quilez, "2D distance functions",
https://iquilezles.org/articles/distfunctions2d/), so silhouettes are exact at every resolution. Coordinates are in
image sides, of which ``size`` is the number of pixels: x to the right, y down, z towards the viewer.

Shape legend: ``P`` cones, ``h w`` a window of the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from auxseg.records.values.size import Size

_FAR = np.float32(1e3)

Numbers = np.ndarray | float


@dataclass(frozen=True)
class Cones:
    """Round cones between the balls ``(start, radii[0])`` and ``(end, radii[1])``."""

    start: Float[np.ndarray, "P 3"]
    end: Float[np.ndarray, "P 3"]
    radii: Float[np.ndarray, "P 2"]

    def __len__(self) -> int:
        return len(self.start)

    def boxes(self) -> Float[np.ndarray, "P 4"]:
        """The smallest rectangle ``x0 y0 x1 y1`` around the silhouette of each cone."""
        start, end = self.start[:, :2], self.end[:, :2]
        first, last = self.radii[:, :1], self.radii[:, 1:]
        low = np.minimum(start - first, end - last)
        return np.concatenate([low, np.maximum(start + first, end + last)], axis=1)

    def only(self, chosen: Bool[np.ndarray, " P"]) -> Cones:
        """The chosen cones, in the same order."""
        return Cones(self.start[chosen], self.end[chosen], self.radii[chosen])


class Window(NamedTuple):
    """A half-open rectangle of pixels; it may reach beyond the image."""

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def each(cls, boxes: Float[np.ndarray, "P 4"], size: int, margin: float) -> list[Window]:
        """For each rectangle in image sides, its pixels and those of a margin around it."""
        low, high = np.floor((boxes[:, :2] - margin) * size), np.ceil((boxes[:, 2:] + margin) * size)
        return [cls(*corners) for corners in np.concatenate([low, high], axis=1).astype(int).tolist()]

    @classmethod
    def around(cls, boxes: Float[np.ndarray, "P 4"], size: int, margin: float) -> Window:
        """The smallest window around the rectangles and a margin."""
        box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
        return cls.each(box[None], size, margin)[0]

    @classmethod
    def image(cls, size: Size) -> Window:
        """The whole image: the square of side 1, in the middle, and what there is on both sides of it."""
        left, top = (size.width - size.shorter) // 2, (size.height - size.shorter) // 2
        return cls(-left, -top, size.width - left, size.height - top)

    def clip(self, other: Window) -> Window:
        """The part inside another window; empty (but not negative) if there is none."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        return Window(x0, y0, max(x0, min(self.x1, other.x1)), max(y0, min(self.y1, other.y1)))

    def join(self, other: Window) -> Window:
        """The smallest window around both."""
        low = min(self.x0, other.x0), min(self.y0, other.y0)
        return Window(*low, max(self.x1, other.x1), max(self.y1, other.y1))

    def within(self, outer: Window) -> tuple[slice, slice]:
        """Where an array over ``outer`` holds this window."""
        return slice(self.y0 - outer.y0, self.y1 - outer.y0), slice(self.x0 - outer.x0, self.x1 - outer.x0)

    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.x1 <= self.x0 or self.y1 <= self.y0

    def pixels(self, size: int) -> tuple[Float32[np.ndarray, "1 w"], Float32[np.ndarray, "h 1"]]:
        """Centres of the columns and rows, in image sides."""
        x = (np.arange(self.x0, self.x1, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        y = (np.arange(self.y0, self.y1, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        return x[None, :], y[:, None]


@dataclass(frozen=True)
class Surface:
    """What is seen of a solid in a window: signed distance to the silhouette, depth, and the nearest cone."""

    window: Window
    distance: Float32[np.ndarray, "h w"]
    depth: Float32[np.ndarray, "h w"]
    cone: Int[np.ndarray, "h w"]


class Axes(NamedTuple):
    """Cones as the distance formula wants them; one number per cone, or per pixel once a cone is chosen for each."""

    x: Numbers
    y: Numbers
    across: Numbers
    down: Numbers
    length: Numbers
    tangent: Numbers
    radius: Numbers
    growth: Numbers
    z: Numbers
    rise: Numbers

    @classmethod
    def of(cls, cones: Cones) -> Axes:
        """Project the cones along z."""
        step = cones.end - cones.start
        # A ball, or a cone that points at the viewer, has no direction in the image: any will do.
        step[np.hypot(step[:, 0], step[:, 1]) < 1e-5, 0] = 1e-5
        length = np.hypot(step[:, 0], step[:, 1])
        growth = cones.radii[:, 1] - cones.radii[:, 0]
        # A ball that hides the other one: the slope's limit makes the formula choose the larger, but for a sliver along
        # the axis, beyond the hidden ball. It is thinner than a pixel in small images, and mending it would change
        # every picture of the generator.
        sine = np.clip(-growth / length, -0.999, 0.999)
        tangent = sine / np.sqrt(1 - sine * sine)
        columns = (*cones.start[:, :2].T, *(step[:, :2] / length[:, None]).T, length, tangent)
        columns = (*columns, cones.radii[:, 0], growth, cones.start[:, 2], step[:, 2])
        return cls(*(column.astype(np.float32) for column in columns))

    def each(self) -> list[Axes]:
        """One by one; plain numbers are quicker than arrays of one."""
        return [Axes(*cone) for cone in np.stack(self).T.tolist()]

    def choose(self, cone: Int[np.ndarray, "h w"]) -> Axes:
        """One for each pixel."""
        return Axes(*(column[cone] for column in np.stack(self)))

    def nearest(
        self, x: Float32[np.ndarray, "#h #w"], y: Float32[np.ndarray, "#h #w"]
    ) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
        """For each point: the share of the way along the axis to its nearest ball, and its place along and across."""
        x, y = x - self.x, y - self.y
        along = x * self.across + y * self.down
        across = y * self.across - x * self.down
        share = np.clip((along - np.abs(across) * self.tangent) / self.length, 0, 1)
        return share, along, across


def rasterize(cones: Cones, size: int, window: Window, margin: float) -> Surface:
    """The union of the cones in a window; farther than ``margin`` outside a cone its distance counts as endless."""
    shape = (window.y1 - window.y0, window.x1 - window.x0)
    surface = Surface(window, np.full(shape, _FAR), np.full(shape, -_FAR), np.zeros(shape, np.int32))
    for index, part, distance, depth in each_cone(cones, size, window, margin):
        here = part.within(window)
        np.minimum(surface.distance[here], distance, out=surface.distance[here])
        nearer = depth > surface.depth[here]
        np.copyto(surface.depth[here], depth, where=nearer)
        surface.cone[here][nearer] = index
    return surface


def each_cone(
    cones: Cones, size: int, window: Window, margin: float
) -> Iterator[tuple[int, Window, Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]]:
    """For each cone that reaches into the window: its index, its own window, its distance and its depth there."""
    x, y = window.pixels(size)
    parts = Window.each(cones.boxes(), size, margin)
    for index, (part, axes) in enumerate(zip(parts, Axes.of(cones).each(), strict=True)):
        part = part.clip(window)
        if not part.empty():
            rows, columns = part.within(window)
            yield index, part, *_ball_distance(axes, x[:, columns], y[rows])


def _ball_distance(
    axes: Axes, x: Float32[np.ndarray, "#h #w"], y: Float32[np.ndarray, "#h #w"]
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Signed distance to one cone's silhouette, and the depth of its surface (falling steeply outside)."""
    share, along, across = axes.nearest(x, y)
    off_centre = along - share * axes.length
    squared = off_centre * off_centre + across * across
    radius = axes.radius + share * axes.growth
    distance = np.sqrt(squared) - radius
    height = np.sqrt(np.maximum(radius * radius - squared, 0))
    return distance, axes.z + share * axes.rise + height - 4 * np.maximum(distance, 0)


def distances_at(points: Float[np.ndarray, "N 2"], cones: Cones) -> Float32[np.ndarray, "P N"]:
    """Signed distance of every point of the image to every cone's silhouette."""
    axes = Axes(*np.stack(Axes.of(cones))[..., None])
    return _ball_distance(axes, *points.T.astype(np.float32)[:, None])[0]


def coverage(distance: Float32[np.ndarray, "h w"], size: int) -> Float32[np.ndarray, "h w"]:
    """Share of a pixel inside a silhouette; at least half exactly where the pixel's centre is inside."""
    return np.clip(np.float32(0.5) - distance * np.float32(size), 0, 1)
