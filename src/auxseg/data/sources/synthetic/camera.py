"""Light on the whole picture, and the sensor that takes it.

Shape legend: ``H W`` the image's size.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from auxseg.data.sources.synthetic.painting import Light
from auxseg.data.sources.synthetic.shapes import Window
from auxseg.data.sources.synthetic.textures import lookup, smoothstep
from auxseg.records.values.size import Size


def make_light(rng: Generator) -> Light:
    """A lamp or sun above the scene, more or less from the viewer's side."""
    direction = np.array([rng.uniform(-0.7, 0.7), -rng.uniform(0.3, 0.8), rng.uniform(0.5, 0.9)])
    direction /= np.linalg.norm(direction)
    return Light(direction.astype(np.float32), rng.uniform(0.4, 0.65))


def illuminate(picture: Float32[np.ndarray, "H W 3"], rng: Generator) -> Float32[np.ndarray, "H W 3"]:
    """Exposure, a colour cast, a gradient across the picture and, often, the edge of a cast shadow."""
    height, width = picture.shape[:2]
    size = Size(height, width)
    x, y = Window.image(size).pixels(size.shorter)
    exposure = rng.uniform(1.0, 1.5)
    cast = 1 + rng.normal(-0.03, 0.06) * np.array([1, 0, -1]) + rng.normal(0, 0.025, 3)
    slope = rng.normal(0, 0.3, 2).astype(np.float32)
    light = np.clip(1 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5), 0.45, 1.6)
    angle, offset, strength = rng.uniform(0, 2 * np.pi), rng.uniform(-0.35, 0.35), rng.uniform(0.2, 0.45)
    origin = rng.random(2, dtype=np.float32)
    if rng.random() < 0.5:
        across = (x - 0.5) * np.float32(np.cos(angle)) + (y - 0.5) * np.float32(np.sin(angle))
        ragged = np.float32(0.05) * lookup("cloud", x + 0 * y + origin[0], y + 0 * x + origin[1], float(size.shorter))
        light = light * (1 - np.float32(strength) * smoothstep(across + ragged - np.float32(offset), -0.03, 0.03))
    return picture * light[..., None] * (exposure * cast).astype(np.float32)


def expose(picture: Float32[np.ndarray, "H W 3"], rng: Generator) -> UInt8[np.ndarray, "H W 3"]:
    """Slight blur, a shoulder instead of clipped highlights, sensor noise, eight bits."""
    sigma = rng.uniform(0.001, 0.0045) * min(picture.shape[:2])
    noise = rng.uniform(0.006, 0.022)
    picture = gaussian_filter(picture, (sigma, sigma, 0), truncate=2.5)
    picture = np.where(picture > 0.75, 0.75 + 0.25 * np.tanh((picture - 0.75) / 0.25), picture)
    picture = picture + np.float32(noise) * rng.standard_normal(picture.shape, dtype=np.float32)
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
