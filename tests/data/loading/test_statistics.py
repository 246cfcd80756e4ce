"""Mean and deviation of channels, over what is photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from auxseg.data.loading.statistics import channel_statistics
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import open_source
from auxseg.data.store.store import Store
from tests.many_channels import write_folder


def test_they_are_those_of_the_pixels_inside(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "four", 6)
    for path in (folder / "images").glob("*.npy"):
        image = np.load(path)
        image = image if image.shape[2] == 4 else image.transpose(1, 2, 0)
        image[..., 1] = 700
        np.save(path, image[:20])
        (folder / "masks" / f"{path.stem}.png").unlink()
    (folder / "masks").rmdir()
    prepare(
        open_source("folder", folder, channels="native"),
        tmp_path / "a.h5",
        size=32,
        resize="letterbox",
        split="100-0-0",
    )
    store = Store.open(tmp_path / "a.h5")
    mean, deviation = channel_statistics(store, store.rows("train"))
    inside = []
    for row in store.rows("train").tolist():
        y0, y1, x0, x1 = store.inside(row)
        assert (y1 - y0, x1 - x0) == (20, 32)
        inside.append(store.read(row)[0][y0:y1, x0:x1])
    values = np.stack(inside).reshape(-1, 4) / 65535
    np.testing.assert_allclose(mean, values.mean(0))
    np.testing.assert_allclose(deviation, [*values.std(0)[:1], 1 / 65535, *values.std(0)[2:]], rtol=1e-6)
