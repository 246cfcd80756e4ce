"""Colours and how they lie: the coats of animals, and those of the things around them.

Cats and dogs share some coats, and the things around wear the animals' coats as well as their own, so that colour
alone names neither the breed nor the animal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

RGB = tuple[float, float, float]
Part = Literal["torso", "neck", "skull", "muzzle", "ear", "leg", "paw", "tail", "tail tip"]
Pattern = Literal["plain", "stripes", "patches", "spots"]


def _rgb(code: str) -> RGB:
    red, green, blue = bytes.fromhex(code)
    return red / 255, green / 255, blue / 255


@dataclass(frozen=True)
class Coat:
    """Colours and how they lie: ``mark`` makes the pattern and colours some parts, ``light`` others and the belly."""

    base: RGB
    mark: RGB
    light: RGB
    pattern: Pattern = "plain"
    marked: frozenset[Part] = frozenset()
    lit: frozenset[Part] = frozenset()
    belly: float = 0.0


_SOCKS: Final = frozenset[Part]({"paw", "muzzle", "tail tip"})
_POINTS: Final = frozenset[Part]({"ear", "muzzle", "paw", "tail", "tail tip"})
_SADDLE: Final = frozenset[Part]({"torso"})

GREY_STRIPES: Final = Coat(_rgb("8e8578"), _rgb("3d3833"), _rgb("d8d0c4"), "stripes", belly=0.6)
GINGER_STRIPES: Final = Coat(_rgb("d0894a"), _rgb("9a5424"), _rgb("f1dcc0"), "stripes", lit=_SOCKS, belly=0.7)
CREAM_POINTS: Final = Coat(_rgb("e3d3b8"), _rgb("54402f"), _rgb("efe6d6"), marked=_POINTS)
SILVER: Final = Coat(_rgb("b9b8b6"), _rgb("7f7f82"), _rgb("e6e4e0"), "patches", belly=0.4)
CREAM: Final = Coat(_rgb("e2c9a0"), _rgb("c79e66"), _rgb("f4e8d2"), "patches", belly=0.4)
TUXEDO: Final = Coat(_rgb("35322f"), _rgb("24211f"), _rgb("ece7df"), lit=_SOCKS, belly=0.9)
CALICO: Final = Coat(_rgb("ebe3d6"), _rgb("c27a38"), _rgb("efe9e0"), "patches", belly=0.7)
TRICOLOUR: Final = Coat(_rgb("b9753d"), _rgb("2f2824"), _rgb("f0e8dc"), marked=_SADDLE, lit=_SOCKS, belly=0.8)
WOLF: Final = Coat(_rgb("6e6c6c"), _rgb("3b393a"), _rgb("eeebe6"), "patches", lit=_SOCKS, belly=1.0)
CHESTNUT: Final = Coat(_rgb("8a4b26"), _rgb("5a2e18"), _rgb("b97c4c"), belly=0.3)
BLACK_AND_TAN: Final = Coat(_rgb("322a27"), _rgb("201b19"), _rgb("b0713a"), lit=_SOCKS, belly=0.5)
GOLDEN: Final = Coat(_rgb("c99a5b"), _rgb("a87438"), _rgb("ecd7ae"), "patches", belly=0.5)
WHITE_SPOTTED: Final = Coat(_rgb("ece8e1"), _rgb("3a3330"), _rgb("f4f1ec"), "spots")

COATS: Final = (
    *(GREY_STRIPES, GINGER_STRIPES, CREAM_POINTS, SILVER, CREAM, TUXEDO, CALICO),
    *(TRICOLOUR, WOLF, CHESTNUT, BLACK_AND_TAN, GOLDEN, WHITE_SPOTTED),
)
"""What animals wear."""

GRASS: Final = Coat(_rgb("7c8a4a"), _rgb("5a6b35"), _rgb("a9b070"))
LEAVES: Final = Coat(_rgb("55683c"), _rgb("39492a"), _rgb("8a9a62"), "spots")
SKY: Final = Coat(_rgb("a9bccb"), _rgb("d5dce0"), _rgb("c9d4db"), "patches")
SAND: Final = Coat(_rgb("cbb690"), _rgb("b39b72"), _rgb("ddccae"), "patches")
BRICK: Final = Coat(_rgb("9c6048"), _rgb("7c4a38"), _rgb("b98a74"), "stripes")
TEAL: Final = Coat(_rgb("6f9390"), _rgb("4f7472"), _rgb("a6bfbc"), "stripes")
ROSE: Final = Coat(_rgb("b98583"), _rgb("94605f"), _rgb("d9b7b3"), "plain")
DENIM: Final = Coat(_rgb("5f7391"), _rgb("435470"), _rgb("93a3ba"), "plain")

SURROUNDINGS: Final = (GRASS, LEAVES, SKY, SAND, BRICK, TEAL, ROSE, DENIM)
"""What only things wear."""
