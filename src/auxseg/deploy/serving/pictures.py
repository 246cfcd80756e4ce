"""Pictures of answers, encoded: the mask in full, what people look at no larger than a screen.

Shape legend: ``h w`` the photograph's own size, ``H W`` that of a smaller picture, ``p q`` that of a map.
"""

from __future__ import annotations

import base64
import io
from typing import Final

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from auxseg.deploy.serving import schema
from auxseg.drawing import CLASS_COLOURS, COMPRESSION, Picture, palette_image

_QUALITY: Final = 88
_HEAT: Final = 0.6
"""Opacity of a heat map."""


def mask_png(mask: UInt8[np.ndarray, "h w"], num_classes: int) -> bytes:
    """Class ids as a PNG with a palette, class 0 transparent: the values are ids, and over a photograph it tints."""
    buffer = io.BytesIO()
    bits = next(bits for bits in (1, 2, 4, 8) if num_classes <= 2**bits)
    palette_image(mask).save(buffer, format="PNG", bits=bits, transparency=0, compress_level=COMPRESSION)
    return buffer.getvalue()


def colour_of(class_id: int) -> str | None:
    """A class's colour in such a PNG, as #rrggbb."""
    if class_id == 0:
        return None
    red, green, blue = CLASS_COLOURS[(class_id - 1) % len(CLASS_COLOURS)]
    return f"#{red:02x}{green:02x}{blue:02x}"


def shrunk(picture: UInt8[np.ndarray, "h w 3"], side: int) -> Picture:
    """A picture whose longer side has at most so many pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def encoded(picture: UInt8[np.ndarray, "H W 3"]) -> schema.Image:
    """A picture as it stands in an answer."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=_QUALITY)
    height, width = picture.shape[:2]
    return schema.Image(media_type="image/jpeg", width=width, height=height, data=in_base64(buffer.getvalue()))


def heat_map(picture: UInt8[np.ndarray, "H W 3"], values: Float32[np.ndarray, "p q"]) -> Picture:
    """Numbers from dark (the smallest) to bright (the largest) over a grey picture."""
    height, width = picture.shape[:2]
    low, high = float(values.min()), float(values.max())
    levels = ((values - low) / max(high - low, 1e-6) * 255).astype(np.uint8)
    enlarged = cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR)
    heat = cv2.applyColorMap(enlarged, cv2.COLORMAP_INFERNO)[..., ::-1]
    grey = picture.mean(2, keepdims=True)
    return np.rint(grey * (1 - _HEAT) + heat * _HEAT).astype(np.uint8)


def in_base64(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(content).decode("ascii")
