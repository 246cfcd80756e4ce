"""By which tiles a model is asked: those that it was trained on windows for, or others on request."""

from __future__ import annotations

import math
from typing import Final

from auxseg.data.geometry import fit
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.tiling import OVERLAP, Tiles
from auxseg.recipe import Recipe

MUCH_SMALLER: Final = 2.0
"""An image that is shown so many times as small as those that a model was trained on may lose what it looks for."""

AskedTiles = bool | int | None
"""What may be asked for: the model's own way, tiles of the size that it was trained on, or of so many pixels."""


def own_tiles(recipe: Recipe, overlap: float = OVERLAP) -> Tiles | None:
    """The tiles of a run that was trained on windows, of their size; ``None`` for one that sees whole images."""
    return None if recipe.data.crop is None else Tiles(recipe.data.crop.size, overlap)


def chosen_tiles(recipe: Recipe, vocabulary: Vocabulary, tiles: AskedTiles, overlap: float | None) -> Tiles | None:
    """The tiles that are meant by what was asked for; ``overlap`` is `OVERLAP` unless told.

    Raises `InputError` for tiles of no sensible size, an overlap that is none, and one that has no tiles.
    """
    share = OVERLAP if overlap is None else overlap
    if tiles is None or tiles is False:
        own = own_tiles(recipe, share)
        if own is None and overlap is not None:
            raise InputError(
                f"--overlap {overlap:g} changes nothing where whole images are looked at; give --tiles too"
            )
        return own
    return Tiles(recipe.data.input_size(vocabulary.size).shorter if tiles is True else tiles, share)


def times_smaller(hw: tuple[int, int], vocabulary: Vocabulary) -> float:
    """How many times as small an image of this height and width is shown whole as most images that were trained on.

    Each is shown at some share of its own pixels; this is the root of the ratio of the shares of the area. 1 where the
    model does not remember at which scale it was trained.
    """
    if vocabulary.scale is None:
        return 1.0
    y0, y1, x0, x1 = fit(hw, vocabulary.size, vocabulary.resize).inside
    share = (y1 - y0) * (x1 - x0) / (hw[0] * hw[1])
    return math.sqrt(math.prod(vocabulary.scale) / share)
