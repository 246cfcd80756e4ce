"""Any folder, measured by every side: the whole way on little data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.errors import InputError
from benchmarks import foreign


def test_every_side_is_trained_and_measured_at_both_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for number in range(20):
        mask = np.zeros((72, 96), np.uint8)
        top, left = random.integers(0, 40, 2)
        mask[top : top + 30, left : left + 40] = 1
        image = np.where(mask[..., None] == 1, 200, 60) + random.integers(0, 30, (72, 96, 3))
        for kind, pixels in (("images", image.astype(np.uint8)), ("masks", mask)):
            (tmp_path / "set" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "set" / kind / f"{number}.png")
    small = ("model.width=0.25", "training.batch=4", "training.precision=fp32")
    options = foreign.Options(data=tmp_path / "set", size=32, windows=64, preset="tiny", settings=small, epochs=1)
    result = foreign.main(options)
    assert [row["side"] for row in result["rows"]] == [foreign.PEER, *foreign.ARMS, foreign.WINDOWS]
    for row in result["rows"]:
        assert 0 <= row["stored size"] <= 1
        assert 0 <= row["original size"] <= 1
        assert row["seconds"] > 0
    assert "4 of 20 images" in result["measured on"]
    assert foreign.main(options) == result  # nothing is done again


def test_windows_smaller_than_what_is_trained_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="windows is 32, expected more than size, 64"):
        foreign.main(foreign.Options(data=tmp_path, size=64, windows=32))
