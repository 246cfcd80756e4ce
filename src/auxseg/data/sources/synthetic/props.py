"""What stands around the animal and in front of it: the same solids in the same coats, but nobody's head or tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy.random import Generator

from auxseg.data.sources.synthetic.coats import Coat
from auxseg.data.sources.synthetic.painting import Light, Skin, paint_pattern, paint_solid, prop_skin
from auxseg.data.sources.synthetic.shapes import Cones, Window, coverage, distances_at, rasterize
from auxseg.data.sources.synthetic.textures import Texture, lookup
from auxseg.records.values.size import Size

_TEXTURES: tuple[Texture, ...] = ("fur", "fur", "grain")


@dataclass(frozen=True)
class Layer:
    """Colours and opacity in a window, ready to be laid over a picture."""

    window: Window
    colours: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"]

    def lay_over(self, picture: Float32[np.ndarray, "H W 3"]) -> None:
        """Blend into a whole picture, in place."""
        height, width = picture.shape[:2]
        here = self.window.within(Window.image(Size(height, width)))
        picture[here] += self.alpha[..., None] * (self.colours - picture[here])


@dataclass(frozen=True)
class Solid:
    """A prop made of round cones."""

    cones: Cones
    skin: Skin

    def paint(self, light: Light, size: Size) -> Layer:
        """The prop as it is seen in the image."""
        side = size.shorter
        window = Window.around(self.cones.boxes(), side, 1 / side).clip(Window.image(size))
        surface = rasterize(self.cones, side, window, 1 / side)
        colours = paint_solid(surface, self.cones, self.skin, light, side)
        return Layer(window, colours, coverage(surface.distance, side))

    def hides(self, points: Float[np.ndarray, "N 2"]) -> Bool[np.ndarray, " N"]:
        """Which points of the image lie behind it."""
        return distances_at(points, self.cones).min(axis=0) < 0


@dataclass(frozen=True)
class Slab:
    """A plank, post or cupboard: a turned rectangle with half sides ``half`` (image sides), in a coat's pattern."""

    centre: Float32[np.ndarray, " 2"]
    half: Float32[np.ndarray, " 2"]
    degrees: float
    skin: Skin

    def paint(self, light: Light, size: Size) -> Layer:
        """The slab as it is seen in the image."""
        side = size.shorter
        reach = float(np.hypot(*self.half))
        box = np.concatenate([self.centre - reach, self.centre + reach])[None]
        window = Window.around(box, side, 0.0).clip(Window.image(size))
        x, y = window.pixels(side)
        u, v = self._turn(x - self.centre[0], y - self.centre[1])
        distance = np.maximum(np.abs(u) - self.half[0], np.abs(v) - self.half[1])
        edge = np.clip(-distance / np.float32(0.012), 0, 1)
        density = side * self.skin.scale
        u = u / np.float32(self.skin.scale) + self.skin.origin[0]
        v = v / np.float32(self.skin.scale) + self.skin.origin[1]
        marked = paint_pattern(self.skin.coat.pattern, u, v, density)[..., None]
        base, mark = np.array(self.skin.coat.base, np.float32), np.array(self.skin.coat.mark, np.float32)
        grain = 1 + np.float32(self.skin.contrast) * lookup(self.skin.texture, u, v, density)
        shade = (light.ambient + (1 - light.ambient) * light.direction[2]) * (0.8 + 0.2 * edge) * grain
        return Layer(window, (base + marked * (mark - base)) * shade[..., None], coverage(distance, side))

    def hides(self, points: Float[np.ndarray, "N 2"]) -> Bool[np.ndarray, " N"]:
        """Which points of the image lie behind it."""
        u, v = self._turn(*(points.astype(np.float32) - self.centre).T)
        return (np.abs(u) < self.half[0]) & (np.abs(v) < self.half[1])

    def _turn(
        self, x: Float32[np.ndarray, "*#s"], y: Float32[np.ndarray, "*#s"]
    ) -> tuple[Float32[np.ndarray, "*s"], Float32[np.ndarray, "*s"]]:
        c, s = np.float32(np.cos(np.radians(self.degrees))), np.float32(np.sin(np.radians(self.degrees)))
        return x * c + y * s, y * c - x * s


Prop = Solid | Slab
Ball = tuple[float | int, ...]
Place = Float[np.ndarray, " 2"]


def make_prop(coat: Coat, place: Place, scale: float, rng: Generator) -> Prop:
    """A random thing of about this length, in this coat, standing around this place."""
    maker = _MAKERS[rng.integers(len(_MAKERS))]
    return maker(coat, place, scale, rng)


def make_occluder(coat: Coat, place: Place, scale: float, rng: Generator) -> Prop:
    """A random thing to stand in front of this place: slender, or small beside an animal."""
    maker = _FRONT_MAKERS[rng.integers(len(_FRONT_MAKERS))]
    return maker(coat, place, scale, rng)


