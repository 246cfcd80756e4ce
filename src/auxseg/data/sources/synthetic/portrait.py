"""The animal as a layer of the picture, and its head's silhouette.

Shape legend: ``h w`` the animal's window of the image, ``a b`` the head's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from numpy.random import Generator

from auxseg.data.sources.synthetic.animal import Animal
from auxseg.data.sources.synthetic.coats import Coat
from auxseg.data.sources.synthetic.painting import Light, animal_skin, paint_solid
from auxseg.data.sources.synthetic.props import Layer
from auxseg.data.sources.synthetic.shapes import Surface, Window, coverage, each_cone, rasterize
from auxseg.data.sources.synthetic.textures import lookup
from auxseg.records.values.size import Size

_RAGGED = 0.009
"""How far fur of roughness 1 sticks out, in animal lengths, for one standard deviation of the noise."""

_LONGEST = 2.0
"""Standard deviations at which a strand ends."""


@dataclass(frozen=True)
class Head:
    """All pixels of the head with its ears, also those outside the image or behind something."""

    window: Window
    silhouette: Bool[np.ndarray, "a b"]

    def box(self, size: Size) -> Window | None:
        """Bounding box in pixels of the image, clipped to it; none if most of the head is outside it."""
        image = Window.image(size)
        visible = self.silhouette[self.window.clip(image).within(self.window)]
        if 2 * visible.sum() < self.silhouette.sum():
            return None
        columns, rows = np.flatnonzero(self.silhouette.any(axis=0)), np.flatnonzero(self.silhouette.any(axis=1))
        x0, y0 = self.window.x0 + int(columns[0]), self.window.y0 + int(rows[0])
        x1, y1 = self.window.x0 + int(columns[-1]) + 1, self.window.y0 + int(rows[-1]) + 1
        seen = Window(x0, y0, x1, y1).clip(image)
        return Window(seen.x0 - image.x0, seen.y0 - image.y0, seen.x1 - image.x0, seen.y1 - image.y0)


def paint_animal(animal: Animal, coat: Coat, light: Light, size: Size, rng: Generator) -> tuple[Layer, Head]:
    """The animal in its coat, before anything stands in front of it, and the whole of its head."""
    image, side = Window.image(size), size.shorter
    margin = _LONGEST * _RAGGED * animal.roughness * animal.scale + 2 / side
    head_cones = animal.cones.only(animal.head)
    head_window = Window.around(head_cones.boxes(), side, margin)
    window = Window.around(animal.cones.boxes(), side, margin).clip(image).join(head_window)
    skin = animal_skin(coat, animal, rng)
    surface = rasterize(animal.cones, side, window, margin)
    strands = _strands(animal, window, side, rng)
    head = rasterize(head_cones, side, head_window, margin).distance - strands[head_window.within(window)]
    colours = paint_solid(surface, animal.cones, skin, light, side)
    _paint_decals(colours, animal, surface, side)
    here = window.clip(image).within(window)
    alpha = coverage(surface.distance - strands, side)
    return Layer(window.clip(image), colours[here], alpha[here]), Head(head_window, head <= 0)


def _strands(animal: Animal, window: Window, size: int, rng: Generator) -> Float32[np.ndarray, "h w"]:
    """How far the fur's outline stands off the skin, in image sides."""
    u, v = np.broadcast_arrays(*(side / np.float32(animal.scale) for side in window.pixels(size)))
    origin = rng.random(2, dtype=np.float32)
    noise = lookup("grain", u + origin[0], v + origin[1], size * animal.scale)
    return np.float32(_RAGGED * animal.roughness * animal.scale) * np.clip(noise, -_LONGEST, _LONGEST)


def _paint_decals(colours: Float32[np.ndarray, "h w 3"], animal: Animal, surface: Surface, size: int) -> None:
    """Paint eyes and nose onto the animal's colours, where no other part is in front of them."""
    depths = np.minimum(animal.decals.start[:, 2], animal.decals.end[:, 2]) + 0.02 * animal.scale
    for index, window, distance, _ in each_cone(animal.decals, size, surface.window, 1 / size):
        here = window.within(surface.window)
        alpha = (coverage(distance, size) * (surface.depth[here] < depths[index]))[..., None]
        colours[here] += alpha * (animal.decal_colours[index] - colours[here])
