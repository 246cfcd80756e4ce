"""Pictures, masks and boxes move together, as torchvision would move them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as tv

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies, mirror, move, move_boxes
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE

SIZE = 48
FLIP = np.diag([-1.0, 1.0, 1.0])
STRONG = AugmentConfig(scale=(0.5, 1.3), aspect=1.5, rotation=40.0, perspective=0.2)


def make_batch(num_images: int, height: int = SIZE, width: int | None = None, seed: int = 0) -> Batch:
    """Smooth pictures, and masks of three classes with some ignored pixels."""
    random, size = torch.Generator().manual_seed(seed), (height, width or height)
    coarse = torch.rand(num_images, 3, 6, 6, generator=random)
    image = torch.nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(0.0, 1.0)
    mask = (image.mean(1) * 3.99).to(torch.uint8)
    return Batch(
        ids=tuple(f"sample-{index}" for index in range(num_images)),
        image=image,
        clean=image,
        mask=mask.masked_fill(mask == 3, IGNORE),
        box=torch.tensor([[0.25, 0.3, 0.6, 0.75]]).repeat(num_images, 1),
        classes={},
        inside=torch.ones(num_images, *size, dtype=torch.bool),
        keys=torch.arange(num_images),
    )


def draw(config: AugmentConfig, num_samples: int, aspect_ratio: float = 1.0, seed: int = 0) -> np.ndarray:
    uniforms = np.random.default_rng(seed).random((num_samples, NUM_GEOMETRIC))
    return draw_homographies(config, uniforms, aspect_ratio)


def in_pixels(homography: np.ndarray, height: int, width: int) -> np.ndarray:
    """The same from pixels of the new picture to pixels of the old one."""
    to_position = np.array([[2 / width, 0, -1], [0, 2 / height, -1], [0, 0, 1]])
    return np.linalg.inv(to_position) @ homography @ to_position


def coefficients(homography: np.ndarray, height: int = SIZE, width: int = SIZE) -> list[float]:
    """torchvision's eight numbers."""
    matrix = in_pixels(homography, height, width)
    return (matrix / matrix[2, 2]).flatten()[:8].tolist()


def crop(x: float, y: float, side: float, degrees: float = 0.0) -> np.ndarray:
    cos, sin = side * np.cos(np.deg2rad(degrees)), side * np.sin(np.deg2rad(degrees))
    return np.array([[[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]]])


@pytest.mark.parametrize(("height", "width"), [(SIZE, SIZE), (32, 48), (60, 40)])
def test_picture_and_mask_move_as_in_torchvision(height: int, width: int) -> None:
    batch, homographies = make_batch(16, height, width), draw(STRONG, 16, width / height)
    moved = move(batch, homographies, box_from_mask=False)
    for index, homography in enumerate(homographies):
        numbers = coefficients(homography, height, width)
        marked = torch.cat([batch.clean[index], torch.ones(1, height, width)])
        image = tv.perspective(marked, None, None, coefficients=numbers)
        untouched_by_the_edge = image[3] > 0.9999
        assert untouched_by_the_edge.float().mean() > 0.3
        torch.testing.assert_close(
            moved.clean[index][:, untouched_by_the_edge], image[:3, untouched_by_the_edge], atol=2e-4, rtol=0
        )
        labels = tv_tensors.Mask(batch.mask[index][None])
        mask = tv.perspective(labels, None, None, fill=[float(IGNORE)], coefficients=numbers)[0]
        assert (moved.mask[index] == mask).float().mean() > 0.998


def test_boxes_move_as_in_torchvision() -> None:
    homographies = draw(AugmentConfig(scale=(0.8, 1.2), rotation=30.0, perspective=0.1), 50)
    boxes = np.tile(np.array([0.3, 0.35, 0.6, 0.7], np.float32), (50, 1))
    moved = move_boxes(boxes, homographies)
    for box, result, homography in zip(boxes, moved, homographies, strict=True):
        expected = tv.perspective_bounding_boxes(
            torch.from_numpy(box.astype(np.float64) * SIZE),
            format=tv_tensors.BoundingBoxFormat.XYXY,
            canvas_size=(SIZE, SIZE),
            startpoints=None,
            endpoints=None,
            coefficients=coefficients(homography),
        )
        np.testing.assert_allclose(result * SIZE, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(2, 4), (3, 3), (64, 96), (96, 40)])
def test_a_turn_keeps_distances_between_pixels(height: int, width: int) -> None:
    """Whatever shape the picture has; and a zoom makes all of them longer alike."""
    for zoom in (1.0, 0.6):
        config = AugmentConfig(scale=(zoom, zoom), aspect=1.0, rotation=180.0, perspective=0.0, flip=0.0, geometric=1.0)
        for homography in draw(config, 8, width / height):
            linear = in_pixels(homography, height, width)[:2, :2] / zoom
            np.testing.assert_allclose(linear.T @ linear, np.eye(2), atol=1e-12)
            assert np.linalg.det(linear) == pytest.approx(1)
            assert abs(linear[0, 1]) > 1e-3


