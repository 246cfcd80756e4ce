"""What an image's channels are called, and how many bits each has.

Shape legend: ``h w`` an image's own size, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import UInt
from PIL import Image

MAX_CHANNELS: Final = 16

ChannelType = Literal["uint8", "uint16"]

_COLOURS: Final = ("red", "green", "blue")
_MAX_NAME: Final = 64
_PERCENTILES: Final = (1.0, 99.0)


@final
@dataclass(frozen=True)
class Channels:
    """The channels of every image of a data set, in their order, and the type of their values.

    Values are kept as they are in the files: a camera of 12 bits fills only a sixteenth of uint16. A network is given
    them divided by `white`.
    """

    names: tuple[str, ...] = _COLOURS
    dtype: ChannelType = "uint8"

    def __len__(self) -> int:
        return len(self.names)

    @property
    def has_colours(self) -> bool:
        """Whether they are red, green and blue, in this order, of any type."""
        return self.names == _COLOURS

    @property
    def pads_with_grey(self) -> bool:
        """Whether padding is one grey, rather than each channel's mean in an image; see `auxseg.data.geometry`."""
        return len(self) == 3 and self.dtype == "uint8"

    @property
    def white(self) -> int:
        """The largest value: 255 or 65535."""
        return int(np.iinfo(self.dtype).max)

    @property
    def numpy(self) -> np.dtype:
        """The type of the values, for NumPy."""
        return np.dtype(self.dtype)

    def in_words(self) -> str:
        """Such as ``4 channels of uint16 (red, green, blue, nir)``."""
        plural = "" if len(self) == 1 else "s"
        return f"{len(self)} channel{plural} of {self.dtype} ({', '.join(self.names)})"

    def fault(self) -> str:
        """Why they cannot be those of a data set; empty if they can."""
        if not 1 <= len(self.names) <= MAX_CHANNELS:
            return f"there are {len(self.names)} channels, expected 1 to {MAX_CHANNELS}"
        if self.dtype not in ("uint8", "uint16"):
            return f"their type is {str(self.dtype)[:20]!a}, expected uint8 or uint16"
        for name in self.names:
            if not name.isprintable() or name != name.strip() or not 1 <= len(name) <= _MAX_NAME or "," in name:
                return f"a channel is called {name[:_MAX_NAME]!a}, expected 1 to {_MAX_NAME} characters without commas"
        if len(set(self.names)) < len(self.names):
            return "two channels have the same name"
        return ""

    def to_json(self) -> dict[str, object]:
        """As files have them."""
        return {"names": list(self.names), "dtype": self.dtype}


RGB: Final = Channels()
"""What photographs are read as unless asked otherwise."""


def unnamed(count: int, dtype: ChannelType) -> Channels:
    """Channels of files that do not say what they are: grey, colours, or numbers."""
    names = {1: ("grey",), 3: _COLOURS}.get(count, tuple(f"channel {number}" for number in range(1, count + 1)))
    return Channels(names, dtype)


def parse_channels(value: Mapping[str, object]) -> Channels:
    """The inverse of `Channels.to_json`. Raises `ValueError` for anything else."""
    names, dtype = value.get("names"), value.get("dtype")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("the names of channels should be a list of texts")
    if dtype not in ("uint8", "uint16"):
        raise ValueError("the dtype of channels should be uint8 or uint16")
    channels = Channels(tuple(map(str, names)), dtype)
    if fault := channels.fault():
        raise ValueError(fault)
    return channels


def displayed(image: UInt[np.ndarray, "h w C"], channels: Channels) -> UInt[np.ndarray, "h w 3"]:
    """An image as it is shown, RGB of 8 bits: 8-bit colours as they are, all others stretched.

    Of other images the first three channels are shown as red, green and blue; of one or two the first, as grey. Each
    is stretched between its 1st and 99th percentile in this image, which become black and white.
    """
    if channels == RGB:
        return image
    num_shown = 3 if len(channels) >= 3 else 1
    stretched = np.empty((*image.shape[:2], num_shown), np.uint8)
    for channel in range(num_shown):
        values = image[..., channel]
        low, high = np.percentile(values[:: max(values.shape[0] // 512, 1)], _PERCENTILES)
        levels = (values.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
        stretched[..., channel] = np.rint(levels.clip(0, 255))
    return np.repeat(stretched, 3, axis=2) if num_shown == 1 else stretched


DISPLAY_RULE: Final = (
    "shown are the first three channels as red, green and blue (of fewer the first, as grey), each stretched between "
    "its 1st and 99th percentile in every image"
)
"""What a page says of images that are not 8-bit RGB."""


def resampled(
    image: UInt[np.ndarray, "h w C"],
    to: tuple[int, int],
    resampling: Image.Resampling,
    box: tuple[float, float, float, float] | None = None,
) -> UInt[np.ndarray, "H W C"]:
    """An image of any channels at another height and width; 8-bit colours as Pillow resizes them, others in float32.

    ``box`` is the part ``x0 y0 x1 y1`` that is shown, by default all of it.
    """
    height, width = to
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return np.asarray(Image.fromarray(image).resize((width, height), resampling, box=box))
    result = np.empty((height, width, image.shape[2]), image.dtype)
    top = np.iinfo(image.dtype).max
    for channel in range(image.shape[2]):
        values = Image.fromarray(np.ascontiguousarray(image[..., channel], np.float32))
        result[..., channel] = np.rint(np.asarray(values.resize((width, height), resampling, box=box))).clip(0, top)
    return result
