"""What stands in a room of a kind, made of blocks and balls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from auxseg.data.sources.rooms.classes import colour_of
from auxseg.data.sources.rooms.solids import Ball, Block, Look, Shell, Solid

KINDS: Final = ("bedroom", "living room", "office")
"""Kinds of room: a label of every sample."""

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "bedroom": ("bed", "cupboard", "chair", "low table"),
    "living room": ("sofa", "low table", "television", "cupboard", "chair"),
    "office": ("desk", "chair", "cupboard", "chair", "low table"),
}
_HUNG: Final = {"picture": (0.35, 0.30), "window": (0.60, 0.55)}
"""Largest half width and half height of what hangs on walls, in metres."""


@dataclass(frozen=True)
class Spot:
    """Where a piece of furniture stands: the middle of its footprint and its turn."""

    x: float
    z: float
    turn: float

    def block(self, look: Look, offset: tuple[float, float, float], half: tuple[float, float, float]) -> Block:
        """A block at an offset from the spot, in the piece's own axes."""
        across, up, along = offset
        cos, sin = float(np.cos(self.turn)), float(np.sin(self.turn))
        return Block(
            (self.x + across * cos - along * sin, up, self.z + across * sin + along * cos), half, look, self.turn
        )


def build_shell(random: Generator) -> Shell:
    """A room of 3 to 6 metres."""
    size = float(random.uniform(3, 6)), float(random.uniform(2.3, 3.0)), float(random.uniform(3, 6))
    return Shell(size, _look("floor", random, 0.25), _look("ceiling", random), _look("wall", random, 0.06))


def furnish(kind: str, shell: Shell, random: Generator) -> list[Solid]:
    """Furniture, things on it and on the floor, and what hangs on walls."""
    solids: list[Solid] = []
    for name in _PLACES[kind]:
        if random.random() < 0.85:
            solids += _PIECES[name](_spot(shell, random), random)
    solids += [_hung(name, shell, random) for name in random.choice(["picture", "window"], random.integers(2, 5))]
    for _ in range(random.integers(1, 4)):
        radius, spot = float(random.uniform(0.07, 0.2)), _spot(shell, random)
        solids.append(Ball((spot.x, radius, spot.z), radius, _look("objects", random, 0.2)))
    return solids


def _look(name: str, random: Generator, pattern: float = 0.0) -> Look:
    red, green, blue = colour_of(name, random).tolist()
    return Look(name, (red, green, blue), float(pattern * random.uniform(0.3, 1.5)), float(random.uniform(4, 20)))


def _spot(shell: Shell, random: Generator) -> Spot:
    """Often near a wall and along it, else anywhere."""
    width, _, length = shell.size
    x, z = (float(random.uniform(0.6, side - 0.6)) for side in (width, length))
    if random.random() < 0.3:
        return Spot(x, z, float(random.uniform(0, 2 * np.pi)))
    side = int(random.integers(4))
    near = float(random.uniform(0.5, 0.9))
    x, z = [(x, near), (width - near, z), (x, length - near), (near, z)][side]
    return Spot(x, z, side * np.pi / 2 + float(random.normal(0, 0.05)))


def _bed(spot: Spot, random: Generator) -> Iterator[Solid]:
    look, width = _look("bed", random, 0.15), float(random.uniform(0.45, 0.85))
    yield spot.block(look, (0, 0.25, 0), (width, 0.25, 0.95))
    yield spot.block(_look("bed", random), (0, 0.5, -0.98), (width, 0.5, 0.04))
    yield spot.block(_look("bed", random, 0.1), (0, 0.56, -0.7), (0.7 * width, 0.07, 0.18))


def _cupboard(spot: Spot, random: Generator) -> Iterator[Solid]:
    width, height = float(random.uniform(0.35, 0.8)), float(random.uniform(0.4, 1.0))
    yield spot.block(_look("furniture", random, 0.2), (0, height, 0), (width, height, 0.22))
    yield from _things(spot, width, 2 * height, 0.15, random)


