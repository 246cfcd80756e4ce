"""Masks, boxes and captions onto pictures, without a plotting library.

A picture is ``(H, W, 3)`` uint8 RGB. Nothing here changes a picture it was given. Shape legend: ``H W`` pixels.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from auxseg.data.channels import RGB, Channels, displayed
from auxseg.data.sample import IGNORE
from auxseg.files import replacing

Colour = tuple[int, int, int]
Picture = UInt8[np.ndarray, "_ _ 3"]

CLASS_COLOURS: Final[tuple[Colour, ...]] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""Colours of classes 1, 2, ..., then again from the first: Okabe and Ito's, told apart by colour-blind readers too
(Color Universal Design, https://jfly.uni-koeln.de/color/)."""

TRUTH_COLOUR: Final[Colour] = (0, 158, 115)
PREDICTION_COLOUR: Final[Colour] = (213, 94, 0)
POSITIVE_COLOUR: Final[Colour] = (230, 159, 0)
NEGATIVE_COLOUR: Final[Colour] = (0, 114, 178)
TRUTH_CONTOUR: Final[Colour] = (86, 180, 233)
PREDICTION_CONTOUR: Final[Colour] = (230, 159, 0)
"""Thin lines of these two, Okabe and Ito's sky blue and orange, stay apart in every kind of colour blindness."""
CONFUSED_COLOUR: Final[Colour] = (204, 121, 167)
COMPRESSION: Final = 4
"""zlib's level for PNG: as small as its usual 6 for such pictures, in 0.6 of the time."""
BAND_PIXELS: Final = 2**20
"""How many pixels of a picture are worked on at a time."""

PAPER: Final[Colour] = (255, 255, 255)
INK: Final[Colour] = (0, 0, 0)


def overlay_mask(
    picture: UInt8[np.ndarray, "H W 3"], mask: UInt8[np.ndarray, "h w"], alpha: float = 0.45
) -> UInt8[np.ndarray, "H W 3"]:
    """Tint every class but the background (0) and draw its inner contour, one pixel wide.

    ``alpha`` is the tint's opacity in [0, 1]. Ignored pixels keep their colour. A mask of another size than the picture
    gets the picture's, by nearest pixels.
    """
    height, width = picture.shape[:2]
    if mask.shape != (height, width):
        mask = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
    palette = np.resize(np.array(CLASS_COLOURS, np.uint8), (255, 3))
    drawn = picture.copy()
    for rows in bands(*mask.shape):
        first = max(rows.start - 1, 0)  # a contour depends on the rows beside it
        contour = _is_contour(mask[first : rows.stop + 1])[rows.start - first :][: rows.stop - rows.start]
        ids, part = mask[rows], drawn[rows]
        shown = (ids != 0) & (ids != IGNORE)
        part[shown] = np.rint(part[shown] * (1 - alpha) + palette[ids[shown] - 1] * alpha)
        part[shown & contour] = palette[ids[shown & contour] - 1]
    return drawn


