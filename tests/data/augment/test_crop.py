"""Windows lie where they should, are exact cuts where nothing moves them, and else one resampling of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig, CropConfig, can_show, draw_cut
from auxseg.data.augment.crop import Cut, Window
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies, move, resample
from auxseg.data.geometry import WHOLE, Fit, Part
from auxseg.data.layers import BoxesForm, MapForm
from auxseg.data.layers.boxes import NO_BOX
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE
from auxseg.keyed import keyed_uniforms, sample_keys
from auxseg.records.values.size import Size

HEIGHT, WIDTH, SIDE = 48, 64, 32
FLIPPED = replace(NO_AUGMENTATION, flip=1.0)
STRONG = AugmentConfig(flip=0.5)


def sample(part: Part = WHOLE, box: tuple[float, ...] = (0.25, 0.25, 0.75, 0.75)) -> Batch:
    """A noisy picture with a mask of three classes and a map, of which only a part is there."""
    random = np.random.default_rng(3)
    image = torch.from_numpy(random.random((HEIGHT, WIDTH, 3), np.float32)[part]).permute(2, 0, 1)[None].contiguous()
    mask = torch.from_numpy(labels()[part])[None].contiguous()
    depth = torch.from_numpy(random.random((HEIGHT, WIDTH), np.float32)[part])[None, None].contiguous()
    return Batch(
        ids=("one",),
        image=image,
        clean=image,
        mask=mask,
        box=torch.tensor([box]),
        classes={"breed": torch.tensor([2])},
        inside=torch.ones(mask.shape, dtype=torch.bool),
        keys=sample_keys(0, [0], ["one"]),
        layers={"depth": depth, "things": torch.tensor([[[*box, 0.0, 0.0]]])},
        forms={"depth": MapForm(), "things": BoxesForm(("thing",))},
    )


def labels() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)


def rare() -> np.ndarray:
    """Foreground of two classes in two corners: one of 9 pixels, one of 400."""
    mask = np.zeros((200, 300), np.uint8)
    mask[3:6, 290:293], mask[170:190, 5:25] = 1, 2
    return mask


def cut(number: int, config: AugmentConfig = NO_AUGMENTATION, foreground: float = 0.0) -> Cut:
    crop = CropConfig(size=SIDE, foreground=foreground)
    return _draw(crop, config, labels(), (0, HEIGHT, 0, WIDTH), (0, number, "one"))


@pytest.mark.parametrize("config", [NO_AUGMENTATION, FLIPPED])
def test_without_a_move_a_window_is_an_exact_cut(config: AugmentConfig) -> None:
    whole = sample()
    for number in range(20):
        drawn = cut(number, config, foreground=0.5)
        shown = drawn.show(sample(drawn.part), box_from_mask=False)
        rows, columns = drawn.part
        expected = [each[..., rows, columns] for each in (whole.clean, whole.mask, whole.layers["depth"])]
        expected = [each.flip(-1) for each in expected] if config is FLIPPED else expected
        for found, true in zip((shown.clean, shown.mask, shown.layers["depth"]), expected, strict=True):
            assert found.shape[-2:] == (SIDE, SIDE)
            assert torch.equal(found, true)
        assert shown.classes == whole.classes


@pytest.mark.parametrize("config", [NO_AUGMENTATION, FLIPPED, STRONG])
def test_boxes_of_layers_move_with_the_window_as_the_one_box_does(config: AugmentConfig) -> None:
    missing = 0
    for number in range(20):
        drawn = cut(number, config)
        shown = drawn.show(sample(drawn.part), box_from_mask=False)
        (row,), (box,) = shown.layers["things"][0], shown.box
        if box.isnan().any():
            assert row[4] == NO_BOX
            missing += 1
        else:
            torch.testing.assert_close(row[:4], box)
    assert 0 < missing < 20


def test_a_moved_window_is_sampled_from_its_part_as_from_the_whole_picture() -> None:
    parts: set[tuple[int, ...]] = set()
    for number in range(40):
        drawn = cut(number, STRONG)
        assert not drawn.is_exact
        found = drawn.show(sample(drawn.part), box_from_mask=False)
        to_whole = torch.from_numpy(drawn.window.affine(WHOLE, drawn.shape) @ drawn.homography)[None].float()
        turning = torch.from_numpy(drawn.homography)[None].float()
        expected = resample(sample(), to_whole, (SIDE, SIDE), turning, to_whole)
        torch.testing.assert_close(found.clean, expected.clean, atol=5e-5, rtol=0)
        assert (found.mask == expected.mask).float().mean() > 0.99  # where two pixels are as near, either may be taken
        assert (found.inside == expected.inside).float().mean() > 0.99
        known = ~(found.layers["depth"].isnan() | expected.layers["depth"].isnan())
        torch.testing.assert_close(found.layers["depth"][known], expected.layers["depth"][known], atol=5e-5, rtol=0)
        parts.add(tuple(sample(drawn.part).clean.shape[-2:]))
    assert len(parts) > 10, "no part was smaller than the picture"


def test_a_window_of_the_whole_square_is_moved_as_a_picture_without_windows() -> None:
    square = (slice(0, SIDE), slice(0, SIDE))
    batch, mask = sample(square), labels()[square]
    for number in range(20):
        drawn = _draw(CropConfig(size=SIDE), STRONG, mask, (0, SIDE, 0, SIDE), (1, number, "one"))
        uniforms = keyed_uniforms(NUM_GEOMETRIC, "geometric", 1, number, "one")[None]
        expected = move(batch, draw_homographies(STRONG, uniforms), box_from_mask=False)
        part = tuple(batch.clean[0, 0][drawn.part].shape)
        found = drawn.show(_cut_out(batch, drawn.part), box_from_mask=False)
        torch.testing.assert_close(found.clean, expected.clean, atol=5e-5, rtol=0)
        torch.testing.assert_close(found.box, expected.box, equal_nan=True)
        assert max(part) <= SIDE


def test_a_box_moves_with_its_window_and_is_missing_when_less_than_half_is_seen() -> None:
    box = (16 / WIDTH, 8 / HEIGHT, 32 / WIDTH, 24 / HEIGHT)
    for top, left in ((0, 0), (8, 20), (8, 23), (8, 25), (15, 0), (16, 16), (16, 30)):
        drawn = Cut(Window(top, left, SIDE), np.eye(3), (HEIGHT, WIDTH))
        found = drawn.show(sample(drawn.part, box), box_from_mask=False).box[0] * SIDE
        x0, y0, x1, y1 = (min(max(value, 0), SIDE) for value in (16 - left, 8 - top, 32 - left, 24 - top))
        if (x1 - x0) * (y1 - y0) < 16 * 16 / 2:
            assert found.isnan().all(), (top, left)
        else:
            assert found.tolist() == pytest.approx([x0, y0, x1, y1], abs=1e-3)


def test_a_box_of_the_mask_is_that_of_the_foreground_in_the_window() -> None:
    batch = sample(box=(0.0, 0.0, 1.0, 1.0))
    mask = torch.zeros_like(batch.mask)
    mask[0, 10:20, 4:50] = 1
    drawn = Cut(Window(4, 2, SIDE), np.eye(3), (HEIGHT, WIDTH))
    batch = replace(batch, mask=mask, box=torch.tensor([[4 / WIDTH, 10 / HEIGHT, 50 / WIDTH, 20 / HEIGHT]]))
    found = drawn.show(_cut_out(batch, drawn.part), box_from_mask=True)
    assert (found.box[0] * SIDE).tolist() == pytest.approx([2, 6, SIDE, 16], abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_windows_with_foreground_holds(share: float) -> None:
    mask, crop = rare(), CropConfig(size=SIDE, foreground=share)
    seen = np.zeros(3)
    number = 600
    for index in range(number):
        drawn = _draw(crop, FLIPPED if index % 2 else NO_AUGMENTATION, mask, (0, 200, 0, 300), (0, index, "a"))
        seen += [(mask[drawn.part] == each).any() for each in range(3)]
    by_chance = _chance(mask, 1) + _chance(mask, 2)
    expected = share + (1 - share) * by_chance
    error = 4 * np.sqrt(max(expected * (1 - expected), 1e-9) / number)
    assert abs((seen[1] + seen[2]) / number - expected) <= error + 1e-9
    for each in (1, 2):  # classes alike, however many pixels they have
        wanted = share / 2 + (1 - share) * _chance(mask, each)
        assert abs(seen[each] / number - wanted) <= 4 * np.sqrt(max(wanted * (1 - wanted), 1e-9) / number) + 1e-9


def test_windows_without_foreground_to_show_lie_everywhere_in_the_photograph() -> None:
    mask, crop = np.full((HEIGHT, WIDTH), IGNORE, np.uint8), CropConfig(size=16, foreground=1.0)
    drawn = [_draw(crop, NO_AUGMENTATION, mask, (8, 40, 0, WIDTH), (0, index, "a")).window for index in range(600)]
    assert {window.top for window in drawn} == set(range(8, 25))
    assert {window.left for window in drawn} == set(range(WIDTH - 16 + 1))
    assert _draw(crop, NO_AUGMENTATION, mask, (20, 30, 4, 9), (0, 0, "a")).window.top in range(14, 21)


def test_background_is_foreground_where_it_is_a_class_like_any_other() -> None:
    mask = np.ones((HEIGHT, WIDTH), np.uint8)
    mask[40:44, 50:54] = 0
    crop = CropConfig(size=16, foreground=1.0)
    share = [
        np.mean([(mask[drawn.part] == 0).any() for drawn in (_at(crop, mask, index, first) for index in range(200))])
        for first in (0, 1)
    ]
    assert share[0] > 0.5 > share[1]


def test_a_window_depends_on_seed_epoch_and_sample_alone() -> None:
    def drawn(seed: int, epoch: int, name: str) -> Window:
        return _draw(CropConfig(size=16), STRONG, labels(), (0, HEIGHT, 0, WIDTH), (seed, epoch, name)).window

    assert drawn(0, 0, "a") == drawn(0, 0, "a")
    assert (
        len(
            {(each.top, each.left) for each in (drawn(0, 0, "a"), drawn(1, 0, "a"), drawn(0, 1, "a"), drawn(0, 0, "b"))}
        )
        > 2
    )


def _draw(
    crop: CropConfig,
    augment: AugmentConfig,
    mask: np.ndarray,
    inside: tuple[int, int, int, int],
    key: tuple[int, int, str],
    first_class: int = 1,
) -> Cut:
    place = Fit((inside[1] - inside[0], inside[3] - inside[2]), Size(*mask.shape), inside)
    return draw_cut(crop, augment, place, lambda: mask, key, first_class)


def _at(crop: CropConfig, mask: np.ndarray, index: int, first_class: int) -> Cut:
    return _draw(crop, NO_AUGMENTATION, mask, (0, HEIGHT, 0, WIDTH), (0, index, "a"), first_class)


def _chance(mask: np.ndarray, value: int) -> float:
    """The share of all windows that hold the class."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask == value)
    shares = []
    for low, high, length in ((rows.min(), rows.max(), height), (columns.min(), columns.max(), width)):
        starts = np.arange(length - SIDE + 1)
        shares.append(((starts <= high) & (starts + SIDE > low)).mean())
    return float(np.prod(shares))