def _solid(coat: Coat, place: Place, scale: float, rng: Generator, balls: list[Ball]) -> Solid:
    """Cones from rows ``x0 y0 z0 x1 y1 z1 r0 r1`` in prop lengths (y down), put in their place."""
    rows = scale * np.array(balls)
    offset = np.array([*place, 0])
    cones = Cones(rows[:, :3] + offset, rows[:, 3:6] + offset, rows[:, 6:])
    texture = _TEXTURES[rng.integers(len(_TEXTURES))]
    return Solid(cones, prop_skin(coat, len(cones), texture, scale, rng))


def _cushion(coat: Coat, place: Place, scale: float, rng: Generator) -> Solid:
    angle = rng.uniform(-0.5, 0.5)
    x, y = 0.3 * np.cos(angle), 0.3 * np.sin(angle)
    first, last = rng.uniform(0.15, 0.3, 2)
    lump = (*rng.uniform(-0.2, 0.2, 2), 0.05)
    return _solid(coat, place, scale, rng, [(-x, -y, 0, x, y, 0, first, last), (*lump, *lump, 0.25, 0.25)])


def _stool(coat: Coat, place: Place, scale: float, rng: Generator) -> Solid:
    """A seat on four legs: as near to a standing torso as furniture comes."""
    seat, leg = rng.uniform(0.12, 0.2), rng.uniform(0.25, 0.5)
    balls: list[Ball] = [(-0.3, 0, 0, 0.3, 0, 0, seat, seat * rng.uniform(0.8, 1.1))]
    for x, z in ((-0.32, -0.1), (0.28, -0.1), (-0.26, 0.1), (0.33, 0.1)):
        balls.append((x, 0, z, x * rng.uniform(0.9, 1.3), leg + 0.3 * z, z, 0.07, 0.04))
    return _solid(coat, place, scale, rng, balls)


def _branch(coat: Coat, place: Place, scale: float, rng: Generator) -> Solid:
    """A bent branch or cord, with the run of a tail."""
    angle, bend = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
    width = rng.uniform(0.025, 0.07)
    at, balls = np.array([-0.5 * np.cos(angle), -0.5 * np.sin(angle)]), []
    for piece in range(6):
        end = at + 0.2 * np.array([np.cos(angle + piece * bend), np.sin(angle + piece * bend)])
        balls.append((*at, 0, *end, 0, width, 0.9 * width))
        at, width = end, 0.9 * width
    return _solid(coat, place, scale, rng, balls)


def _leaves(coat: Coat, place: Place, scale: float, rng: Generator) -> Solid:
    """A fan of pointed leaves: triangles like ears."""
    balls, spread = [], rng.uniform(0.3, 0.9)
    for angle in np.linspace(-spread, spread, rng.integers(3, 8)) + rng.normal(0, 0.15):
        tip = rng.uniform(0.6, 1.1) * np.array([np.sin(angle), -np.cos(angle), rng.uniform(0, 0.1)])
        width = rng.uniform(0.04, 0.09)
        balls.append((0, 0, 0, *(0.45 * tip), 0.02, width))
        balls.append((*(0.45 * tip), *tip, width, 0.008))
    return _solid(coat, place, scale, rng, balls)


def _ball(coat: Coat, place: Place, scale: float, rng: Generator) -> Solid:
    """A ball with one or two knobs."""
    radius = rng.uniform(0.2, 0.35)
    balls: list[Ball] = [(0, 0, 0, 0.01, 0, 0, radius, radius)]
    for angle in rng.uniform(-np.pi, np.pi, rng.integers(0, 3)):
        x, y = radius * np.cos(angle), radius * np.sin(angle)
        balls.append((x, y, 0, 1.4 * x, 1.4 * y, 0, 0.12, 0.06))
    return _solid(coat, place, scale, rng, balls)


def _slab(coat: Coat, place: Place, scale: float, rng: Generator) -> Slab:
    half = scale * rng.uniform(0.15, 0.6, 2)
    return _board(coat, place, half, rng.normal(0, 8), rng)


def _post(coat: Coat, place: Place, scale: float, rng: Generator) -> Slab:
    half = scale * np.array([rng.uniform(0.05, 0.13), 3.0])
    return _board(coat, place, half, rng.normal(0, 10) + 90 * (rng.random() < 0.3), rng)


def _board(coat: Coat, place: Place, half: Float[np.ndarray, " 2"], degrees: float, rng: Generator) -> Slab:
    texture = _TEXTURES[rng.integers(len(_TEXTURES))]
    skin = prop_skin(coat, 1, texture, rng.uniform(0.4, 0.8), rng)
    return Slab(place.astype(np.float32), half.astype(np.float32), degrees, skin)


_MAKERS = (_cushion, _cushion, _stool, _branch, _leaves, _ball, _slab)
_FRONT_MAKERS = (_branch, _leaves, _post, _cushion)
