"""The camera sees a point in the pixel through which its ray goes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from auxseg.data.sources.rooms.camera import stand
from auxseg.data.sources.rooms.furnishing import build_shell, furnish
from auxseg.records.values.size import Size


@pytest.mark.parametrize("seed", range(5))
def test_rays_reach_one_metre_ahead_and_windows_hold_what_they_meet(seed) -> None:
    random = default_rng(seed)
    shell = build_shell(random)
    solids = furnish("office", shell, random)
    camera = stand(shell, solids, random)
    np.testing.assert_allclose(camera.axes @ camera.axes.T, np.eye(3), atol=1e-12)
    assert camera.axes[1, 1] < 0  # down
    rays = camera.directions(Size.of(24))
    np.testing.assert_allclose(rays @ camera.axes[2], 1)
    assert (camera.place > 0).all()
    assert (camera.place < shell.size).all()
    for solid in solids:
        window = camera.window(solid.corners(), Size.of(24))
        hits = np.isfinite(solid.meet(camera.place, rays.reshape(-1, 3)).t).reshape(24, 24)
        outside = hits.copy()
        outside[window] = False
        assert not outside.any()
