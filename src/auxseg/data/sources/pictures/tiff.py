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
from typing import IO, Any, Final, Literal, final

import numpy as np
from jaxtyping import UInt
from PIL import TiffImagePlugin

from auxseg.data.sources.source import SampleError

TIFF_MARKS: Final = (b"II*\0", b"MM\0*")

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_ORIENTATION: Final = 274
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _FORMAT = 322, 323, 324, 325, 339

_GREY: Final = (0, 1, 2)
"""Photometric interpretations whose values are channels as they are: white is zero, black is zero, RGB."""

_LOSSLESS: Final = (1, 5, 8, 32773, 32946, 50000)
"""None, LZW, Deflate, PackBits, old Deflate, Zstandard."""

_MAX_PARTS: Final = 1_000_000


@final
@dataclass(frozen=True)
class Tiff:
    """What a file says of its first image. ``tags`` are the numbers of its directory, ``orientation`` is EXIF's."""

    name: str
    byte_order: Literal["<", ">"]
    height: int
    width: int
    num_channels: int
    bits: int
    tags: dict[int, tuple[int, ...]]
    orientation: int = 1

    @classmethod
    def open(cls, file: IO[bytes], name: str) -> Tiff:
        """Read the directory of an open file. Raises `SampleError` if there is none that makes sense."""
        try:
            head = file.read(8)
            directory = TiffImagePlugin.ImageFileDirectory_v2(head)
            file.seek(directory.next)
            directory.load(file)
            tags = {number: numbers for number in _KNOWN if (numbers := _numbers(directory, number))}
            bits, orientation = set(tags.get(_BITS, (1,))), directory.get(_ORIENTATION)
            return cls(
                name,
                "<" if head[:2] == b"II" else ">",
                tags[_HEIGHT][0],
                tags[_WIDTH][0],
                tags.get(_SAMPLES, (1,))[0],
                bits.pop() if len(bits) == 1 else 0,
                tags,
                orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
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
        if not self.has_plain_channels:
            return None
        return self.rows(file, 0, self.height)

    @property
    def has_plain_channels(self) -> bool:
        """Whether values are channels as they are, without loss. Raises `SampleError` for other types than bytes."""
        if set(self.tags.get(_FORMAT, (1,))) != {1} or self.bits not in (1, 8, 16):
            raise SampleError(f"{self.name} should hold uint8 or uint16, and holds values of another type; convert it")
        compression = self.tags.get(_COMPRESSION, (1,))[0]
        if self.bits == 1 or self.tags.get(_PHOTOMETRIC, (1,))[0] not in _GREY or compression not in _LOSSLESS:
            return False
        if self.tags.get(_PREDICTOR, (1,))[0] not in (1, 2):
            raise SampleError(f"{self.name} has a predictor that is not known for whole numbers")
        return True

    @property
    def rows_of_a_part(self) -> int:
        """How many rows are decoded together: those of a strip, or of a row of tiles."""
        if _TILES in self.tags:
            return self.tags[_TILE_HEIGHT][0]
        if self.tags.get(_COMPRESSION, (1,))[0] == 1:
            return 1
        return self._strip_rows

    def rows(self, file: IO[bytes], first: int, last: int) -> UInt[np.ndarray, "R w C"]:
        """Rows of an image that `has_plain_channels`; of the file only the strips or tiles are read that hold them.

        Raises `SampleError` for damaged files.
        """
        num_planes, channels = (self.num_channels, 1) if self.is_planar else (1, self.num_channels)
        try:
            planes = [self._wide(file, channels, plane, num_planes, first, last) for plane in range(num_planes)]
        except (MemoryError, SampleError):
            raise
        except Exception as error:  # as above
            raise SampleError(f"{self.name} is damaged: {error}"[:200]) from error
        image = planes[0] if num_planes == 1 else np.concatenate(planes, axis=2)
        return np.iinfo(image.dtype).max - image if self._is_inverted else image

    @property
    def is_planar(self) -> bool:
        """Whether each channel has parts of its own."""
        return self.num_channels > 1 and self.tags.get(_PLANAR, (1,))[0] == 2

    @property
    def _is_inverted(self) -> bool:
        return self.tags.get(_PHOTOMETRIC, (1,))[0] == 0

    @property
    def _strip_rows(self) -> int:
        return min(self.tags.get(_STRIP_ROWS, (self.height,))[0], self.height)

    def _wide(
        self, file: IO[bytes], channels: int, plane: int, num_planes: int, first: int, last: int
    ) -> UInt[np.ndarray, "R w C"]:
        """Rows of one plane; differences between neighbours are added up."""
        if _TILES not in self.tags and self.tags.get(_COMPRESSION, (1,))[0] == 1:
            image = self._uncompressed(file, channels, plane, num_planes, first, last)
        else:
            image = self._decoded(file, channels, plane, num_planes, first, last)
        if self.tags.get(_PREDICTOR, (1,))[0] == 2:
            tile_width = self.tags.get(_TILE_WIDTH, (self.width,))[0] if _TILES in self.tags else self.width
            for left in range(0, self.width, tile_width):
                tile = image[:, left : left + tile_width]
                np.cumsum(tile, axis=1, dtype=self.dtype, out=tile)
        return image

    def _uncompressed(
        self, file: IO[bytes], channels: int, plane: int, num_planes: int, first: int, last: int
    ) -> UInt[np.ndarray, "R w C"]:
        """Rows out of strips as they are in the file."""
        step, num_bytes = self._strip_rows, self.width * channels * self.dtype.itemsize
        before, content = plane * (len(self.tags[_STRIPS]) // num_planes), bytearray()
        for strip in range(first // step, -(-last // step)):
            high, low = max(first - strip * step, 0), min(last - strip * step, step)
            file.seek(self.tags[_STRIPS][before + strip] + high * num_bytes)
            content += file.read((low - high) * num_bytes)
        values = np.frombuffer(content, self.dtype.newbyteorder(self.byte_order))
        return np.array(values, self.dtype).reshape(last - first, self.width, channels)

    def _decoded(
        self, file: IO[bytes], channels: int, plane: int, num_planes: int, first: int, last: int
    ) -> UInt[np.ndarray, "R w C"]:
        """Rows read as a grey image that is so many times as wide as there are channels."""
        is_tiled = _TILES in self.tags
        step = self.tags[_TILE_HEIGHT][0] if is_tiled else self._strip_rows
        tile_width = self.tags[_TILE_WIDTH][0] if is_tiled else self.width
        across = -(-self.width // tile_width)
        high, low = first // step, -(-last // step)
        height = min(low * step, self.height) - high * step
        before = plane * (len(self.tags[_TILES if is_tiled else _STRIPS]) // num_planes)
        parts = slice(before + high * across, before + low * across)
        places, lengths = (_TILES, _TILE_BYTES) if is_tiled else (_STRIPS, _STRIP_BYTES)
        content, starts, found = _gathered(file, self.tags[places][parts], self.tags[lengths][parts])
        tags: dict[int, Sequence[int]] = {
            _WIDTH: [self.width * channels],
            _HEIGHT: [height],
            _BITS: [self.bits],
            _COMPRESSION: self.tags.get(_COMPRESSION, (1,)),
            _PHOTOMETRIC: [1],
            _SAMPLES: [1],
            places: starts,
            lengths: found,
        }
        if is_tiled:
            tags |= {_TILE_WIDTH: [tile_width * channels], _TILE_HEIGHT: self.tags[_TILE_HEIGHT]}
        else:
            tags[_STRIP_ROWS] = [step]
        # `PIL.Image.open` would compare the width with a limit of its own.
        with TiffImagePlugin.TiffImageFile(io.BytesIO(_with_directory(content, tags, self.byte_order))) as picture:
            grey = np.asarray(picture)
        image = np.array(grey, self.dtype).reshape(height, self.width, channels)
        return image[first - high * step : last - high * step]


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


def _gathered(file: IO[bytes], places: Sequence[int], lengths: Sequence[int]) -> tuple[bytes, list[int], list[int]]:
    """Parts of a file one after another behind its head, where each begins there, and how many bytes it has."""
    most = file.seek(0, io.SEEK_END)
    file.seek(0)
    content, starts, found = [file.read(8)], list[int](), list[int]()
    end = len(content[0])
    for place, length in zip(places, lengths, strict=True):
        file.seek(place)
        content.append(file.read(length))
        starts.append(end)
        found.append(len(content[-1]))
        end += found[-1]
        if end > most:
            raise ValueError("its parts overlap")
    return b"".join(content), starts, found


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
