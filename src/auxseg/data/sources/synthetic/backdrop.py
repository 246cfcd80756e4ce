"""Wall and floor, or meadow and trees: two surfaces that meet at a horizon.

Shape legend: ``H W`` the image's size.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32
from numpy.random import Generator

from auxseg.data.sources.synthetic.coats import Coat, Pattern
from auxseg.data.sources.synthetic.painting import paint_pattern
from auxseg.data.sources.synthetic.shapes import Window
from auxseg.data.sources.synthetic.textures import Texture, lookup, smoothstep
from auxseg.records.values.size import Size

_PATTERNS: tuple[Pattern, ...] = ("plain", "stripes", "patches", "spots")
_TEXTURES: tuple[Texture, ...] = ("fur", "grain", "cloud")


def paint_backdrop(wall: Coat, floor: Coat, horizon: float, size: Size, rng: Generator) -> Float32[np.ndarray, "H W 3"]:
    """Both surfaces in the colours of a coat; the floor recedes towards the horizon."""
    side = size.shorter
    x, y = Window.image(size).pixels(side)
    x, y = np.broadcast_arrays(x, y)
    lean = np.float32(rng.normal(0, 0.06))
    above = np.float32(horizon) - y + lean * (x - 0.5)
    nearness = np.maximum(-above, 0) + np.float32(0.25)
    upper = _paint(wall, x, y, side, rng)
    lower = _paint(floor, (x - 0.5) * np.float32(0.45) / nearness, np.float32(-0.2) / nearness, side, rng)
    share = smoothstep(above * np.float32(side), -0.5, 0.5)[..., None]
    return lower + share * (upper - lower)


def _paint(
    coat: Coat, u: Float32[np.ndarray, "H W"], v: Float32[np.ndarray, "H W"], side: int, rng: Generator
) -> Float32[np.ndarray, "H W 3"]:
    """A surface with a coat's colours, in a random pattern and at a random angle and grain."""
    angle, zoom = rng.uniform(0, np.pi), rng.uniform(0.8, 2.0)
    c, s = np.float32(zoom * np.cos(angle)), np.float32(zoom * np.sin(angle))
    origin = rng.random(2, dtype=np.float32)
    u, v = u * c + v * s + origin[0], v * c - u * s + origin[1]
    density = side / zoom
    pattern = _PATTERNS[rng.integers(len(_PATTERNS))]
    texture = _TEXTURES[rng.integers(len(_TEXTURES))]
    marked = (np.float32(rng.uniform(0.15, 0.7)) * paint_pattern(pattern, u, v, density))[..., None]
    base, mark = np.array(coat.base, np.float32), np.array(coat.mark, np.float32)
    uneven = 1 + np.float32(0.06) * lookup("cloud", 0.7 * u, 0.7 * v, density / 0.7)
    grain = uneven + np.float32(rng.uniform(0.05, 0.16)) * lookup(texture, u, v, density)
    return (base + marked * (mark - base)) * (np.float32(0.85) * grain)[..., None]
