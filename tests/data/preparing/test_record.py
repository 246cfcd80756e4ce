"""Fingerprints: one that changes with every pixel, and one that hardly changes at all."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from auxseg.data.preparing.record import difference_hash, hash_image


def photograph(seed: int) -> Image.Image:
    """Soft blobs of colour, as a photograph has."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize((210, 160), Image.Resampling.BICUBIC)


def recompressed(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=40)
    return Image.open(file)


def distance(left: Image.Image, right: Image.Image) -> int:
    return (difference_hash(np.asarray(left)) ^ difference_hash(np.asarray(right))).bit_count()


def test_the_image_hash_sees_one_pixel_and_the_shape():
    image = np.zeros((4, 6, 3), np.uint8)
    changed = image.copy()
    changed[3, 5, 2] = 1
    assert hash_image(image) == hash_image(image.copy())
    assert len({hash_image(image), hash_image(changed), hash_image(image.reshape(6, 4, 3))}) == 3


@pytest.mark.parametrize(
    "edit",
    [recompressed, lambda each: each.resize((90, 70)), lambda each: ImageEnhance.Brightness(each).enhance(0.8)],
    ids=["recompressed", "resized", "darkened"],
)
def test_the_difference_hash_survives_edits(edit):
    assert max(distance(photograph(seed), edit(photograph(seed))) for seed in range(8)) <= 6


def test_the_difference_hash_tells_pictures_apart():
    assert min(distance(photograph(seed), photograph(seed + 1)) for seed in range(8)) > 12


def test_the_difference_hash_reads_bits_from_the_upper_left():
    image = np.zeros((8, 9, 3), np.uint8)
    image[0, 1:] = 255
    assert difference_hash(image) == 1 << 63
