"""Height and width of a picture, which are written as one number where they are equal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from auxseg.arguments import shown
from auxseg.errors import InputError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema, PydanticCustomError

MAX_SIDE: Final = 2**53
"""The largest side that can be read at all; whoever takes memory for a picture asks for much less."""

_WRITTEN: Final = re.compile(r"([0-9]{1,15})x([0-9]{1,15})")
_EXPECTED: Final = "expected a whole number of pixels, or height and width, such as 288x384 or [288, 384]"


@final
@dataclass(frozen=True)
class Size:
    """Height and width in pixels. It is no number and no tuple, so that nothing is compared or multiplied by mistake.

    As text it is ``64`` or ``48x64`` (height x width), in JSON and YAML ``64`` or ``[48, 64]``.
    """

    height: int
    width: int

    @classmethod
    def of(cls, size: SizeLike) -> Size:
        """The size that is meant by one: the side of a square, or height and width."""
        if isinstance(size, Size):
            return size
        height, width = size if isinstance(size, tuple) else (size, size)
        return cls(int(height), int(width))

    @classmethod
    def read(cls, value: object) -> Size:
        """A size as text, JSON or YAML holds it. Raises `ValueError` for anything else."""
        match value:
            case Size():
                return value
            case str() if written := _WRITTEN.fullmatch(value):
                return cls(int(written[1]), int(written[2]))
            case [height, width] | {"height": height, "width": width}:
                return cls(_side(height), _side(width))
            case _:
                return cls(_side(value), _side(value))

    def __iter__(self) -> Iterator[int]:
        return iter((self.height, self.width))

    def __str__(self) -> str:
        return f"{self.height}" if self.is_square else f"{self.height}x{self.width}"

    def in_pixels(self) -> str:
        """In a sentence: ``64 x 64 pixels``, or ``48 x 64 pixels (height x width)``."""
        return f"{self.height} x {self.width} pixels{'' if self.is_square else ' (height x width)'}"

    def up_to(self, other: Size) -> str:
        """The range of each side from this size to another one, of images of which none may have this size itself."""
        if self == other:
            return f"{self} px"
        height, width = (f"{low}" if low == high else f"{low} to {high}" for low, high in zip(self, other, strict=True))
        return f"{height} px high and {width} px wide"

    def to_json(self) -> int | list[int]:
        """One number for a square, else height and width."""
        return self.height if self.is_square else [self.height, self.width]

    @property
    def is_square(self) -> bool:
        """Whether height and width are equal."""
        return self.height == self.width

    @property
    def shorter(self) -> int:
        """The shorter side."""
        return min(self.height, self.width)

    @property
    def longer(self) -> int:
        """The longer side."""
        return max(self.height, self.width)

    @property
    def num_pixels(self) -> int:
        """Height times width."""
        return self.height * self.width

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """What normalised corners ``x0 y0 x1 y1`` are multiplied by to be in pixels."""
        return self.width, self.height, self.width, self.height

    def covers(self, other: Size) -> bool:
        """Whether it is at least as high and as wide."""
        return self.height >= other.height and self.width >= other.width

    def resized(self, longer: int) -> Size:
        """The size of the same shape, up to whole pixels, whose longer side is this."""
        height, width = (max(round(side * longer / self.longer), 1) for side in self)
        return Size(height, width)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        written = core_schema.plain_serializer_function_ser_schema(cls.to_json)
        return core_schema.no_info_plain_validator_function(_validated, serialization=written)


SizeLike: TypeAlias = Size | int | tuple[int, int]
"""A size as callers may give it: the side of a square, or height and width."""


@final
@dataclass(frozen=True)
class Sides:
    """Beside a `Size` in an `Annotated`: both sides are from ``ge`` to ``le`` pixels."""

    ge: int
    le: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, size: Size) -> Size:
        if size.shorter < self.ge:
            raise _refusal(f"expected at least {self.ge} pixels a side")
        if size.longer > self.le:
            raise _refusal(f"expected at most {self.le} pixels a side")
        return size


def as_size(value: object, name: str) -> Size:
    """The size that an argument gives, a number also as text. Raises `InputError`, naming it."""
    try:
        return Size.read(int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value) else value)
    except ValueError as error:
        raise InputError(f"{name} {value if isinstance(value, str) else shown(value)}: {error}") from None


def _side(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIDE:
        return value
    raise ValueError(_EXPECTED)


def _validated(value: object) -> Size:
    try:
        return Size.read(value)
    except ValueError as error:
        raise _refusal(str(error)) from None


def _refusal(said: str) -> PydanticCustomError:
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("size", "{said}", {"said": said})
