"""Random numbers that depend on a key alone: never on a worker, a process, a batch or what was drawn before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor


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


def sample_keys(seed: int, epochs: Sequence[int], ids: Sequence[str]) -> Int64[Tensor, " N"]:
    """A 63-bit key per sample: (seed, epoch, id) in training, (0, 0, id) where every look at it must be the same."""
    pairs = zip(epochs, ids, strict=True)
    return torch.tensor(
        [int.from_bytes(keyed_bytes(8, "sample", seed, epoch, sample), "little") >> 1 for epoch, sample in pairs],
        dtype=torch.int64,
    )