def _cut_out(batch: Batch, part: Part) -> Batch:
    at = (..., *part)
    layers = {name: values[at] if values.ndim == 4 else values for name, values in batch.layers.items()}
    return replace(
        batch, image=batch.image[at], clean=batch.clean[at], mask=batch.mask[at], inside=batch.inside[at], layers=layers
    )


def _in_quadrilateral(point: tuple[float, float], corners: np.ndarray) -> bool:
    """Whether a point is on the same side of all edges of a convex quadrilateral."""
    edges, ways = np.roll(corners, -1, axis=0) - corners, np.array(point) - corners
    sides = edges[:, 0] * ways[:, 1] - edges[:, 1] * ways[:, 0]
    return bool((sides >= -1e-9).all() or (sides <= 1e-9).all())


def test_a_window_shows_all_where_it_surrounds_the_corners_of_the_photograph() -> None:
    crop, found = CropConfig(size=16, foreground=0), set[tuple[bool, bool]]()
    for seed in range(80):
        top, left = np.random.default_rng(seed).integers(0, 2, 2).tolist()
        augment = AugmentConfig(rotation=15.0, scale=(0.9, 1.5)) if seed % 2 else FLIPPED
        height = 12 if seed % 4 < 2 else 17 - top
        inside = (top, top + height, left, left + 10)
        drawn = _draw(crop, augment, np.zeros((18, 20), np.uint8), inside, (seed, 0, ""))
        whole = drawn.window.affine(WHOLE, (18, 20)) @ drawn.homography
        x, y, depth = whole @ np.array([[-1, 1, 1, -1], [-1, -1, 1, 1], [1, 1, 1, 1]])
        window = np.stack([(x / depth + 1) * 10, (y / depth + 1) * 9], axis=1)
        corners = [(each, other) for each in (left, left + 10) for other in (top, top + height)]
        expected = all(_in_quadrilateral(corner, window) for corner in corners)
        assert drawn.shows_all == expected
        found.add((bool(seed % 2), expected))
    assert len(found) == 4


