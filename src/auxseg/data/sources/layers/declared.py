"""``layers.yaml``: which layers a folder has, each with its kind, and with names or a unit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from auxseg.data.layers import MAX_LAYERS, LayerForm, MapForm, name_fault
from auxseg.data.layers.parsing import parse_form
from auxseg.errors import InputError, nearest
from auxseg.strict_yaml import read_mapping

FILE: Final = "layers.yaml"
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "map": ("channels", "unit", "is_vector"),
    "mask": ("names",),
    "multimask": ("names",),
    "tags": ("names",),
    "boxes": ("names", "of", "classes"),
    "points": ("names", "flip_pairs"),
    "instances": ("folder",),
}
"""The settings of each kind beside ``kind``."""


def read_declared(path: Path) -> dict[str, dict[str, object]]:
    """By name of a layer its settings, which are those of its kind; none without the file. Raises `InputError`."""
    if not path.exists():
        return {}
    layers: dict[str, dict[str, object]] = {}
    for name, values in read_mapping(path, "description of layers").items():
        if fault := name_fault(name):
            raise InputError(f"{path}: the name of the layer {name!r} {fault}")
        kind = values.get("kind") if isinstance(values, dict) else None
        if not isinstance(values, dict) or not isinstance(kind, str) or kind not in KINDS:
            raise InputError(f"{path}: {name} should have a kind, one of {', '.join(KINDS)}, not {kind!r}")
        for key in values:
            if key not in ("kind", *KINDS[kind]):
                known = ", ".join(KINDS[kind])
                raise InputError(f"{path}: {name} has no setting {key!r}{nearest(key, KINDS[kind])}; known: {known}")
        if "classes" in values and "of" not in values:
            raise InputError(f"{path}: {name}: classes are for boxes around instances; name their layer by of")
        layers[name] = values
    if len(layers) > MAX_LAYERS:
        raise InputError(f"{path} declares {len(layers)} layers; a store holds {MAX_LAYERS}")
    return layers


def to_form(path: Path, name: str, values: Mapping[str, object]) -> LayerForm:
    """The form of a declared layer, whose settings have defaults for a map alone. Raises `InputError`."""
    default = MapForm().to_json() if values["kind"] == "map" else {}
    try:
        return parse_form({**default, **values})
    except ValueError as error:
        raise InputError(f"{path}: {name}: {error}") from None