def bands(height: int, width: int) -> Iterator[slice]:
    """Rows of a picture in parts of about `BAND_PIXELS` pixels, so that what is computed from them stays small."""
    step = max(BAND_PIXELS // max(width, 1), 1)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def _is_contour(mask: UInt8[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Whether one of the four neighbours is of another class; beyond the picture there is no neighbour."""
    contour = np.zeros(mask.shape, bool)
    down, across = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    contour[1:] |= down
    contour[:-1] |= down
    contour[:, 1:] |= across
    contour[:, :-1] |= across
    return contour


def draw_contours(
    picture: UInt8[np.ndarray, "H W 3"], truth: UInt8[np.ndarray, "h w"], prediction: UInt8[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Outline the classes of a prediction above those of the truth, each line on a dark ground that sets it off.

    The truth's line is the wider one, so that both are seen where they agree. Ignored pixels count as background.
    """
    drawn, thin = picture.copy(), max(picture.shape[0] // 85, 1)
    for mask, colour, width in ((truth, TRUTH_CONTOUR, 2 * thin + 1), (prediction, PREDICTION_CONTOUR, thin)):
        contour = _is_contour(_enlarged_mask(np.where(mask == IGNORE, 0, mask), picture.shape[:2]))
        ground = _widened(contour, width + 2)
        drawn[ground] = drawn[ground] // 3
        drawn[_widened(contour, width)] = colour
    return drawn


def draw_errors(
    picture: UInt8[np.ndarray, "H W 3"], truth: UInt8[np.ndarray, "h w"], prediction: UInt8[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Paint the wrong pixels onto a faded picture; background is 0, and ignored pixels are no errors.

    `TRUTH_CONTOUR` is what was missed, `PREDICTION_CONTOUR` what is not there, `CONFUSED_COLOUR` one class for another.
    """
    size = picture.shape[0], picture.shape[1]
    true, found = (nearest_rows(mask, size, slice(0, size[0])) for mask in (truth, prediction))
    drawn = np.repeat(picture.mean(2, keepdims=True) * 0.45 + 20, 3, axis=2).astype(np.uint8)
    wrong = (true != found) & (true != IGNORE)
    drawn[wrong] = CONFUSED_COLOUR
    drawn[wrong & (found == 0)] = TRUTH_CONTOUR
    drawn[wrong & (true == 0)] = PREDICTION_CONTOUR
    return drawn


def _enlarged_mask(mask: UInt8[np.ndarray, "h w"], size: Sequence[int]) -> UInt8[np.ndarray, "H W"]:
    """A mask at another size with smooth borders: of every pixel the class that is strongest there."""
    ids = np.unique(mask)
    parts = [
        np.asarray(
            Image.fromarray((mask == id_).astype(np.float32)).resize((size[1], size[0]), Image.Resampling.BICUBIC)
        )
        for id_ in ids
    ]
    return ids[np.argmax(parts, axis=0)]


def _widened(where: Bool[np.ndarray, "H W"], width: int) -> Bool[np.ndarray, "H W"]:
    """Every pixel with one of these in the square of this (odd) side around it."""
    side = width | 1
    return cv2.dilate(where.astype(np.uint8), np.ones((side, side), np.uint8)) > 0


def draw_box(
    picture: UInt8[np.ndarray, "H W 3"], box: Sequence[float] | np.ndarray, colour: Colour
) -> UInt8[np.ndarray, "H W 3"]:
    """Draw the outline of a half-open box ``x0 y0 x1 y1`` in pixels, inside of it and cut to the picture."""
    height, width = picture.shape[:2]
    left, top = (min(max(math.floor(low), 0), size - 1) for low, size in zip(box[:2], (width, height), strict=True))
    right, bottom = (min(math.ceil(high), size) - 1 for high, size in zip(box[2:], (width, height), strict=True))
    right, bottom, thickness = max(right, left), max(bottom, top), max(2, height // 200)
    drawn = picture.copy()
    inside = drawn[top : bottom + 1, left : right + 1]
    inside[:thickness] = inside[-thickness:] = colour
    inside[:, :thickness] = inside[:, -thickness:] = colour
    return drawn


def put_picture(
    picture: UInt8[np.ndarray, "H W 3"], other: UInt8[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "H W 3"]:
    """Put another picture, enlarged or shrunk to fit, in the place of this one, in the pixels ``where`` it is known."""
    height, width = picture.shape[:2]
    drawn, scale = picture.copy(), other.shape[0] / height
    source = Image.fromarray(other)
    for rows in bands(height, width):
        box = (0, rows.start * scale, other.shape[1], min(rows.stop * scale, other.shape[0]))
        fitted = np.asarray(source.resize((width, rows.stop - rows.start), Image.Resampling.BICUBIC, box=box))
        known = nearest_rows(where, (height, width), rows)
        drawn[rows][known] = fitted[known]
    return drawn


def nearest_rows(values: np.ndarray, size: tuple[int, int], rows: slice) -> np.ndarray:
    """Some rows of a map that is enlarged or shrunk to ``size`` (height, width) by taking the nearest pixel."""
    height, width = size
    down = (2 * np.arange(rows.start, rows.stop) + 1) * values.shape[0] // (2 * height)
    across = (2 * np.arange(width) + 1) * values.shape[1] // (2 * width)
    return values[down][:, across]


def tint_map(
    picture: UInt8[np.ndarray, "H W 3"], values: Float[np.ndarray, "h w"], alpha: float = 0.7
) -> UInt8[np.ndarray, "H W 3"]:
    """Tint what is positive in one colour and what is negative in another, by size up to 1; NaN keeps its colour.

    ``alpha`` is the tint's opacity at 1 and beyond. A picture of another size than the map gets it enlarged or shrunk.
    """
    height, width = picture.shape[:2]
    drawn, known = np.empty_like(picture), np.nan_to_num(values.astype(np.float32))
    for rows in bands(height, width):
        numbers = nearest_rows(known, (height, width), rows)[..., None]
        opacity = alpha * np.minimum(np.abs(numbers), 1)
        tint = np.where(numbers > 0, np.array(POSITIVE_COLOUR), np.array(NEGATIVE_COLOUR))
        drawn[rows] = np.rint(picture[rows] * (1 - opacity) + tint * opacity)
    return drawn


def draw_text(
    picture: UInt8[np.ndarray, "H W 3"], text: str, colour: Colour, *, bottom: bool = False
) -> UInt8[np.ndarray, "H W 3"]:
    """Write a line into the upper left corner, or the lower one, on a filled ground."""
    canvas = Image.fromarray(picture)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(_text_size(picture))
    _, _, right, low = pen.textbbox((3, 2), text, font=font)
    top = canvas.height - math.ceil(low) - 3 if bottom else 0
    pen.rectangle((0, top, right + 2, top + low + 2), fill=colour)
    pen.text((3, top + 2), text, fill=PAPER, font=font)
    return np.array(canvas)


def caption(picture: UInt8[np.ndarray, "H W 3"], text: str) -> UInt8[np.ndarray, "h W 3"]:
    """Put a strip with a line of text above a picture; what is wider than the picture is cut off."""
    size = _text_size(picture)
    strip = Image.new("RGB", (picture.shape[1], size + size // 2), PAPER)
    ImageDraw.Draw(strip).text((2, strip.height / 2), text, INK, ImageFont.load_default(size), anchor="lm")
    return np.concatenate([np.array(strip), picture])


def panel(pictures: Sequence[Picture], captions: Sequence[str], gap: int = 4) -> Picture:
    """Put captioned pictures side by side: photograph, truth, prediction."""
    return row([caption(picture, text) for picture, text in zip(pictures, captions, strict=True)], gap)


def row(pictures: Sequence[Picture], gap: int = 4) -> Picture:
    """Put pictures of any size side by side, from the upper edge of a white ground."""
    width = sum(picture.shape[1] + gap for picture in pictures) - gap
    ground = np.full((max(picture.shape[0] for picture in pictures), width, 3), 255, np.uint8)
    start = 0
    for picture in pictures:
        ground[: picture.shape[0], start : start + picture.shape[1]] = picture
        start += picture.shape[1] + gap
    return ground


def column(pictures: Sequence[Picture], gap: int = 4) -> Picture:
    """Put pictures of any size below each other, from the left edge of a white ground."""
    height = sum(picture.shape[0] + gap for picture in pictures) - gap
    ground = np.full((height, max(picture.shape[1] for picture in pictures), 3), 255, np.uint8)
    start = 0
    for picture in pictures:
        ground[start : start + picture.shape[0], : picture.shape[1]] = picture
        start += picture.shape[0] + gap
    return ground


def to_picture(image: Float[Tensor, "C H W"], channels: Channels = RGB) -> UInt8[np.ndarray, "H W 3"]:
    """Turn an RGB tensor in [0, 1] into a picture; values outside are clipped. Other channels are `displayed`."""
    if channels != RGB:
        values = (image.detach().float().clamp(0, 1) * channels.white).round().permute(1, 2, 0).cpu().numpy()
        return displayed(values.astype(channels.numpy), channels)
    return (image.detach().float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()


def palette_image(mask: UInt8[np.ndarray, "h w"]) -> Image.Image:
    """Class ids with a palette: the values are the ids, and a viewer shows colours.

    All 256 entries are given. With fewer, Pillow would save as few bits as they need, and cut larger ids off.
    """
    image = Image.fromarray(mask, mode="P")
    image.putpalette([0, 0, 0, *np.resize(np.array(CLASS_COLOURS, np.uint8), (255, 3)).ravel().tolist()])
    return image


def encode_png(picture: UInt8[np.ndarray, "H W 3"]) -> bytes:
    """The bytes of a PNG file of a picture."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def save_png(path: Path, picture: UInt8[np.ndarray, "H W 3"], about: PngInfo | None = None) -> None:
    """Write a picture as a PNG file, whole or not at all; ``about`` is text that stands in it."""
    with replacing(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG", pnginfo=about, compress_level=COMPRESSION)


def data_uri(picture: UInt8[np.ndarray, "H W 3"]) -> str:
    """A picture as a ``data:`` address, to stand inside of a page."""
    return "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")


def _text_size(picture: Picture) -> int:
    """Height of letters, in pixels, that suits a picture."""
    return max(10, picture.shape[0] // 16)
