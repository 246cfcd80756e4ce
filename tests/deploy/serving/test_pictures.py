from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from auxseg.deploy.serving.pictures import colour_of, encoded, heat_map, mask_png, shrunk
from auxseg.drawing import CLASS_COLOURS


@pytest.mark.parametrize(("num_classes", "bits"), [(2, 1), (3, 2), (5, 4), (17, 8), (254, 8)])
def test_the_values_of_a_mask_are_class_ids_and_the_first_is_transparent(num_classes: int, bits: int) -> None:
    mask = np.random.default_rng(0).integers(0, num_classes, (13, 21), np.uint8)
    mask[0, 0] = 0
    content = mask_png(mask, num_classes)
    image = Image.open(io.BytesIO(content))
    assert content[24] == bits
    assert image.mode == "P"
    assert (np.asarray(image) == mask).all()
    shown = np.asarray(image.convert("RGBA"))
    assert (shown[..., 3] == np.where(mask == 0, 0, 255)).all()
    if 1 in mask:
        assert tuple(shown[mask == 1][0][:3]) == CLASS_COLOURS[0]


def test_colours_are_those_of_the_mask() -> None:
    assert colour_of(0) is None
    assert colour_of(1) == "#e69f00"
    assert colour_of(1 + len(CLASS_COLOURS)) == colour_of(1)


def test_pictures_are_made_smaller_and_never_larger() -> None:
    picture = np.zeros((30, 90, 3), np.uint8)
    assert shrunk(picture, 45).shape == (15, 45, 3)
    assert shrunk(picture, 1).shape == (1, 1, 3)
    assert shrunk(picture, 90) is picture


def test_a_picture_can_be_read_again() -> None:
    said = encoded(np.full((4, 6, 3), 200, np.uint8))
    image = Image.open(io.BytesIO(base64.b64decode(said.data)))
    assert (image.size, said.width, said.height, said.media_type) == ((6, 4), 6, 4, "image/jpeg")


def test_a_heat_map_is_brightest_where_the_number_is_largest() -> None:
    values = np.linspace(0.4, 0.6, 8, dtype=np.float32)[None].repeat(3, 0)
    drawn = heat_map(np.full((24, 64, 3), 100, np.uint8), values)
    brightness = drawn.mean((0, 2))
    assert drawn.shape == (24, 64, 3)
    assert (np.diff(brightness) > -1).all()
    assert brightness[-1] - brightness[0] > 80
    assert heat_map(drawn, np.full((2, 2), 0.5, np.float32)).shape == drawn.shape  # nothing to tell apart
