"""A photograph at its own resolution: as it is, or scaled as a whole would be, whatever rows are asked for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from auxseg.data.geometry import own_fit, padded_fit
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.tiling import Tiles
from auxseg.recipe import build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run.prediction import by_tiles
from auxseg.run.prediction.by_tiles import Seen, answers_by_tiles

VOCABULARY = Vocabulary(Size(64, 64), ("background", "animal"), {}, scale=(1.0, 1.0))
PADDED = 128 / 255


def photograph(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def compute(pictures: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Looks at single pixels."""
    outputs = {
        "segmentation": torch.stack([1 - 2 * pictures[:, 0], pictures[:, 1]], 1),
        "edges": pictures[:, :1] - pictures[:, 1:2],
    }
    return {name: outputs[name] for name in names}


def test_a_photograph_of_native_scale_is_seen_pixel_by_pixel() -> None:
    image = photograph(40, 50)
    seen = Seen.of(image, VOCABULARY)
    assert (seen.height, seen.width) == (40, 50)
    rows = seen.rows(30, 46, 0, 64)
    assert rows.shape == (3, 16, 64)
    assert torch.equal(rows[:, :10, :50], torch.from_numpy(image[30:].copy()).permute(2, 0, 1).float() / 255)
    assert (rows[:, 10:] == PADDED).all()
    assert (rows[:, :, 50:] == PADDED).all()


@pytest.mark.parametrize("scale", [(0.5, 0.5), (0.37, 0.8), (1.7, 2.3)])
def test_a_scaled_photograph_is_the_same_in_rows_as_in_one(scale: tuple[float, float]) -> None:
    image = photograph(90, 70)
    seen = Seen.of(image, replace(VOCABULARY, scale=scale))
    assert (seen.height, seen.width) == (round(90 * scale[0]), round(70 * scale[1]))
    whole = np.asarray(Image.fromarray(image).resize((seen.width, seen.height), Image.Resampling.BILINEAR))
    for first in range(0, seen.height, 7):
        last = min(first + 7, seen.height)
        rows = (seen.rows(first, last, 0, seen.width).permute(1, 2, 0) * 255).round().numpy()
        assert np.abs(rows - whole[first:last]).max() <= 1


def test_a_shrunk_photograph_is_the_same_in_parts_of_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen.of(photograph(900, 70), replace(VOCABULARY, scale=(0.04, 0.5)))
    whole = seen.rows(0, seen.height, 0, seen.width)
    monkeypatch.setattr(by_tiles, "_MOST_RESIZED", 3 * 25 * 70 * 3)
    asked: list[int] = []
    part = Seen._part
    monkeypatch.setattr(Seen, "_part", lambda self, first, last: asked.append(last - first) or part(self, first, last))
    assert ((seen.rows(0, seen.height, 0, seen.width) - whole).abs() * 255).max() < 1.01
    assert asked == [3] * 12


def test_a_model_that_knows_no_scale_sees_a_photograph_as_it_would_be_stored() -> None:
    for resize, expected in (("squash", (64, 64)), ("letterbox", (32, 64))):
        seen = Seen.of(photograph(50, 100), replace(VOCABULARY, scale=None, resize=resize))
        assert (seen.height, seen.width) == expected


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.5), (2.0, 1.0)])
def test_bands_say_of_every_task_what_the_whole_says(
    scale: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("tiny", {"tasks.edges.kind": "edges"})
    tasks = build_tasks(recipe, VOCABULARY)
    image, vocabulary = photograph(120, 60), replace(VOCABULARY, scale=scale)

    def ask() -> dict[str, by_tiles.Answer]:
        seen = Seen.of(image, vocabulary)
        return answers_by_tiles(tasks, compute, seen, Tiles(16, 0.5), vocabulary.mask_classes)

    whole = ask()
    monkeypatch.setattr(by_tiles, "_MOST_AT_ONCE", 0)
    banded = ask()
    masks = [answers["segmentation"].mask for answers in (whole, banded)]
    assert masks[0] is not None
    assert masks[1] is not None
    assert masks[0].shape == (120, 60)
    assert (masks[0] == masks[1]).mean() == 1 if scale == (1.0, 1.0) else (masks[0] == masks[1]).mean() > 0.8
    assert banded["segmentation"].scores == pytest.approx(whole["segmentation"].scores, abs=0.03)
    maps = [answers["edges"].map for answers in (whole, banded)]
    assert maps[0] is not None
    assert maps[1] is not None
    assert maps[0]().shape == maps[1]().shape == (1, 120, 60)
    if scale == (1.0, 1.0):
        np.testing.assert_allclose(maps[0](), maps[1](), atol=1e-5)
        drawn = [answers["edges"].draw(image).astype(int) for answers in (whole, banded)]
        assert np.abs(drawn[0] - drawn[1]).max() <= 1
        assert np.array_equal(whole["segmentation"].draw(image), banded["segmentation"].draw(image))


def test_a_large_photograph_takes_its_mask_and_a_few_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_tiles, "_MOST_AT_ONCE", 2**12)
    tasks = build_tasks(load_recipe("tiny"), VOCABULARY)
    peaks = []
    for height in (400, 1600):
        seen = Seen.of(np.zeros((height, 1000, 3), np.uint8), VOCABULARY)
        tracemalloc.start()
        answers_by_tiles(tasks, compute, seen, Tiles(64, 0.0), VOCABULARY.mask_classes)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1.5 * 1200 * 1000, "more than a mask of one byte a pixel"


def test_photographs_that_take_too_much_memory_are_refused() -> None:
    row = np.zeros((1, 3_000_000, 3), np.uint8)
    tasks = build_tasks(load_recipe("tiny"), VOCABULARY)
    with pytest.raises(InputError, match=r"^the image is 3000000 pixels wide.*give smaller --tiles, or cut the image$"):
        answers_by_tiles(tasks, compute, Seen.of(row, VOCABULARY), Tiles(64), VOCABULARY.mask_classes)
    with pytest.raises(InputError, match=r"the model sees it as 30000000 x 1000.*the limit is 400,000,000 pixels"):
        Seen.of(row, replace(VOCABULARY, scale=(1000.0, 10.0)))


@pytest.mark.parametrize(("height", "width"), [(20, 40), (15, 16), (31, 90)])
def test_a_small_photograph_is_padded_as_stores_pad_it(height: int, width: int) -> None:
    image, side = photograph(height, width), 32
    seen = Seen.of(image, VOCABULARY)
    top, left = seen.corner(side)
    rows = seen.rows(-top, max(height, side) - top, left, max(width, side))
    place = padded_fit(own_fit((height, width), Size(height, width)), side)
    expected = torch.from_numpy(place.image(image)).permute(2, 0, 1).float() / 255
    assert torch.equal(rows, expected)
    found = answers_by_tiles(
        build_tasks(load_recipe("tiny"), VOCABULARY), compute, seen, Tiles(side), VOCABULARY.mask_classes
    )
    assert found["segmentation"].mask is not None
    whole = compute(torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255, ["segmentation"])
    expected_mask = whole["segmentation"][0].argmax(0).numpy()  # of two classes that are as likely, rounding decides
    assert (found["segmentation"].mask != expected_mask).mean() < 0.02
