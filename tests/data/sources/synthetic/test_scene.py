"""Generated scenes: labels are true to the shapes, at every size, and colour is no short cut to them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from auxseg.data.sources.synthetic import Layers, render
from auxseg.data.sources.synthetic.breeds import BREEDS
from auxseg.records.values.size import Size

SIZE = 64


@pytest.fixture(scope="module")
def scenes() -> list[Layers]:
    """Enough samples at a small size to speak of the whole set."""
    return [render(BREEDS[index % len(BREEDS)], 0, index, Size.of(SIZE)) for index in range(56)]


def test_masks_are_binary_and_never_empty(scenes: list[Layers]) -> None:
    """Something of the animal is always in sight, and something of its surroundings."""
    for layers in scenes:
        assert (layers.image.shape, layers.mask.shape) == ((SIZE, SIZE, 3), (SIZE, SIZE))
        assert set(np.unique(layers.mask)) == {0, 1}
        assert 0.01 < layers.mask.mean() < 0.8


def test_the_head_box_bounds_the_heads_silhouette(scenes: list[Layers]) -> None:
    """Drawn on the whole plane and cut to the image; missing exactly when most of the head is outside."""
    for layers in scenes:
        rows, columns = np.nonzero(layers.head.silhouette)
        rows, columns = rows + layers.head.window.y0, columns + layers.head.window.x0
        inside = (rows >= 0) & (rows < SIZE) & (columns >= 0) & (columns < SIZE)
        assert (layers.head_box is None) == (inside.mean() < 0.5)
        assert (layers.animal[rows[inside], columns[inside]] >= 0.5).all()
        if layers.head_box is not None:
            corners = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert layers.head_box == tuple(np.clip(corners, 0, SIZE))
    assert np.mean([layers.head_box is not None for layers in scenes]) > 0.8


def test_hidden_pixels_are_background(scenes: list[Layers]) -> None:
    """The mask is the animal's shape without what stands in front, and things do stand in front."""
    hidden = []
    for layers in scenes:
        assert not (layers.mask.astype(bool) & (layers.animal < 0.5)).any()
        hidden.append(1 - layers.mask.sum() / (layers.animal >= 0.5).sum())
    assert max(hidden) < 0.7
    assert np.mean(np.array(hidden) > 0.02) > 0.3


@pytest.mark.parametrize("size", [64, 256])
def test_another_size_shows_the_same_scene(size: int) -> None:
    """Masks, boxes and colours agree with those at 128 pixels."""
    for index in range(4):
        middle, other = (render(BREEDS[index % 8], 2, index, Size.of(pixels)) for pixels in (128, size))
        small, large = sorted((middle, other), key=lambda layers: len(layers.mask))
        blocks = len(small.mask), 2, len(small.mask), 2
        shrunk = large.mask.reshape(blocks).mean(axis=(1, 3)) >= 0.5
        assert (shrunk & (small.mask == 1)).sum() / (shrunk | (small.mask == 1)).sum() > 0.85
        colours = large.image.reshape(*blocks, 3).astype(float).mean(axis=(1, 3))
        assert np.abs(colours - small.image).mean() < 18
        if middle.head_box is not None and other.head_box is not None:
            assert np.allclose(np.array(middle.head_box) / 128, np.array(other.head_box) / size, atol=0.04)


def test_colour_alone_does_not_give_the_mask_away(scenes: list[Layers]) -> None:
    """A strong classifier of single pixels' colours stays far from the shapes."""
    colours = np.stack([layers.image for layers in scenes])
    masks = np.stack([layers.mask for layers in scenes])
    classifier = HistGradientBoostingClassifier(max_iter=40, class_weight="balanced", random_state=0)
    classifier.fit(colours[:40, ::2, ::2].reshape(-1, 3), masks[:40, ::2, ::2].ravel())
    found = classifier.predict(colours[40:].reshape(-1, 3)).reshape(masks[40:].shape) == 1
    truth = masks[40:] == 1
    assert (found & truth).sum() / (found | truth).sum() < 0.5
