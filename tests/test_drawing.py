"""Pictures, pixel by pixel where it matters."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from auxseg import drawing
from auxseg.data.sample import IGNORE

RED = (255, 0, 0)


@pytest.fixture
def picture() -> np.ndarray:
    return np.full((40, 60, 3), 100, np.uint8)


def _coloured(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(2)


def test_a_mask_tints_its_classes_and_nothing_else(picture: np.ndarray) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[5:15, 5:15], mask[20:30, 20:30], mask[0:3, 40:] = 1, 2, IGNORE
    drawn = drawing.overlay_mask(picture, mask, alpha=0.5)
    assert (_coloured(picture, drawn) == ((mask == 1) | (mask == 2))).all()
    assert tuple(drawn[5, 5]) == drawing.CLASS_COLOURS[0]
    assert tuple(drawn[29, 20]) == drawing.CLASS_COLOURS[1]
    assert drawn[10, 10].tolist() == np.rint((np.array(drawing.CLASS_COLOURS[0]) + 100) / 2).tolist()
    assert (picture == 100).all()


def test_the_contour_is_one_pixel_wide(picture: np.ndarray) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 10:20] = 1
    contour = (drawing.overlay_mask(picture, mask) == drawing.CLASS_COLOURS[0]).all(2)
    assert contour.sum() == 36
    assert not contour[11:19, 11:19].any()


def test_every_class_id_has_a_colour(picture: np.ndarray) -> None:
    mask = np.arange(240, dtype=np.uint8).repeat(10).reshape(40, 60)
    assert (_coloured(picture, drawing.overlay_mask(picture, mask)) == (mask != 0)).all()


def test_a_box_is_half_open(picture: np.ndarray) -> None:
    drawn = _coloured(picture, drawing.draw_box(picture, (10.0, 5.0, 30.0, 25.0), RED))
    rows, columns = np.nonzero(drawn)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 24, 10, 29)
    assert not drawn[10:20, 15:25].any()


@pytest.mark.parametrize("box", [(10.2, 5.0, 30.0, 25.7), (-5, -5, 9, 8), (50, 31, 90, 90), (0, 0, 60, 40)])
def test_a_box_is_the_rectangle_that_pillow_draws(picture: np.ndarray, box: tuple[float, ...]) -> None:
    left, top = (min(max(math.floor(low), 0), size - 1) for low, size in zip(box[:2], (60, 40), strict=True))
    right, bottom = (min(math.ceil(high), size) - 1 for high, size in zip(box[2:], (60, 40), strict=True))
    canvas = Image.fromarray(picture)
    corners = (left, top, max(right, left), max(bottom, top))
    ImageDraw.Draw(canvas).rectangle(corners, outline=RED, width=2)
    np.testing.assert_array_equal(drawing.draw_box(picture, box, RED), np.array(canvas))


def test_drawing_in_bands_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (45, 37, 3), np.uint8)
    other = np.add.outer(np.arange(9), np.arange(13))[..., None] * np.array([5, 7, 9]) + 20
    mask, values = rng.integers(0, 4, (45, 37), np.uint8), rng.normal(size=(9, 13)).astype(np.float32)

    def drawn() -> list[np.ndarray]:
        return [
            drawing.overlay_mask(picture, mask),
            drawing.tint_map(picture, values),
            drawing.put_picture(picture, other.astype(np.uint8), values > 0),
        ]

    whole = drawn()
    monkeypatch.setattr(drawing, "BAND_PIXELS", 37 * 4)
    for alone, in_bands in zip(whole, drawn(), strict=True):
        assert np.abs(alone.astype(int) - in_bands).max() <= 1  # the scale of a part is rounded on its own
    np.testing.assert_array_equal(whole[0], drawn()[0])


@pytest.mark.parametrize(
    "box", [(-50, -50, 500, 500), (70, 70, 90, 90), (20, 20, 10, 10), (60, 40, 60, 40), (-9, -9, -5, -5)]
)
def test_any_box_can_be_drawn(picture: np.ndarray, box: tuple[float, ...]) -> None:
    drawn = drawing.draw_box(picture, np.array(box), RED)
    assert drawn.shape == picture.shape
    assert _coloured(picture, drawn).any()


def test_text_above_and_below_do_not_meet(picture: np.ndarray) -> None:
    above = _coloured(picture, drawing.draw_text(picture, "truth", RED))
    below = _coloured(picture, drawing.draw_text(picture, "prediction", RED, bottom=True))
    assert above[0, 0]
    assert below[-1, 0]
    assert not (above & below).any()


def test_a_caption_stands_above_the_picture(picture: np.ndarray) -> None:
    captioned = drawing.caption(picture, "a line of text that is much wider than the picture is")
    strip = captioned[: -picture.shape[0]]
    assert (captioned[-picture.shape[0] :] == picture).all()
    assert (strip == 255).any()
    assert (strip < 128).any()


def test_a_row_keeps_every_picture_and_fills_with_white(picture: np.ndarray) -> None:
    small = np.zeros((10, 20, 3), np.uint8)
    joined = drawing.row([picture, small], gap=4)
    assert joined.shape == (40, 60 + 4 + 20, 3)
    assert (joined[:40, :60] == picture).all()
    assert (joined[:10, 64:] == 0).all()
    white = np.ones(joined.shape[:2], bool)
    white[:40, :60] = white[:10, 64:] = False
    assert (joined[white] == 255).all()


def test_a_column_stands_below_each_other(picture: np.ndarray) -> None:
    small = np.zeros((10, 20, 3), np.uint8)
    joined = drawing.column([picture, small], gap=4)
    assert joined.shape == (picture.shape[0] + 4 + 10, picture.shape[1], 3)
    assert (joined[: picture.shape[0]] == picture).all()
    assert (joined[-10:, :20] == 0).all()
    assert (joined[-10:, 20:] == 255).all()


def test_a_panel_is_one_row_with_captions(picture: np.ndarray) -> None:
    joined = drawing.panel([picture] * 3, ["image", "truth", "prediction"])
    assert joined.shape == (drawing.caption(picture, "").shape[0], 3 * 60 + 2 * 4, 3)
    with pytest.raises(ValueError, match="shorter"):
        drawing.panel([picture] * 3, ["image"])


def test_tensors_become_pictures() -> None:
    image = torch.tensor([-1.0, 0.5, 2.0])[:, None, None].expand(3, 2, 4)
    assert drawing.to_picture(image).tolist() == [[[0, 128, 255]] * 4] * 2


def test_png_files_hold_the_picture_and_nothing_stays_beside(picture: np.ndarray, tmp_path: Path) -> None:
    picture[3, 4] = RED
    drawing.save_png(tmp_path / "picture.png", picture)
    assert (np.array(Image.open(tmp_path / "picture.png")) == picture).all()
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_a_data_uri_is_the_png(picture: np.ndarray) -> None:
    head, body = drawing.data_uri(picture).split(",")
    assert head == "data:image/png;base64"
    assert (np.array(Image.open(io.BytesIO(base64.b64decode(body)))) == picture).all()


def _square(start: int, stop: int, size: int = 40) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    mask[start:stop, start:stop] = 1
    return mask


def test_contours_lie_on_the_borders_and_nowhere_else() -> None:
    picture = np.full((160, 160, 3), 120, np.uint8)
    before = picture.copy()
    drawn = drawing.draw_contours(picture, _square(4, 36), _square(12, 28))
    assert (picture == before).all()
    truth = (drawn == drawing.TRUTH_CONTOUR).all(2)
    prediction = (drawn == drawing.PREDICTION_CONTOUR).all(2)
    assert truth[80].nonzero()[0].min() == pytest.approx(16, abs=4)
    assert truth[80].nonzero()[0].max() == pytest.approx(144, abs=4)
    assert prediction[80].nonzero()[0].min() == pytest.approx(48, abs=4)
    assert prediction[80].nonzero()[0].max() == pytest.approx(112, abs=4)
    assert (drawn[60:100, 60:100] == 120).all()


def test_where_contours_agree_both_are_seen() -> None:
    drawn = drawing.draw_contours(np.full((256, 256, 3), 120, np.uint8), _square(10, 30), _square(10, 30))
    for colour in (drawing.TRUTH_CONTOUR, drawing.PREDICTION_CONTOUR):
        assert (drawn[128] == colour).all(1).sum() >= 4


def test_contours_of_nothing_and_of_what_is_ignored_are_none() -> None:
    picture = np.full((80, 80, 3), 120, np.uint8)
    nothing = np.zeros((40, 40), np.uint8)
    assert (drawing.draw_contours(picture, np.full((40, 40), IGNORE, np.uint8), nothing) == picture).all()


def test_errors_are_painted_by_kind_and_ignored_pixels_are_none() -> None:
    truth = np.array([[0, 1, 1, 0], [2, 2, IGNORE, IGNORE]], np.uint8)
    prediction = np.array([[0, 1, 0, 1], [1, 2, 0, 1]], np.uint8)
    drawn = drawing.draw_errors(np.full((2, 4, 3), 200, np.uint8), truth, prediction)
    plain = (110, 110, 110)
    expected = [
        [plain, plain, drawing.TRUTH_CONTOUR, drawing.PREDICTION_CONTOUR],
        [drawing.CONFUSED_COLOUR, plain, plain, plain],
    ]
    assert drawn.tolist() == [[list(colour) for colour in row] for row in expected]
    large = drawing.draw_errors(np.full((20, 40, 3), 200, np.uint8), truth, prediction)
    assert (large[:10, 20:30] == drawing.TRUTH_CONTOUR).all()


def test_many_classes_have_contours_between_them() -> None:
    mask = np.repeat(np.arange(37, dtype=np.uint8)[None], 37, 0)
    drawn = drawing.draw_contours(np.full((370, 370, 3), 120, np.uint8), mask, np.zeros((37, 37), np.uint8))
    assert (drawn[100] == drawing.TRUTH_CONTOUR).all(1).mean() > 0.5


@pytest.mark.parametrize("num_classes", [2, 17, 40, 255])
def test_a_palette_loses_no_class_id(num_classes: int) -> None:
    mask = np.arange(num_classes, dtype=np.uint8)[None]
    buffer = io.BytesIO()
    drawing.palette_image(mask).save(buffer, format="PNG")
    with Image.open(buffer) as opened:
        assert opened.mode == "P"
        np.testing.assert_array_equal(np.asarray(opened), mask)
