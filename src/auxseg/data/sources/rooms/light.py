"""From surfaces to colours: patterns, a lamp and daylight, and the sensor.

Shape legend: ``H W`` the picture's size.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

_BLUR = 0.004
"""Of the sensor, in shorter sides of the picture."""


def vary(
    colours: Float[np.ndarray, "H W 3"], places: Float[np.ndarray, "H W 3"], strength: np.ndarray, fineness: np.ndarray
) -> Float[np.ndarray, "H W 3"]:
    """Stripes and waves over the surfaces, by their places on the solid."""
    x, y, z = np.moveaxis(places, -1, 0) * fineness
    waves = np.sin(x + 0.7 * np.sin(1.3 * z)) + 0.6 * np.sin(z + 0.9 * y) + 0.4 * np.sin(2.3 * y + 0.4 * x)
    return colours * (1 + 0.5 * strength * waves)[..., None]


def shade(
    points: Float[np.ndarray, "H W 3"],
    normals: Float[np.ndarray, "H W 3"],
    lamp: Float[np.ndarray, " 3"],
    ambient: float,
) -> Float[np.ndarray, "H W 1"]:
    """How bright every surface is: light from everywhere, more of it from above, and a lamp by Lambert's law."""
    towards = lamp - points
    distance = np.linalg.norm(towards, axis=-1, keepdims=True)
    facing = np.clip((normals * towards).sum(-1, keepdims=True) / distance, 0, None)
    return ambient * (1 + 0.25 * normals[..., 1:2]) + (1 - ambient) * facing * 3.0 / (1 + 0.35 * np.square(distance))


def expose(picture: Float[np.ndarray, "H W 3"], random: Generator) -> UInt8[np.ndarray, "H W 3"]:
    """A colour cast, the lens's blur, sRGB's curve about, noise, eight bits."""
    cast = random.uniform(0.8, 1.25) * (1 + random.normal(0, 0.04) * np.array([1, 0, -1]))
    sigma = _BLUR * min(picture.shape[:2])
    picture = gaussian_filter((picture * cast).astype(np.float32), (sigma, sigma, 0), truncate=2.5)
    picture = np.clip(picture, 0, 1) ** (1 / 2.2)
    picture = picture + np.float32(random.uniform(0.008, 0.03)) * random.standard_normal(picture.shape, np.float32)
    return np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8)