def test_the_shape_of_a_picture_changes_turns_alone() -> None:
    config = AugmentConfig(scale=(0.5, 1.3), aspect=1.5, rotation=0.0, perspective=0.2)
    np.testing.assert_array_equal(draw(config, 20, 1.5), draw(config, 20))


@pytest.mark.parametrize(("height", "width"), [(7, 7), (48, 48), (100, 100), (48, 60), (31, 20)])
def test_identity_and_flip_are_exact(height: int, width: int) -> None:
    batch = make_batch(3, height, width)
    moved = move(batch, np.stack([np.eye(3), FLIP, crop(0.1, 0.0, 0.7)[0]]), box_from_mask=False)
    torch.testing.assert_close(moved.clean[0], batch.clean[0], atol=0, rtol=0)
    torch.testing.assert_close(moved.clean[1], batch.clean[1].flip(-1), atol=0, rtol=0)
    torch.testing.assert_close(moved.mask[1], batch.mask[1].flip(-1), atol=0, rtol=0)
    torch.testing.assert_close(moved.box[0], batch.box[0], atol=0, rtol=0)
    torch.testing.assert_close(moved.box[1], torch.tensor([0.4, 0.3, 0.75, 0.75]))
    assert not torch.equal(moved.clean[2], batch.clean[2])


def test_flipping_twice_gives_the_picture_back() -> None:
    batch = make_batch(2)
    flips = np.stack([FLIP, FLIP])
    twice = move(move(batch, flips, box_from_mask=False), flips, box_from_mask=False)
    assert torch.equal(twice.clean, batch.clean)
    assert torch.equal(twice.mask, batch.mask)
    torch.testing.assert_close(twice.box, batch.box)


def test_the_batch_itself_is_not_changed() -> None:
    batch, same = make_batch(4), make_batch(4)
    move(batch, draw(STRONG, 4), box_from_mask=True)
    assert torch.equal(batch.clean, same.clean)
    assert torch.equal(batch.mask, same.mask)
    assert torch.equal(batch.box, same.box)


@settings(max_examples=60)
@given(
    x=st.floats(-0.3, 0.3),
    y=st.floats(-0.3, 0.3),
    side=st.floats(0.8, 1.4),
    degrees=st.floats(-180.0, 180.0),
    box_from_mask=st.booleans(),
)
def test_a_rectangle_and_its_box_stay_together(
    x: float, y: float, side: float, degrees: float, box_from_mask: bool
) -> None:
    batch = make_batch(1)
    batch.mask.zero_()[0, 17:29, 14:31] = 1
    batch.box[0] = torch.tensor([14.0, 17.0, 31.0, 29.0]) / SIZE
    moved = move(batch, crop(x, y, side, degrees), box_from_mask=box_from_mask)
    rows, columns = torch.where(moved.mask[0] == 1)
    seen = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
    # The corners of a turned rectangle are thinner than a pixel.
    tolerance = 0.0 if box_from_mask else (2.0 if degrees % 90.0 else 1.0)
    torch.testing.assert_close(moved.box[0] * SIZE, seen, atol=tolerance + 1e-4, rtol=0)


def test_a_box_from_the_mask_shrinks_to_what_is_seen_of_a_turned_animal() -> None:
    batch = make_batch(1)
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    batch.mask[0] = (rows - 23.5) ** 2 + (columns - 23.5) ** 2 < 100
    batch.box[0] = torch.tensor([14.0, 14.0, 34.0, 34.0]) / SIZE
    turned = crop(0.0, 0.0, 1.0, 45.0)
    hull = move(batch, turned, box_from_mask=False).box[0] * SIZE
    disc = move(batch, turned, box_from_mask=True).box[0] * SIZE
    assert hull[2] - hull[0] > 27.0
    assert 19.0 <= disc[2] - disc[0] <= 21.0


@pytest.mark.parametrize(("shift", "missing"), [(0.9, False), (1.1, True)])
def test_a_box_is_missing_when_most_of_it_is_cropped_away(shift: float, missing: bool) -> None:
    box = np.array([[0.4, 0.4, 0.6, 0.6]], np.float32)
    moved = move_boxes(box, crop(shift, 0.0, 1.0))[0]
    assert np.isnan(moved).all() == missing
    if not missing:
        np.testing.assert_allclose(moved, [0.0, 0.4, 0.15, 0.6], atol=1e-6)


def test_a_missing_box_stays_missing() -> None:
    batch = make_batch(3)
    batch.box.fill_(float("nan"))
    for box_from_mask in (False, True):
        assert move(batch, draw(STRONG, 3), box_from_mask=box_from_mask).box.isnan().all()


def test_a_box_beyond_the_horizon_is_missing() -> None:
    tilted = np.array([[[0.2, 0.0, -0.8], [0.0, 0.2, 0.0], [0.3, 0.0, 1.0]]])
    assert np.isnan(move_boxes(np.array([[0.7, 0.4, 0.95, 0.6]], np.float32), tilted)).all()


