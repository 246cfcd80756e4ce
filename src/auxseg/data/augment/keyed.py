"""Random numbers that depend on a key alone: never on a worker, a process, a batch or what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np
from jaxtyping import Float64


def keyed_bytes(count: int, *key: str | int) -> bytes:
    """``count`` bytes of SHAKE-128 of the key (FIPS 202, https://doi.org/10.6028/NIST.FIPS.202).

    A hash with output of any length: the same key gives the same bytes on every machine and in every release. Only the
    last part of a key may hold a slash.
    """
    return hashlib.shake_128("/".join(map(str, key)).encode()).digest(count)


def keyed_uniforms(count: int, *key: str | int) -> Float64[np.ndarray, " count"]:
    """``count`` numbers, even in [0, 1) with 53 random bits each."""
    bits = np.frombuffer(keyed_bytes(8 * count, *key), dtype="<u8")
    return (bits >> np.uint64(11)) * 2.0**-53
