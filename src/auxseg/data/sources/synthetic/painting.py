"""Colour, pattern and fur on a solid, lit by one light.

Shape legend: ``P`` cones, ``h w`` a window of the image, ``m`` channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy.random import Generator
from scipy.ndimage import uniform_filter

from auxseg.data.sources.synthetic.animal import Animal
from auxseg.data.sources.synthetic.coats import RGB, Coat, Part, Pattern
from auxseg.data.sources.synthetic.shapes import Axes, Cones, Surface
from auxseg.data.sources.synthetic.textures import Texture, lookup, smoothstep

_FINENESS = 1.6
"""Texture units per length of a solid."""


@dataclass(frozen=True)
class Light:
    """A distant light: where it stands (a unit vector in image axes) and how much comes from everywhere."""

    direction: Float32[np.ndarray, " 3"]
    ambient: float


@dataclass(frozen=True)
class Skin:
    """What a solid wears: a colour for each cone, and how strongly the coat's pattern and belly show there.

    ``scale`` is the solid's length in image sides, ``origin`` where in the textures it starts.
    """

    coat: Coat
    colours: Float32[np.ndarray, "P 3"]
    pattern: Float32[np.ndarray, " P"]
    belly: Float32[np.ndarray, " P"]
    texture: Texture
    contrast: float
    scale: float
    origin: Float32[np.ndarray, " 2"]


def vary(coat: Coat, rng: Generator, amount: float = 0.05) -> Coat:
    """The coat of one individual: lighter or darker, and of a slightly different hue."""
    factor = rng.uniform(1 - 3 * amount, 1 + 3 * amount) * (1 + 0.7 * amount * rng.standard_normal(3))

    def shade(colour: RGB) -> RGB:
        red, green, blue = np.clip(np.array(colour) * factor, 0.03, 0.97).tolist()
        return red, green, blue

    return Coat(shade(coat.base), shade(coat.mark), shade(coat.light), coat.pattern, coat.marked, coat.lit, coat.belly)


def animal_skin(coat: Coat, animal: Animal, rng: Generator) -> Skin:
    """Dress an animal: parts that the coat marks or lights have colours of their own."""

    def colour(part: Part) -> RGB:
        return coat.mark if part in coat.marked else coat.light if part in coat.lit else coat.base

    plain = coat.marked | coat.lit
    return Skin(
        coat=coat,
        colours=np.array([colour(part) for part in animal.parts], np.float32),
        pattern=np.array([float(part not in plain) for part in animal.parts], np.float32),
        belly=np.array([float(part in ("torso", "neck")) for part in animal.parts], np.float32),
        texture="fur",
        contrast=0.1 + 0.08 * min(animal.roughness, 1.0),
        scale=animal.scale,
        origin=rng.random(2, dtype=np.float32),
    )


def prop_skin(coat: Coat, num_cones: int, texture: Texture, scale: float, rng: Generator) -> Skin:
    """Dress a prop in the coat's pattern from end to end."""
    ones = np.ones(num_cones, np.float32)
    return Skin(
        coat=coat,
        colours=np.tile(np.array(coat.base, np.float32), (num_cones, 1)),
        pattern=ones,
        belly=ones,
        texture=texture,
        contrast=rng.uniform(0.08, 0.2),
        scale=scale,
        origin=rng.random(2, dtype=np.float32),
    )


def paint_pattern(
    pattern: Pattern, u: Float32[np.ndarray, "h w"], v: Float32[np.ndarray, "h w"], density: float
) -> Float32[np.ndarray, "h w"]:
    """How much of the mark's colour shows at each place, from 0 to 1."""
    if pattern == "plain":
        return np.zeros_like(u)
    if pattern == "stripes":
        bend = lookup("cloud", u, v, density)
        return smoothstep(np.sin(2 * np.pi * 5.5 * u + 1.3 * bend), 0.05, 0.55)
    if pattern == "spots":
        return smoothstep(lookup("spots", 0.8 * u, 0.8 * v, density / 0.8), 0.9, 1.2)
    return smoothstep(lookup("cloud", 0.8 * u, 0.8 * v, density / 0.8), 0.1, 0.5)


