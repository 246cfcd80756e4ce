"""Layers follow their picture: what is unknown never spreads, and arrows turn with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment import AugmentConfig, augment, mirror
from auxseg.data.augment.geometric import move
from auxseg.data.augment.layers import mirror_layer, turns_of
from auxseg.data.layers import METRES, BoxesForm, LayerForm, MapForm, MaskForm, MultiMaskForm, TagsForm
from auxseg.data.layers.boxes import NO_BOX
from auxseg.data.loading.batch import Batch, layer_batch, to_batch
from auxseg.data.sample import IGNORE
from auxseg.records.values.size import Size

SIZE = 16
FORMS = {
    "depth": MapForm(unit=METRES),
    "normals": MapForm(channels=3, is_vector=True),
    "flow": MapForm(channels=2, unit="px", is_vector=True),
    "parts": MaskForm(("none", "leg", "head")),
}
FLIP = np.diag([-1.0, 1.0, 1.0])


def batch_of(layers: dict[str, np.ndarray]) -> Batch:
    """A batch of pictures without other labels."""
    count, height, width = next(iter(layers.values())).shape[:3]
    image = torch.rand(count, 3, height, width)
    return Batch(
        ids=tuple(map(str, range(count))),
        image=image,
        clean=image,
        mask=torch.zeros(count, height, width, dtype=torch.uint8),
        box=torch.full((count, 4), torch.nan),
        classes={},
        inside=torch.ones(count, height, width, dtype=torch.bool),
        keys=torch.arange(count),
        layers={name: to_batch(values) for name, values in layers.items()},
        forms={name: FORMS[name] for name in layers},
    )


def examples(count: int = 2, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: np.stack([form.example(SIZE, random) for _ in range(count)]) for name, form in FORMS.items()}


def rotation(degrees: float, aspect_ratio: float = 1.0) -> np.ndarray:
    """A turn of the pixels of a picture that is so many times as wide as high."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, -sin / aspect_ratio, 0], [sin * aspect_ratio, cos, 0], [0, 0, 1.0]])


def test_mirroring_exchanges_left_and_right_of_places_and_arrows() -> None:
    batch = batch_of(examples())
    mirrored = mirror(batch)
    for name, values in batch.layers.items():
        flipped = values.numpy()[..., ::-1].copy()
        if name in ("normals", "flow"):
            flipped[:, 0] *= -1
        np.testing.assert_array_equal(mirrored.layers[name].numpy(), flipped)
        assert torch.equal(mirror(mirrored).layers[name], values)


def test_moving_by_identity_and_flip_is_exact_also_beside_others() -> None:
    batch = batch_of(examples(3))
    moved = move(batch, np.stack([np.eye(3), FLIP, rotation(30)]), box_from_mask=False)
    for name, values in batch.layers.items():
        assert torch.equal(moved.layers[name][0], values[0])
        assert torch.equal(moved.layers[name][1], mirror_layer(FORMS[name], values)[1])


def test_a_quarter_turn_turns_pixels_and_arrows() -> None:
    """Against NumPy's own turn. The new picture's right is the stored one's down."""
    layers = examples(1)
    moved = move(batch_of(layers), rotation(90)[None], box_from_mask=False)
    for name, values in layers.items():
        turned = np.rot90(values[0]).astype(np.float32)
        if name in ("normals", "flow"):
            turned = np.concatenate([turned[..., 1:2], -turned[..., 0:1], turned[..., 2:]], axis=-1)
        found = moved.layers[name][0].numpy()
        np.testing.assert_allclose(found if found.ndim == 2 else np.moveaxis(found, 0, 2), turned, atol=2e-3)


