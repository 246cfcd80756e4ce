"""What every setting is made of: a frozen dataclass that refuses keys it does not know."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def config(cls: type[_T]) -> type[_T]:
    """Make a class a frozen, keyword-only dataclass that refuses keys it does not know.

    `auxseg.arguments.as_config` fills it, strict about types.
    """
    attributes: Any = cls
    attributes.__pydantic_config__ = {"extra": "forbid"}
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)