def test_only_photograph_is_inside_and_only_photograph_is_labelled() -> None:
    batch = make_batch(40)
    batch.mask.zero_()
    batch.inside[:, :, :10] = False
    moved = move(batch, draw(STRONG, 40), box_from_mask=False)
    assert torch.equal(moved.mask == IGNORE, ~moved.inside)
    assert set(moved.mask.unique().tolist()) == {0, IGNORE}
    assert 0.5 < moved.inside.float().mean() < 0.85


def test_masks_hold_no_value_that_is_not_stored() -> None:
    batch = make_batch(30)
    moved = move(batch, draw(STRONG, 30), box_from_mask=False)
    for before, after in zip(batch.mask, moved.mask, strict=True):
        assert set(after.unique().tolist()) <= set(before.unique().tolist()) | {IGNORE}


def test_class_ids_up_to_the_last_survive() -> None:
    batch = make_batch(1, 32)
    batch.mask[0] = torch.arange(1024).view(32, 32) % 255
    moved = move(batch, crop(0.0, 0.0, 0.999), box_from_mask=False)
    assert torch.equal(moved.mask, batch.mask)


def test_beyond_the_edge_the_picture_is_reflected() -> None:
    batch = make_batch(1)
    moved = move(batch, crop(1.0, 0.0, 1.0), box_from_mask=False)
    half = SIZE // 2
    torch.testing.assert_close(moved.clean[..., half:], batch.clean[..., half:].flip(-1), atol=1e-4, rtol=0)
    assert not moved.inside[..., half:].any()
    assert moved.inside[..., :half].all()


def test_draws_keep_to_their_ranges_and_fill_them() -> None:
    config = AugmentConfig(flip=0.3, scale=(0.5, 1.2), aspect=1.5, rotation=20.0, perspective=0.0)
    homographies = draw(config, 4000)
    flipped = np.linalg.det(homographies) < 0
    assert abs(flipped.mean() - 0.3) < 0.03
    placed = np.where(flipped[:, None, None], FLIP @ homographies, homographies)
    width, height = np.hypot(*placed[:, 0, :2].T), np.hypot(*placed[:, 1, :2].T)
    angle = np.rad2deg(np.arctan2(placed[:, 1, 0] / height, placed[:, 1, 1] / height))
    for values, low, high in (
        (np.log(width * height) / 2, np.log(0.5), np.log(1.2)),
        (np.log(width / height), -np.log(1.5), np.log(1.5)),
        (angle, -20.0, 20.0),
        (placed[:, 0, 2] / np.abs(1 - width), -1.0, 1.0),
        (placed[:, 1, 2] / np.abs(1 - height), -1.0, 1.0),
    ):
        assert low - 1e-9 <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high + 1e-9
        assert abs(values.mean() - (low + high) / 2) < 0.03 * (high - low)


def test_the_geometric_probability_counts_pictures() -> None:
    config = AugmentConfig(flip=0.0, geometric=0.25)
    unchanged = (draw(config, 4000) == np.eye(3)).all(axis=(1, 2)).mean()
    assert abs(unchanged - 0.75) < 0.03


def test_without_strength_nothing_moves() -> None:
    still = AugmentConfig(flip=0.0, scale=(1.0, 1.0), aspect=1.0, rotation=0.0, perspective=0.0)
    for config in (still, NO_AUGMENTATION):
        assert (draw(config, 100) == np.eye(3)).all()


@given(tilt=st.floats(0.0, 0.4), seed=st.integers(0, 1000))
def test_every_position_of_the_new_picture_has_a_source(tilt: float, seed: int) -> None:
    homographies = draw(AugmentConfig(perspective=tilt), 20, seed=seed)
    corners = np.array([[x, y, 1.0] for x in (-1, 1) for y in (-1, 1)])
    assert (homographies[:, 2] @ corners.T > 0.0).all()


def test_a_mirrored_batch_is_flipped_by_the_augmentation_and_twice_the_batch_again() -> None:
    """Beside a sample that is moved otherwise too, so that both ways through `move` are compared."""
    batch = make_batch(5)
    batch.inside[:, :, :7] = False
    batch.box[1] = torch.nan
    batch.box[2] = torch.tensor([0.123, 0.2, 1.0, 0.9])
    mirrored = mirror(batch)
    assert (mirrored.ids, mirrored.classes) == (batch.ids, batch.classes)
    assert torch.equal(mirrored.keys, batch.keys)
    assert torch.equal(mirrored.image, tv.horizontal_flip(batch.image))
    for others in (np.empty((0, 3, 3)), crop(0.1, 0.0, 0.5)):
        homographies = np.concatenate([np.tile(FLIP, (5 - len(others), 1, 1)), others])
        moved, num_flipped = move(batch, homographies, box_from_mask=False), 5 - len(others)
        for name in ("clean", "mask", "inside", "box"):
            found, expected = getattr(mirrored, name)[:num_flipped], getattr(moved, name)[:num_flipped]
            torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)
    again = mirror(mirrored)
    assert all(torch.equal(getattr(again, name), getattr(batch, name)) for name in ("image", "clean", "mask", "inside"))
    torch.testing.assert_close(again.box, batch.box, equal_nan=True)
