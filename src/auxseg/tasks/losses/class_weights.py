"""How much each mask class weighs in the losses of masks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from auxseg.data.sample import IGNORE
from auxseg.errors import InputError, nearest

_ByName = Annotated[Mapping[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(max_length=IGNORE)]
ClassWeights = Literal["balanced"] | _ByName | None
"""What a recipe says: nothing, a rule, or a weight by name of a class."""


def class_weights(
    chosen: ClassWeights, class_names: Sequence[str], pixels: Sequence[int], place: str
) -> tuple[float, ...] | None:
    """The weight of every class, ``None`` where all weigh alike.

    Args:
        chosen: what the recipe says. Classes that it leaves out weigh 1.
        class_names: the mask classes of the data.
        pixels: how many labelled training pixels each of them has, empty where nobody counted them: on paper, and
            where only predictions are wanted. ``balanced`` then gives every class 1.
        place: the key of the recipe, for messages.

    Raises `InputError` for names that are no class, and for weights of which none is above 0.
    """
    if chosen is None:
        return None
    if chosen == "balanced":
        return balanced_weights(pixels) if pixels else (1.0,) * len(class_names)
    for name in chosen:
        if name not in class_names:
            hint, allowed = nearest(name, class_names), ", ".join(class_names)
            raise InputError(f"{place}: the data have no mask class {name!r}{hint}; allowed: {allowed}")
    weights = tuple(float(chosen.get(name, 1.0)) for name in class_names)
    if not any(weights):
        raise InputError(f"{place}: every class has the weight 0, so nothing would be learned; raise one")
    return weights


def balanced_weights(pixels: Sequence[int]) -> tuple[float, ...]:
    """``w_c = f_c^(-1/2) / sum_k f_k^(1/2)`` with ``f_c = n_c / sum_k n_k``, the share of class c of the pixels.

    So a class of a hundredth of the pixels weighs ten times as much as one of all, and the mean weight of the counted
    pixels, ``sum_c f_c w_c``, is 1. A class without pixels has the weight 1.

    ``pixels`` are the numbers n_c of labelled pixels. The inverse root lies between no weights and the inverse
    frequency, whose weights of rare classes are so large that these classes are predicted where they are not.
    """
    total = sum(pixels)
    if not total:
        return (1.0,) * len(pixels)
    roots = [math.sqrt(number / total) for number in pixels]
    return tuple(1 / (root * sum(roots)) if root else 1.0 for root in roots)
