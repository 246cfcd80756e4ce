"""``layers.yaml``: which layers a folder has, each with its kind, and with names or a unit; and which arrays of files
that hold several are meant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from auxseg.data.layers import MAX_LAYERS, LayerForm, MapForm, name_fault
from auxseg.data.layers.parsing import parse_form
from auxseg.errors import InputError, nearest
from auxseg.strict_yaml import read_mapping

FILE: Final = "layers.yaml"
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "map": ("channels", "unit", "is_vector", "scale", "key"),
    "mask": ("names", "key"),
    "multimask": ("names", "key"),
    "tags": ("names",),
    "boxes": ("names", "of", "classes", "table"),
    "points": ("names", "flip_pairs"),
    "instances": ("folder", "key"),
}
"""The settings of each kind beside ``kind``."""

_PLAIN: Final = ("images", "masks")
"""Folders that are no layers. They have a key alone."""


@final
@dataclass(frozen=True)
class Declared:
    """By name of a layer its settings, which are those of its kind; by name of a folder the key of its arrays; and by
    name of a map what 1 in its files stands for."""

    layers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)


def read_declared(path: Path) -> Declared:
    """What the file declares; nothing without it. Raises `InputError`."""
    if not path.exists():
        return Declared()
    layers: dict[str, dict[str, object]] = {}
    keys: dict[str, str] = {}
    scales: dict[str, float] = {}
    for name, values in read_mapping(path, "description of layers").items():
        if name in _PLAIN and isinstance(values, dict) and values.keys() == {"key"}:
            keys[name] = _key(path, name, values["key"])
            continue
        if fault := name_fault(name):
            raise InputError(f"{path}: the name of the layer {name!r} {fault}")
        if not isinstance(values, dict):
            raise InputError(f"{path}: {name} should be a mapping with a kind, such as 'kind: map', not {values!r}")
        kind = values.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise InputError(f"{path}: {name} should have a kind, one of {', '.join(KINDS)}, not {kind!r}")
        for key in values:
            if key not in ("kind", *KINDS[kind]):
                known = ", ".join(KINDS[kind])
                raise InputError(f"{path}: {name} has no setting {key!r}{nearest(key, KINDS[kind])}; known: {known}")
        if "key" in values:
            keys[name] = _key(path, name, values.pop("key"))
        if "scale" in values:
            scales[name] = _scale(path, name, values.pop("scale"))
        if "classes" in values and "of" not in values:
            raise InputError(f"{path}: {name}: classes are for boxes around instances; name their layer by of")
        if "table" in values and "of" in values:
            raise InputError(f"{path}: {name}: boxes are read from a table or made around the instances of a layer")
        layers[name] = values
    if len(layers) > MAX_LAYERS:
        raise InputError(f"{path} declares {len(layers)} layers; a store holds {MAX_LAYERS}")
    return Declared(layers, keys, scales)


def to_form(path: Path, name: str, values: Mapping[str, object]) -> LayerForm:
    """The form of a declared layer, whose settings have defaults for a map alone. Raises `InputError`."""
    default = MapForm().to_json() if values["kind"] == "map" else {}
    if "names" in KINDS[str(values["kind"])] and "names" not in values:
        raise InputError(f"{path}: {name} needs names: a list of its classes, such as names: [none, leg, head]")
    try:
        return parse_form({**default, **values})
    except ValueError as error:
        raise InputError(f"{path}: {name}: {error}") from None


def _key(path: Path, name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}: {name}: key should be the name of an array, not {value!r}")
    return value


def _scale(path: Path, name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputError(f"{path}: {name}: scale should be a number above 0, such as 0.001, not {value!r}")
    return float(value)
