"""TIFF files of any number of channels of 8 or 16 bits, of which Pillow reads but a few kinds.

Pillow decodes grey ones of both depths under all compressions. A file whose channels lie pixel by pixel is, byte for
byte, a grey one that is so many times as wide; one whose channels lie plane by plane is several grey ones. So Pillow is
given the same file with another directory behind it that says so. Differences between neighbours (predictor 2) are
undone here, because the neighbour of a value is the same channel's.

Format: TIFF, Revision 6.0, Adobe Developers Association, 1992.

Shape legend: ``h w`` the image's own size, ``C`` its channels.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, final

import numpy as np
from PIL import TiffImagePlugin

from auxseg.data.sources.source import SampleError

TIFF_MARKS: Final = (b"II*\0", b"MM\0*")

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _FORMAT = 322, 323, 324, 325, 339

_GREY: Final = (0, 1, 2)
"""Photometric interpretations whose values are channels as they are: white is zero, black is zero, RGB."""

_LOSSLESS: Final = (1, 5, 8, 32773, 32946, 50000)
"""None, LZW, Deflate, PackBits, old Deflate, Zstandard."""

_MAX_PARTS: Final = 1_000_000


@final
@dataclass(frozen=True)
class Tiff:
    """What a file says of its first image. ``tags`` are the numbers of its directory."""

    name: str
    byte_order: str
    height: int
    width: int
    num_channels: int
    bits: int
    tags: dict[int, tuple[int, ...]]

    @classmethod
    def open(cls, file: IO[bytes], name: str) -> Tiff:
        """Read the directory of an open file. Raises `SampleError` if there is none that makes sense."""
        try:
            head = file.read(8)
            directory = TiffImagePlugin.ImageFileDirectory_v2(head)
            file.seek(directory.next)
            directory.load(file)
            tags = {number: numbers for number in _KNOWN if (numbers := _numbers(directory, number))}
            bits = set(tags.get(_BITS, (1,)))
            return cls(
                name,
                "<" if head[:2] == b"II" else ">",
                tags[_HEIGHT][0],
                tags[_WIDTH][0],
                tags.get(_SAMPLES, (1,))[0],
                bits.pop() if len(bits) == 1 else 0,
                tags,
            )
        except Exception as error:  # Pillow lets many kinds of errors through when a file is damaged.
            raise SampleError(f"{name} is a TIFF file whose directory is damaged: {error!r}"[:200]) from error

    @property
    def dtype(self) -> np.dtype:
        """The type of its values, as far as bits tell."""
        return np.dtype(np.uint16 if self.bits == 16 else np.uint8)

    def decoded(self, file: IO[bytes]) -> np.ndarray | None:
        """The image, ``h w C``. ``None`` for kinds that Pillow alone reads, such as palettes and JPEG in TIFF.

        Raises `SampleError` for values that are not uint8 or uint16, and for damaged files.
        """
        if set(self.tags.get(_FORMAT, (1,))) != {1} or self.bits not in (1, 8, 16):
            raise SampleError(f"{self.name} should hold uint8 or uint16, and holds values of another type; convert it")
        compression = self.tags.get(_COMPRESSION, (1,))[0]
        if self.bits == 1 or self.tags.get(_PHOTOMETRIC, (1,))[0] not in _GREY or compression not in _LOSSLESS:
            return None
        if self.tags.get(_PREDICTOR, (1,))[0] not in (1, 2):
            raise SampleError(f"{self.name} has a predictor that is not known for whole numbers")
        file.seek(0)
        content = file.read()
        try:
            image = self._planes(content) if self._is_planar else self._wide(content, self.num_channels, slice(None))
        except (MemoryError, SampleError):
            raise
        except Exception as error:  # as above
            raise SampleError(f"{self.name} is damaged: {error}"[:200]) from error
        return np.iinfo(image.dtype).max - image if self._is_inverted else image

    @property
    def _is_planar(self) -> bool:
        return self.num_channels > 1 and self.tags.get(_PLANAR, (1,))[0] == 2

    @property
    def _is_inverted(self) -> bool:
        return self.tags.get(_PHOTOMETRIC, (1,))[0] == 0

    def _planes(self, content: bytes) -> np.ndarray:
        offsets = self.tags.get(_TILES) or self.tags[_STRIPS]
        each = len(offsets) // self.num_channels
        planes = [self._wide(content, 1, slice(n * each, (n + 1) * each)) for n in range(self.num_channels)]
        return np.concatenate(planes, axis=2)

    def _wide(self, content: bytes, channels: int, parts: slice) -> np.ndarray:
        """The image of these strips or tiles, read as a grey one."""
        is_tiled = _TILES in self.tags
        places, lengths = (_TILES, _TILE_BYTES) if is_tiled else (_STRIPS, _STRIP_BYTES)
        tags: dict[int, Sequence[int]] = {
            _WIDTH: [self.width * channels],
            _HEIGHT: [self.height],
            _BITS: [self.bits],
            _COMPRESSION: self.tags.get(_COMPRESSION, (1,)),
            _PHOTOMETRIC: [1],
            _SAMPLES: [1],
            places: self.tags[places][parts],
            lengths: self.tags[lengths][parts],
        }
        tile_width = self.width
        if is_tiled:
            tile_width = self.tags[_TILE_WIDTH][0]
            tags |= {_TILE_WIDTH: [tile_width * channels], _TILE_HEIGHT: self.tags[_TILE_HEIGHT]}
        else:
            tags[_STRIP_ROWS] = [min(self.tags.get(_STRIP_ROWS, (self.height,))[0], self.height)]
        # `PIL.Image.open` would compare the width with a limit of its own.
        with TiffImagePlugin.TiffImageFile(io.BytesIO(_with_directory(content, tags, self.byte_order))) as picture:
            grey = np.asarray(picture)
        image = np.array(grey, self.dtype).reshape(self.height, self.width, channels)
        if self.tags.get(_PREDICTOR, (1,))[0] == 2:
            for left in range(0, self.width, tile_width):
                tile = image[:, left : left + tile_width]
                np.cumsum(tile, axis=1, dtype=self.dtype, out=tile)
        return image


_KNOWN: Final = (
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES, _PLANAR),
    *(_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _FORMAT),
)


def _numbers(directory: Any, tag: int) -> tuple[int, ...]:
    value = directory.get(tag, ())
    values = value if isinstance(value, tuple) else (value,)
    if len(values) > _MAX_PARTS or not all(isinstance(each, int) and 0 <= each < 2**32 for each in values):
        raise ValueError(f"the tag {tag} holds no numbers")
    return values


def _with_directory(content: bytes, tags: dict[int, Sequence[int]], order: str) -> bytes:
    """The file with another directory behind it; every value is written as a 32-bit number."""
    start = len(content) + len(content) % 2
    entries, rest = b"", b""
    after = start + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) == 1:
            entries += struct.pack(f"{order}HHI", tag, 4, 1) + packed
        else:
            entries += struct.pack(f"{order}HHII", tag, 4, len(values), after + len(rest))
            rest += packed
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    head = content[:4] + struct.pack(f"{order}I", start)
    return head + content[8:] + bytes(start - len(content)) + directory + rest