def _table(spot: Spot, random: Generator, height: float, width: float) -> Iterator[Solid]:
    look, depth = _look("table", random, 0.2), float(random.uniform(0.3, 0.45))
    yield spot.block(look, (0, height, 0), (width, 0.025, depth))
    for across in (-1, 1):
        for along in (-1, 1):
            offset = across * (width - 0.05), height / 2, along * (depth - 0.05)
            yield spot.block(look, offset, (0.03, height / 2, 0.03))
    yield from _things(spot, width, height + 0.025, depth - 0.05, random)


def _desk(spot: Spot, random: Generator) -> Iterator[Solid]:
    yield from _table(spot, random, float(random.uniform(0.68, 0.78)), float(random.uniform(0.5, 0.8)))


def _low_table(spot: Spot, random: Generator) -> Iterator[Solid]:
    yield from _table(spot, random, float(random.uniform(0.35, 0.55)), float(random.uniform(0.3, 0.5)))


def _chair(spot: Spot, random: Generator) -> Iterator[Solid]:
    look, seat = _look("chair", random, 0.1), float(random.uniform(0.40, 0.48))
    yield spot.block(look, (0, seat, 0), (0.21, 0.025, 0.21))
    yield spot.block(look, (0, seat + 0.25, -0.2), (0.21, 0.25, 0.02))
    for across in (-0.18, 0.18):
        for along in (-0.18, 0.18):
            yield spot.block(look, (across, seat / 2, along), (0.02, seat / 2, 0.02))


def _sofa(spot: Spot, random: Generator) -> Iterator[Solid]:
    look, width = _look("sofa", random, 0.12), float(random.uniform(0.6, 1.1))
    yield spot.block(look, (0, 0.22, 0), (width, 0.22, 0.42))
    yield spot.block(look, (0, 0.45, -0.36), (width, 0.45, 0.1))
    for across in (-1, 1):
        yield spot.block(look, (across * width, 0.3, 0), (0.09, 0.3, 0.42))


def _television(spot: Spot, random: Generator) -> Iterator[Solid]:
    width = float(random.uniform(0.45, 0.7))
    yield spot.block(_look("furniture", random, 0.2), (0, 0.22, 0), (width + 0.1, 0.22, 0.2))
    yield spot.block(_look("tv", random), (0, 0.5 + 0.3 * width, 0), (width, 0.56 * width, 0.03))


def _things(spot: Spot, width: float, top: float, depth: float, random: Generator) -> Iterator[Solid]:
    """Books and objects on a plane at a height."""
    for _ in range(random.integers(0, 4)):
        across, along = float(random.uniform(-0.8, 0.8) * width), float(random.uniform(-0.6, 0.6) * depth)
        if random.random() < 0.5:
            thick = float(random.uniform(0.03, 0.12))
            yield spot.block(_look("books", random, 0.1), (across, top + thick, along), (0.13, thick, 0.09))
        else:
            radius = float(random.uniform(0.05, 0.11))
            middle = spot.block(_look("objects", random, 0.2), (across, top + radius, along), (radius, radius, radius))
            yield Ball(middle.centre, radius, middle.look) if random.random() < 0.6 else middle


def _hung(name: str, shell: Shell, random: Generator) -> Block:
    """A thin block on one of the four walls."""
    width, height, length = shell.size
    across, up = (float(random.uniform(0.5, 1.0) * most) for most in _HUNG[name])
    level, side = float(random.uniform(1.3, height - up - 0.15)), int(random.integers(4))
    along = float(random.uniform(0.2 + across, (width if side % 2 == 0 else length) - 0.2 - across))
    x, z = [(along, 0.0), (width, along), (along, length), (0.0, along)][side]
    return Block((x, level, z), (across, up, 0.03), _look(name, random, 0.5 * (name == "picture")), side * np.pi / 2)


_PIECES: Final[dict[str, Callable[[Spot, Generator], Iterator[Solid]]]] = {
    "bed": _bed,
    "cupboard": _cupboard,
    "chair": _chair,
    "desk": _desk,
    "low table": _low_table,
    "sofa": _sofa,
    "television": _television,
}
