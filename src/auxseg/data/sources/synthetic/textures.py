"""Periodic noise tiles that every fur, wall and floor looks its texture up in.

The tiles are made once per process from a fixed seed; a sample differs by where, at which angle and how large it
looks them up. One tile spans two texture units.

Shape legend: ``h w`` a window of the image, ``n`` texels along a tile.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Literal, cast

import numpy as np
from jaxtyping import Float32, Shaped

Texture = Literal["fur", "grain", "cloud", "spots"]

_TEXELS = 512
_TEXELS_PER_UNIT = 256
_COARSEST = 4
_SEED = 20_240_601

# Wavelengths of the strongest waves in texture units, along and across the strand, and how sharply others fall off.
_WAVES: dict[str, tuple[float, float, float]] = {
    "fur": (0.11, 0.018, 1.0),
    "grain": (0.02, 0.02, 0.8),
    "cloud": (0.3, 0.3, 0.45),
    "spots": (0.11, 0.11, 0.15),
}


def lookup(
    texture: Texture, u: Float32[np.ndarray, "h w"], v: Float32[np.ndarray, "h w"], density: float
) -> Float32[np.ndarray, "h w"]:
    """Noise of mean 0 and standard deviation up to 1 at the given places.

    ``density`` is how many pixels one texture unit takes in the picture; detail finer than a pixel is averaged away.
    """
    tile = _tile(texture, min(max(0, round(math.log2(_TEXELS_PER_UNIT / density))), _COARSEST))
    side = tile.shape[0]
    texels = np.float32(side * _TEXELS_PER_UNIT / _TEXELS)
    # The low bits of a negative integer count on periodically.
    rows = (v * texels).astype(np.int32) & (side - 1)
    columns = (u * texels).astype(np.int32) & (side - 1)
    return tile.ravel()[rows * side + columns]


@cache
def _tile(texture: Texture, level: int) -> Float32[np.ndarray, "n n"]:
    """The tile at full resolution (level 0) or averaged over squares of ``2 ** level`` texels."""
    if level > 0:
        fine = _tile(texture, level - 1)
        return (fine[::2, ::2] + fine[1::2, ::2] + fine[::2, 1::2] + fine[1::2, 1::2]) / np.float32(4)
    along, across, spread = _WAVES[texture]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([_SEED, list(_WAVES).index(texture)])))
    cycles = np.fft.fftfreq(_TEXELS, 1 / _TEXELS_PER_UNIT)
    radius = np.hypot(cycles[None, : _TEXELS // 2 + 1] * along, cycles[:, None] * across)
    amplitude = np.where(radius > 0, np.exp(-0.5 * (np.log(np.maximum(radius, 1e-6)) / spread) ** 2), 0)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((_TEXELS, _TEXELS))) * amplitude, s=(_TEXELS, _TEXELS))
    return cast("Float32[np.ndarray, 'n n']", (noise / noise.std()).astype(np.float32))


def smoothstep(values: Shaped[np.ndarray, "*shape"], low: float, high: float) -> Float32[np.ndarray, "*shape"]:
    """0 up to ``low``, 1 from ``high`` on, a smooth ramp between."""
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)