def paint_solid(surface: Surface, cones: Cones, skin: Skin, light: Light, size: int) -> Float32[np.ndarray, "h w 3"]:
    """Colours of a solid's surface: pattern, belly and fur, shaded by the light and by what stands in front."""
    normal, u, v = _geometry(surface, cones, size)
    # Every cone has a piece of the texture to itself.
    pieces = np.arange(len(cones), dtype=np.float32)
    u = u * np.float32(_FINENESS / skin.scale) + (skin.origin[0] + np.float32(0.37) * pieces)[surface.cone]
    v = v * np.float32(_FINENESS / skin.scale) + (skin.origin[1] + np.float32(0.61) * pieces)[surface.cone]
    density = size * skin.scale / _FINENESS
    strands = lookup(skin.texture, u, v, density)
    marked = paint_pattern(skin.coat.pattern, u, v, density)
    maps = np.dstack([normal, surface.depth, skin.pattern[surface.cone], skin.colours[surface.cone]])
    maps = _smooth(maps, surface, size, skin.scale)
    normal, depth, pattern, base = maps[..., :2], maps[..., 2], maps[..., 3], maps[..., 4:]
    lit = smoothstep(normal[..., 1] + np.float32(0.12) * strands, 0.25, 0.6)
    lit = lit * (skin.belly * np.float32(skin.coat.belly))[surface.cone]
    colour = _mix(_mix(base, skin.coat.mark, pattern * marked), skin.coat.light, lit)
    behind = np.clip((depth - surface.depth) * np.float32(3 / skin.scale), 0, 0.4)
    shade = _shade(normal, light) * (1 - behind) * (1 + np.float32(skin.contrast) * strands)
    return colour * shade[..., None]


def _mix(
    colours: Float32[np.ndarray, "h w 3"], other: RGB, share: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    return colours + share[..., None] * (np.array(other, np.float32) - colours)


def _shade(normal: Float32[np.ndarray, "h w 2"], light: Light) -> Float32[np.ndarray, "h w"]:
    """Lambert's cosine law, and light from everywhere."""
    nx, ny = normal[..., 0], normal[..., 1]
    # Kept off zero: rims that face sideways would be black.
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0.05))
    cosine = nx * light.direction[0] + ny * light.direction[1] + nz * light.direction[2]
    return light.ambient + (1 - light.ambient) * np.maximum(cosine, 0)


def _geometry(
    surface: Surface, cones: Cones, size: int
) -> tuple[Float32[np.ndarray, "h w 2"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """The normal's x and y, and the place along and across the nearest cone's axis, in image sides."""
    axes = Axes.of(cones).choose(surface.cone)
    share, along, across = axes.nearest(*surface.window.pixels(size))
    off_centre = (along - share * axes.length) / (axes.radius + share * axes.growth)
    sideways = across / (axes.radius + share * axes.growth)
    # Pixels just outside the silhouette have the normal of its rim.
    rim = np.maximum(np.hypot(off_centre, sideways), 1)
    off_centre, sideways = off_centre / rim, sideways / rim
    nx = off_centre * axes.across - sideways * axes.down
    ny = off_centre * axes.down + sideways * axes.across
    return np.dstack([nx, ny]), along, across


def _smooth(
    maps: Float32[np.ndarray, "h w m"], surface: Surface, size: int, scale: float
) -> Float32[np.ndarray, "h w m"]:
    """Average over a small square of the solid itself, so that its parts run into one another."""
    solid = (surface.distance < 1.5 / size).astype(np.float32)[..., None]
    width = 2 * round(0.018 * scale * size) + 1
    sums = uniform_filter(np.concatenate([maps * solid, solid], axis=2), width, mode="nearest", axes=(0, 1))
    return sums[..., :-1] / np.maximum(sums[..., -1:], np.float32(1e-3))
