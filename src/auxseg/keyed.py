"""Random numbers that depend on a key alone: never on a worker, a process, a batch or what was drawn before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

Algorithm = Literal["shake-128", "sha-256", "blake2b"]


def keyed_bytes(count: int, *key: str | int, algorithm: Algorithm = "shake-128") -> bytes:
    """``count`` bytes of a hash of the key: the same on every machine and in every release.

    Only the last part of a key may hold a slash. SHAKE-128 (FIPS 202, https://doi.org/10.6028/NIST.FIPS.202) has output
    of any length. The others are for `weights_seed` and `step_seed`, which began with them and cannot change without
    changing the results of every recipe.
    """
    content = "/".join(map(str, key)).encode()
    match algorithm:
        case "shake-128":
            return hashlib.shake_128(content).digest(count)
        case "sha-256":
            return hashlib.sha256(content).digest()[:count]
        case "blake2b":
            return hashlib.blake2b(content, digest_size=count).digest()


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


def weights_seed(seed: int, part: str) -> int:
    """What torch's generator starts from when the initial weights of a part of a network are drawn."""
    return int.from_bytes(keyed_bytes(8, seed, part, algorithm="sha-256"), "little")


def step_seed(seed: int, step: int, rank: int) -> int:
    """What torch's generators start from in a step of training, in the process number ``rank``."""
    return int.from_bytes(keyed_bytes(8, f"({seed}, {step}, {rank})", algorithm="blake2b"), "big") >> 1
