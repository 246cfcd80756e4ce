"""Key points follow their picture: against a slow reference, and a mark in the picture itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment import AugmentConfig, CropConfig, draw_cut, mirror
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies, move
from auxseg.data.augment.points import mirror_points, move_points
from auxseg.data.geometry import Fit
from auxseg.data.layers import PointsForm
from auxseg.data.loading.batch import Batch, layer_batch
from auxseg.data.sample import Vocabulary
from auxseg.records.values.size import Size
from auxseg.testing.examples import example_batch

FORM = PointsForm(("nose", "left eye", "right eye", "tail"), (("left eye", "right eye"),))
FLIP = np.diag([-1.0, 1.0, 1.0])


def _slow(rows: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Point by point: from the stored picture to the new one, the partner of each where left and right change."""
    moved = np.full(rows.shape, np.nan)
    turned = np.linalg.det(homography) < 0
    for place, (x, y, seen) in enumerate(rows):
        if np.isnan(x):
            continue
        across, down, depth = np.linalg.solve(homography, [2 * x - 1, 2 * y - 1, 1])
        if depth <= 0:
            continue
        new = (across / depth + 1) / 2, (down / depth + 1) / 2
        if min(new) >= 0 and max(new) <= 1:
            moved[FORM.partners[place] if turned else place] = (*new, seen)
    return moved


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_points_move_as_a_slow_reference_moves_them_and_back(seed) -> None:
    random = np.random.default_rng(seed)
    rows = np.dstack([random.uniform(0, 1, (3, 4, 2)), random.integers(1, 3, (3, 4, 1))]).astype(np.float32)
    rows[0, 0] = np.nan
    config = AugmentConfig(rotation=180.0, perspective=0.4)
    homographies = draw_homographies(config, random.uniform(0, 1, (3, NUM_GEOMETRIC)), 1.5)
    moved = move_points(torch.from_numpy(rows), torch.from_numpy(homographies), FORM.partners)
    expected = np.stack([_slow(row, homography) for row, homography in zip(rows, homographies, strict=True)])
    np.testing.assert_allclose(moved.numpy(), expected, atol=1e-5)
    back = move_points(moved, torch.from_numpy(np.linalg.inv(homographies)), FORM.partners).numpy()
    kept = ~np.isnan(back)
    np.testing.assert_allclose(back[kept], rows[kept], atol=1e-4)
    assert not kept[0, 0].any()


def test_mirroring_twice_is_nothing_and_once_exchanges_partners() -> None:
    rows = torch.tensor([[[0.25, 0.5, 2], [0.125, 0.25, 1], [0.75, 0.5, 2], [torch.nan] * 3]])
    once = mirror_points(rows, FORM.partners)
    torch.testing.assert_close(once[0, 1], torch.tensor([0.25, 0.5, 2]))
    torch.testing.assert_close(once[0, 2], torch.tensor([0.875, 0.25, 1]))
    torch.testing.assert_close(mirror_points(once, FORM.partners), rows, equal_nan=True, rtol=0, atol=0)
    flipped = move_points(rows, torch.from_numpy(FLIP[None]), FORM.partners)
    torch.testing.assert_close(flipped, once, equal_nan=True)


def test_a_half_turn_exchanges_no_partners() -> None:
    rows = torch.tensor([[[0.25, 0.5, 2], [0.125, 0.25, 1], [0.75, 0.5, 2], [torch.nan] * 3]])
    turned = move_points(rows, torch.from_numpy(np.diag([-1.0, -1.0, 1.0])[None]), FORM.partners)
    torch.testing.assert_close(turned[0, 1], torch.tensor([0.875, 0.75, 1]))


def _marked(height: int, width: int) -> Batch:
    """A picture with a bright mark at its nose, the other points elsewhere."""
    values = np.array([[30.5, 20.5, 2], [5, 5, 1], [40, 30, 2], [0, 0, 0]], np.float32)
    batch = example_batch(1, Vocabulary(Size(height, width), ("background", "animal"), {}))
    image = torch.zeros_like(batch.image)
    image[..., 19:22, 29:32] = 1
    return replace(
        batch,
        image=image,
        clean=image,
        layers={"joints": layer_batch(FORM, [values], Size(height, width))},
        forms={"joints": FORM},
    )


def _mark(image: torch.Tensor) -> tuple[float, float]:
    weight = image[0]
    rows, columns = (torch.arange(side) + 0.5 for side in weight.shape)
    total = weight.sum()
    return float((weight.sum(0) * columns).sum() / total), float((weight.sum(1) * rows).sum() / total)


def test_a_point_stays_on_what_it_marks() -> None:
    height, width = 40, 60
    batch = _marked(height, width)
    tilted = np.array([[-0.8, 0.1, 0.05], [-0.1, 0.9, 0], [0.02, 0.01, 1]])
    for moved in (mirror(batch), move(batch, tilted[None], box_from_mask=False)):
        x, y, _ = (moved.layers["joints"][0, 0] * torch.tensor([width, height, 1])).tolist()
        np.testing.assert_allclose((x, y), _mark(moved.image[0]), atol=0.3)


def test_a_window_shows_its_own_points() -> None:
    height, width = 40, 60
    batch = _marked(height, width)
    for seed in range(12):
        config = AugmentConfig() if seed % 2 else AugmentConfig(geometric=0.0)
        place = Fit((height, width), Size(height, width), (0, height, 0, width))
        cut = draw_cut(CropConfig(size=24, foreground=0), config, place, None, (seed, 0, ""))
        parts = {
            key: getattr(batch, key)[..., cut.part[0], cut.part[1]] for key in ("image", "clean", "mask", "inside")
        }
        shown = cut.show(replace(batch, **parts), box_from_mask=False)
        x, y, seen = (shown.layers["joints"][0, 0] * torch.tensor([24, 24, 1])).tolist()
        if seen == seen and min(x, y) > 3 and max(x, y) < 21:
            np.testing.assert_allclose((x, y), _mark(shown.clean[0]), atol=0.5)
        if shown.clean[0, 0, 4:-4, 4:-4].max() > 0.9:
            assert seen == 2
