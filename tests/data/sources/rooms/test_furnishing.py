"""What stands in a room is in it, and of its classes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.rooms.classes import CLASSES
from auxseg.data.sources.rooms.furnishing import KINDS, build_shell, furnish


@pytest.mark.parametrize("kind", KINDS)
def test_furniture_is_of_the_classes_and_above_the_floor(kind) -> None:
    seen: set[str] = set()
    for seed in range(12):
        random = default_rng(seed)
        shell = build_shell(random)
        solids = furnish(kind, shell, random)
        seen |= {solid.look.name for solid in solids}
        assert all(solid.corners()[:, 1].min() > -1e-9 for solid in solids)
        middles = [solid.corners().mean(0) for solid in solids if solid.look.name in ("picture", "window")]
        assert middles
        assert all((middle > -1e-9).all() and (middle < np.array(shell.size) + 1e-9).all() for middle in middles)
    assert seen < set(CLASSES)
    assert {"bedroom": "bed", "living room": "sofa", "office": "chair"}[kind] in seen
