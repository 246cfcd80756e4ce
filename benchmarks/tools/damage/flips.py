"""Damage to bytes, whatever they mean: bits flipped, runs cleared or drawn at random, pieces cut, doubled, inserted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

Flip = Callable[[bytes, np.random.Generator], bytes]


def _some(content: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Begin and end of a piece, more often a short one."""
    length = min(int(2 ** rng.uniform(0, 12)), len(content))
    start = _somewhere(len(content) - length + 1, rng)
    return start, start + length


def _somewhere(length: int, rng: np.random.Generator) -> int:
    """A place; every second time within the first 2 KiB, where most formats keep what matters."""
    return int(rng.integers(min(length, 2048) if rng.random() < 0.5 else length))


def _one_bit(content: bytes, rng: np.random.Generator) -> bytes:
    return _flipped(content, rng, 1)


def _bits(content: bytes, rng: np.random.Generator) -> bytes:
    return _flipped(content, rng, int(rng.integers(2, 64)))


def _flipped(content: bytes, rng: np.random.Generator, number: int) -> bytes:
    changed = bytearray(content)
    for _ in range(number):
        changed[_somewhere(len(content), rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _byte(content: bytes, rng: np.random.Generator) -> bytes:
    place = _somewhere(len(content), rng)
    return content[:place] + bytes([int(rng.choice([0, 1, 127, 128, 254, 255]))]) + content[place + 1 :]


def _zeroed(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    return content[:start] + bytes(end - start) + content[end:]


def _filled(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    return content[:start] + b"\xff" * (end - start) + content[end:]


def _randomised(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    return content[:start] + rng.bytes(end - start) + content[end:]


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _somewhere(len(content), rng)]


def _deleted(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    return content[:start] + content[end:]


def _doubled(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    return content[:end] + content[start:end] + content[end:]


def _inserted(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = _some(content, rng)
    place = _somewhere(len(content), rng)
    return content[:place] + content[start:end] + content[place:]


FLIPS: Final[dict[str, Flip]] = {
    flip.__name__.lstrip("_"): flip
    for flip in (_one_bit, _bits, _byte, _zeroed, _filled, _randomised, _cut, _deleted, _doubled, _inserted)
}


def flipped(content: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """One of them, and its name; an empty file is given some bytes."""
    if not content:
        return "written", rng.bytes(64)
    name = str(rng.choice(list(FLIPS)))
    return name, FLIPS[name](content, rng)
