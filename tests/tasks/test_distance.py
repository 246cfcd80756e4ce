"""What is particular to distances, against SciPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import DistanceConfig, distance
from auxseg.tasks.distance import FARTHEST, instance_distance, signed_distance
from tests.tasks.examples import VOCABULARY, make_batch


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_scipy(seed: int) -> None:
    mask = (np.random.default_rng(seed).random((30, 40)) < 0.2).astype(np.uint8)
    inward, outward = (np.asarray(distance_transform_edt(mask == side)) for side in (1, 0))
    expected = np.where(mask == 1, inward - 0.5, 0.5 - outward)
    np.testing.assert_allclose(signed_distance(mask), expected, rtol=1e-5)


def test_the_same_mask_has_the_same_distances_to_the_bit() -> None:
    """Which OpenCV alone does not promise: it depends on where in memory a mask lies."""
    random = np.random.default_rng(0)
    for _ in range(30):
        mask = (random.random((32, 32)) < 0.05).astype(np.uint8)
        first = signed_distance(mask)
        for _ in range(5):
            memory = np.empty(32 * 32 + int(random.integers(0, 64)), np.uint8)[-32 * 32 :].reshape(32, 32)
            memory[:] = mask
            np.testing.assert_array_equal(signed_distance(memory), first)


def test_ignored_pixels_are_no_side() -> None:
    row = np.array([[0, 0, IGNORE, IGNORE, 1, 1]], np.uint8)
    assert signed_distance(np.repeat(row, 3, 0))[1].tolist()[:2] == [-3.5, -2.5]
    assert signed_distance(np.repeat(row, 3, 0))[1].tolist()[4:] == [2.5, 3.5]


def test_distances_are_cut_and_scaled() -> None:
    batch, task = make_batch(4), DistanceConfig(limit=3).build("distance", VOCABULARY)
    batch.mask[:] = 0
    batch.mask[0, :, 6:], batch.mask[1], batch.mask[2] = 1, 1, IGNORE
    target = task.target(batch)[:, 0]
    expected = torch.tensor([-3, -3, -3, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3, 3, 3]) / 3
    torch.testing.assert_close(target[0, 5], expected)
    assert (target[1] == 1).all()
    assert target[2].isnan().all()
    assert (target[3] == -1).all()


def test_the_error_is_in_pixels() -> None:
    batch, task = make_batch(1), DistanceConfig(limit=4).build("distance", VOCABULARY)
    target = task.target(replace(batch, mask=torch.zeros_like(batch.mask)))
    table = task.measure(target + 0.5, target)
    assert task.figures(table)["mae_pixels"] == pytest.approx(2)


def test_data_without_masks_are_refused() -> None:
    with pytest.raises(InputError, match=r"tasks\.distance: needs masks of at least two classes"):
        DistanceConfig().build("distance", Vocabulary(Size.of(12), (), {}))


def test_classes_without_a_background_have_no_distance_to_it() -> None:
    sky = Vocabulary(Size.of(32), ("sky", "road"), {}, has_background=False)
    with pytest.raises(InputError, match="but the data have none: their first mask class is 'sky'"):
        DistanceConfig().build("distance", sky)


def _slow_distance(ids: np.ndarray, row: int, column: int) -> float:
    """To the nearest pixel of something else; of none to the nearest instance."""
    rows, columns = np.nonzero((ids != ids[row, column]) & (ids != UNKNOWN))
    mine = ids[row, column]
    if mine == 0:
        rows, columns = np.nonzero((ids > 0) & (ids != UNKNOWN))
    distances = np.hypot(rows - row, columns - column)
    return (1 if mine else -1) * (distances.min(initial=FARTHEST) - 0.5)


@pytest.mark.parametrize("seed", range(6))
def test_every_instance_has_a_boundary_of_its_own(seed: int) -> None:
    random = np.random.default_rng(seed)
    ids = np.kron(random.integers(0, 4, (4, 5)), np.ones((3, 2), int)).astype(np.int32)
    ids[random.random(ids.shape) < 0.1] = UNKNOWN
    found = instance_distance(ids)
    for row, column in zip(*np.nonzero(ids != UNKNOWN), strict=True):
        assert found[row, column] == pytest.approx(_slow_distance(ids, row, column), abs=1e-5)


def test_a_picture_of_nothing_or_of_one_thing_has_no_boundary() -> None:
    assert (instance_distance(np.zeros((4, 4), np.int32)) == 0.5 - FARTHEST).all()
    assert (instance_distance(np.full((4, 4), 9, np.int32)) == FARTHEST - 0.5).all()


@pytest.mark.parametrize("seed", range(3))
def test_distances_are_exact_far_beyond_unknown_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    ids = np.full((30, 40), UNKNOWN, np.int32)
    for number in range(1, 6):
        top, left = random.integers(0, 26), random.integers(0, 36)
        ids[top : top + 4, left : left + 4] = number
    found = instance_distance(ids)
    for row, column in zip(*np.nonzero(ids != UNKNOWN), strict=True):
        assert found[row, column] == pytest.approx(_slow_distance(ids, row, column), abs=1e-5)


def test_an_unknown_pixel_beside_a_thing_does_not_cost_a_look_at_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, seen = np.zeros((400, 400), np.int32), list[int]()
    for number in range(100):
        top, left = 40 * (number // 10) + 5, 40 * (number % 10) + 5
        ids[top : top + 4, left : left + 4], ids[top, left + 4] = number + 1, UNKNOWN
    plain = distance._to_zero
    monkeypatch.setattr(distance, "_to_zero", lambda pixels: seen.append(pixels.size) or plain(pixels))
    instance_distance(ids)
    assert sum(seen) < 2 * ids.size
