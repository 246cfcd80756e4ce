"""One generated sample, composed from layers whose silhouettes are known exactly.

Shape legend: ``H W`` the image's size, ``N`` points on the animal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy.random import PCG64, Generator, SeedSequence

from auxseg.data.sources.synthetic.animal import Animal, make_animal
from auxseg.data.sources.synthetic.backdrop import paint_backdrop
from auxseg.data.sources.synthetic.breeds import Breed
from auxseg.data.sources.synthetic.camera import expose, illuminate, make_light
from auxseg.data.sources.synthetic.coats import COATS, SURROUNDINGS, Coat
from auxseg.data.sources.synthetic.painting import Light, vary
from auxseg.data.sources.synthetic.portrait import Head, paint_animal
from auxseg.data.sources.synthetic.props import Prop, make_occluder, make_prop
from auxseg.data.sources.synthetic.shapes import Window
from auxseg.records.values.size import Size

_MOST_HIDDEN = 0.35
"""Share of the animal that things in front of it may hide."""


@dataclass(frozen=True)
class Layers:
    """A finished sample and the silhouettes it was made from.

    ``mask`` is 1 where the animal gives at least half of a pixel's colour; ``animal`` is its opacity before anything
    stands in front of it; ``head`` and the half-open ``head_box`` ignore what hides the head.
    """

    image: UInt8[np.ndarray, "H W 3"]
    mask: UInt8[np.ndarray, "H W"]
    animal: Float32[np.ndarray, "H W"]
    head: Head
    head_box: Window | None


def render(breed: Breed, seed: int, index: int, size: Size) -> Layers:
    """Generate sample ``index`` of the data set ``seed``; another size shows the same scene."""
    root = Generator(PCG64(SeedSequence([seed, index])))
    subject, fur, surroundings, front, lamp, sensor = root.spawn(6)
    animal = make_animal(breed, subject)
    coat = vary(breed.coats[subject.integers(len(breed.coats))], subject)
    light = make_light(lamp)
    picture = _surroundings(animal, coat, light, size, surroundings)
    layer, head = paint_animal(animal, coat, light, size, fur)
    layer.lay_over(picture)
    opacity = np.zeros((*size,), np.float32)
    opacity[layer.window.within(Window.image(size))] = layer.alpha
    share = opacity.copy()
    for prop in _occluders(animal, coat, front):
        layer = prop.paint(light, size)
        layer.lay_over(picture)
        share[layer.window.within(Window.image(size))] *= 1 - layer.alpha
    image = expose(illuminate(picture, lamp), sensor)
    return Layers(image, (share >= 0.5).astype(np.uint8), opacity, head, head.box(size))


def _surroundings(animal: Animal, coat: Coat, light: Light, size: Size, rng: Generator) -> Float32[np.ndarray, "H W 3"]:
    """Backdrop, things around the animal, and the shadow under it."""
    boxes = animal.cones.boxes()
    ground = float(boxes[:, 3].max())
    horizon = ground - rng.uniform(0.05, 0.5)
    wall, floor = (_some_coat(coat, rng, own=0.03, furry=0.15) for _ in range(2))
    picture = paint_backdrop(wall, floor, horizon, size, rng)
    props = [(rng.uniform(-0.05, 1.05), rng.uniform(0.05, 1.0)) for _ in range(rng.integers(3, 8))]
    for x, y in sorted(props, key=lambda place: place[1]):
        scale = rng.uniform(0.18, 0.45)
        prop = make_prop(_some_coat(coat, rng, own=0.07, furry=0.18), np.array([x, y]), scale, rng)
        prop.paint(light, size).lay_over(picture)
    _cast_shadow(picture, animal, ground)
    return picture


def _some_coat(worn: Coat, rng: Generator, own: float, furry: float) -> Coat:
    """With these probabilities the animal's own coat or any animal's; else one that only things wear."""
    draw = rng.random()
    if draw < own:
        return vary(worn, rng)
    several = COATS if draw < own + furry else SURROUNDINGS
    return vary(several[rng.integers(len(several))], rng)


def _cast_shadow(picture: Float32[np.ndarray, "H W 3"], animal: Animal, ground: float) -> None:
    """Darken the floor where the animal touches it."""
    boxes = animal.cones.boxes()
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    height, width = picture.shape[:2]
    size = Size(height, width)
    x, y = Window.image(size).pixels(size.shorter)
    wide, high = np.float32(0.45 * (right - left)), np.float32(0.06 * animal.scale)
    x, y = (x - np.float32((left + right) / 2)) / wide, (y - np.float32(ground - 0.03 * animal.scale)) / high
    picture *= (1 - np.float32(0.45) * np.exp(-x * x - y * y))[..., None]


def _occluders(animal: Animal, coat: Coat, rng: Generator) -> Iterator[Prop]:
    """Up to two things in front of the animal that together leave enough of it to be seen."""
    points = _inner_points(animal)
    hidden = np.zeros(len(points), bool)
    boxes = animal.cones.boxes()
    low, high = np.maximum(boxes[:, :2].min(axis=0), 0), np.minimum(boxes[:, 2:].max(axis=0), 1)
    for _ in range(rng.choice(3, p=(0.4, 0.4, 0.2))):
        place = low + (high - low) * rng.random(2)
        prop = make_occluder(_some_coat(coat, rng, own=0.07, furry=0.18), place, rng.uniform(0.2, 0.45), rng)
        together = hidden | prop.hides(points)
        if together.mean() <= _MOST_HIDDEN:
            hidden = together
            yield prop


def _inner_points(animal: Animal) -> Float[np.ndarray, "N 2"]:
    """Places inside the silhouette and the image, denser on larger parts; the same ones at every size."""
    shares = np.linspace(0, 1, 3)[:, None, None]
    axes = animal.cones.start + shares * (animal.cones.end - animal.cones.start)
    angles = np.arange(6) * np.pi / 3
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    radii = np.minimum(animal.cones.radii[:, 0], animal.cones.radii[:, 1])[:, None, None]
    points = (axes[:, :, None, :2] + 0.6 * radii * ring).reshape(-1, 2)
    return points[((points > 0) & (points < 1)).all(axis=1)]
