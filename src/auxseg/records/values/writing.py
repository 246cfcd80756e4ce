"""Typed values as JSON, the other way round than `auxseg.records.values.reading`.

The keys of a dataclass are its fields, in their order, which is therefore the order in the file.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auxseg.files import write_atomically
from auxseg.records.values.size import Size

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

OMITTED: Final[Mapping[str, bool]] = {"omitted": True}
"""Metadata of a field that is left out of the file while it has its default."""


def write_json(path: Path, value: object) -> None:
    """Write a value as a JSON file, whole or not at all."""
    write_atomically(path, json.dumps(to_json(value), indent=1).encode())


def to_json(value: object) -> object:
    """A dataclass, mapping, sequence or plain value as JSON has it; a number that is not finite becomes null."""
    if isinstance(value, Size):
        return value.to_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_mapping(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    assert value is None or isinstance(value, str | int), f"files cannot hold a {type(value).__name__}"
    return value


def to_mapping(value: DataclassInstance) -> dict[str, Any]:
    """The same for a dataclass, which is a JSON object."""
    held = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return {
        field.name: to_json(item)
        for field, item in held
        if not (field.metadata.get("omitted") and item == _default(field))
    }


def _default(field: dataclasses.Field[Any]) -> object:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()