def test_a_window_that_shows_less_than_all_is_a_part() -> None:
    assert cut(0).show(sample(cut(0).part), box_from_mask=False).parts == (True,)
    whole = Cut(Window(0, 0, SIDE), np.eye(3), (HEIGHT, WIDTH), (0, SIDE, 0, SIDE))
    assert whole.show(sample(whole.part), box_from_mask=False).parts == (False,)


@pytest.mark.parametrize("geometric", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("scale", [(0.5, 0.9), (0.9, 1.3)])
@pytest.mark.parametrize("sides", [(30, 30), (38, 38), (30, 38), (60, 32), (20, 36)])
def test_whether_a_window_can_show_all_is_what_draws_say(geometric, scale, sides) -> None:
    config = AugmentConfig(geometric=geometric, scale=scale, aspect=1.5, rotation=0, perspective=0)
    crop, (height, width) = CropConfig(size=SIDE, foreground=0.0), sides
    whole = Fit(sides, Size(height + 30, width + 30), (15, 15 + height, 15, 15 + width))
    draws = (draw_cut(crop, config, whole, None, (0, number, "one")).shows_all for number in range(1500))
    assert any(draws) == can_show(crop, config, np.array([sides]))[0]


@pytest.mark.parametrize("sides", [(4, 40), (40, 4), (4, 60), (30, 40), (24, 24), (20, 36)])
@pytest.mark.parametrize("rotation", [0, 25, 45, 180])
def test_a_thin_image_that_is_longer_than_a_window_fits_where_it_is_turned(rotation, sides) -> None:
    """Angles and stretches are tried one after the other, until all corners lie in the window."""
    config = AugmentConfig(scale=(1, 1), aspect=1.2, rotation=rotation, perspective=0)
    height, width = sides
    fits = False
    for angle in np.radians(np.arange(0, min(rotation, 90) + 1)):
        for stretch in np.linspace(1.2**-0.5, 1.2**0.5, 101):
            across, down = width / stretch, height * stretch
            corners = [(x * across / 2, y * down / 2) for x in (-1, 1) for y in (-1, 1)]
            turned = [abs(x * np.cos(angle) + y * np.sin(angle)) for x, y in corners]
            turned += [abs(y * np.cos(angle) - x * np.sin(angle)) for x, y in corners]
            fits |= max(turned) <= SIDE / 2 * (1 + 1e-9)
    assert can_show(CropConfig(size=SIDE), config, np.array([sides]))[0] == fits
    assert fits or rotation < 180 or sides != (4, 40)


def test_draws_show_all_of_a_thin_image_that_fits_when_turned() -> None:
    config = AugmentConfig(geometric=1, scale=(1, 1), aspect=1, rotation=60, perspective=0)
    crop, whole = CropConfig(size=SIDE, foreground=0.0), Fit((4, 38), Size(44, 78), (20, 24, 20, 58))
    assert can_show(crop, config, np.array([[4, 38]]))[0]
    assert any(draw_cut(crop, config, whole, None, (0, number, "one")).shows_all for number in range(4000))