@pytest.mark.parametrize(("height", "width"), [(SIZE, SIZE), (40, 24), (24, 40)])
def test_an_arrow_drawn_in_the_picture_points_where_it_is_drawn(height: int, width: int) -> None:
    """The arrow to a mark, which moves with the picture, points to the mark afterwards."""
    arrow = np.zeros((1, height, width, 2), np.float32)
    arrow[..., 0] = 1.0  # to the right, to the mark
    parts = np.zeros((1, height, width), np.uint8)
    parts[0, height // 2 - 1 : height // 2 + 1, width - 4 : width - 1] = 1
    turn = rotation(25.0, width / height)
    moved = move(batch_of({"flow": arrow, "parts": parts}), turn[None], box_from_mask=False)
    rows, columns = np.nonzero(moved.layers["parts"][0].numpy() == 1)
    mark = np.array([columns.mean() - (width - 1) / 2, rows.mean() - (height - 1) / 2])
    x, y = moved.layers["flow"][0, :, height // 2, width // 2].tolist()
    assert np.dot([x, y], mark / np.linalg.norm(mark)) > 0.99


@settings(max_examples=15)
@given(seed=st.integers(0, 1000))
def test_what_is_unknown_never_spreads(seed) -> None:
    layers = examples(2, seed)
    layers["depth"][..., 4:9, :, :] = np.nan
    layers["parts"][:, 4:9] = IGNORE
    moved = augment(batch_of(layers), AugmentConfig(), seed=seed, epochs=[0, 1], box_from_mask=False)
    depth = moved.layers["depth"]
    known = ~depth.isnan()
    assert known.any()
    assert (depth[known] >= float(np.nanmin(layers["depth"])) - 1e-5).all()
    assert (depth[known] <= float(np.nanmax(layers["depth"])) + 1e-5).all()
    assert set(moved.layers["parts"].unique().tolist()) <= {0, 1, 2, IGNORE}
    normals = moved.layers["normals"]
    lengths = normals.norm(dim=1)
    assert torch.allclose(lengths[~lengths.isnan()], torch.ones(()), atol=1e-5)
    assert torch.equal(lengths.isnan(), moved.layers["flow"].isnan().any(1))


def test_a_pixel_is_known_if_at_least_half_of_its_weight_is() -> None:
    """A shift by a quarter of a pixel."""
    depth = np.ones((1, SIZE, SIZE, 1), np.float32)
    depth[:, :, ::2] = np.nan
    shift = np.eye(3)
    shift[0, 2] = 0.25 * 2 / SIZE
    moved = move(batch_of({"depth": depth}), shift[None], box_from_mask=False).layers["depth"][0, 0]
    assert moved[:, 1:-1:2].eq(1).all()  # three quarters of a known pixel
    assert moved[:, 2:-1:2].isnan().all()


def test_zooming_stretching_and_tilting_turn_no_arrow() -> None:
    tilted = np.eye(3)
    tilted[2, :2] = 0.05, 0.0
    for homography in (np.diag([0.5, 0.8, 1.0]), tilted):
        turn = turns_of(torch.from_numpy(homography[None]).float())[0]
        assert torch.allclose(turn, torch.eye(2), atol=1e-6)


@pytest.mark.parametrize("angle", [-120.0, 10.0, 75.0])
@pytest.mark.parametrize("aspect_ratio", [1.0, 1.5, 0.4])
def test_a_zoomed_turn_is_a_turn(angle, aspect_ratio) -> None:
    homography = rotation(angle, aspect_ratio) @ np.diag([0.7, 0.7, 1.0])
    turn = turns_of(torch.from_numpy(homography[None]).float(), aspect_ratio)[0].numpy()
    np.testing.assert_allclose(turn, rotation(-angle)[:2, :2], atol=1e-6)


def test_layers_change_nothing_else() -> None:
    """What is drawn for a picture does not depend on its layers."""
    batch = batch_of(examples())
    bare = Batch(**{**vars(batch), "layers": {}, "forms": {}})
    one, other = (augment(each, AugmentConfig(), seed=3, epochs=[0, 0], box_from_mask=False) for each in (batch, bare))
    assert torch.equal(one.image, other.image)
    assert torch.equal(one.mask, other.mask)


ORGANS, WEATHER, THINGS = MultiMaskForm(("liver", "vessel")), TagsForm(("rain", "snow")), BoxesForm(("car", "person"))


def other_kinds(count: int = 2) -> Batch:
    """A batch with overlapping masks, tags and boxes."""
    random = np.random.default_rng(0)
    forms: dict[str, LayerForm] = {"organs": ORGANS, "weather": WEATHER, "things": THINGS}
    samples = {name: [form.example(SIZE, random) for _ in range(count)] for name, form in forms.items()}
    batch = batch_of({"parts": np.zeros((count, SIZE, SIZE), np.uint8)})
    layers = {name: layer_batch(form, samples[name], Size(SIZE, SIZE)) for name, form in forms.items()}
    return replace(batch, layers=layers, forms=forms)


def test_overlapping_masks_move_as_each_of_them_alone() -> None:
    batch, homographies = other_kinds(), np.stack([rotation(30), FLIP])
    moved = move(batch, homographies, box_from_mask=False).layers["organs"]
    for place in range(2):
        alone = move(batch_of({"parts": batch.layers["organs"][:, place].numpy()}), homographies, box_from_mask=False)
        assert torch.equal(moved[:, place], alone.layers["parts"])
    assert (moved[0] == IGNORE).any()  # from beyond the edges


def test_tags_stay_however_a_picture_moves() -> None:
    batch = other_kinds()
    for moved in (move(batch, np.stack([rotation(30), FLIP]), box_from_mask=False), mirror(batch)):
        assert torch.equal(moved.layers["weather"], batch.layers["weather"])


def test_boxes_move_as_the_one_box_of_a_sample_does() -> None:
    batch = other_kinds(3)
    homographies = np.stack([rotation(30) @ np.diag([0.6, 0.7, 1]), FLIP, np.eye(3)])
    moved = move(batch, homographies, box_from_mask=False).layers["things"]
    for place in range(batch.layers["things"].shape[1]):
        row = batch.layers["things"][:, place]
        box = torch.where(row[:, 4:5] >= 0, row[:, :4], torch.nan)
        expected = move(replace(batch, box=box, layers={}, forms={}), homographies, box_from_mask=False).box
        is_there = ~expected.isnan().any(1)
        assert torch.equal(is_there, moved[:, place, 4] >= 0)
        torch.testing.assert_close(moved[is_there, place, :4], expected[is_there])
        assert torch.equal(moved[is_there, place, 4:], row[is_there, 4:])


def test_a_box_that_leaves_the_picture_is_none_and_unknown_ones_stay_unknown() -> None:
    corner, middle = [0, 0, 2, 2, 1, 0], [6, 6, 10, 10, 0, 0]
    samples = [np.array([corner, middle], np.float32), THINGS.blank(SIZE, SIZE)]
    batch = replace(
        batch_of({"parts": np.zeros((2, SIZE, SIZE), np.uint8)}),
        layers={"things": layer_batch(THINGS, samples, Size(SIZE, SIZE))},
        forms={"things": THINGS},
    )
    zoomed = move(batch, np.stack([np.diag([0.5, 0.5, 1])] * 2), box_from_mask=False).layers["things"]
    assert zoomed[0, :, 4].tolist() == [NO_BOX, 0]
    torch.testing.assert_close(zoomed[0, 1, :4], torch.tensor([0.25, 0.25, 0.75, 0.75]))
    assert zoomed[1].isnan().all()
    assert mirror(batch).layers["things"][1].isnan().all()
