"""What a store says of itself beside its samples, checked value by value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from auxseg.data.channels import RGB, Channels, parse_channels
from auxseg.data.geometry import RESIZES, LongSide
from auxseg.data.layers import MAX_LAYERS, LayerForm, name_fault
from auxseg.data.layers.parsing import parse_form
from auxseg.data.store.file import HASH_LENGTH, StoreFile, parse_json
from auxseg.data.store.text import is_unicode
from auxseg.records.values.size import Size

_PLAIN: Final = ("resize", "border", "exif")
_JSON: Final = ("mask_classes", "labels", "provenance", "skipped", "dropped", "category_ids", "has_background")
_EXIF: Final = ("apply", "ignore")


@dataclass(frozen=True)
class Header:
    """See the description of the file in `auxseg.data.store`."""

    size: Size | LongSide
    resize: str
    border: str
    box_from_mask: bool
    mask_classes: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    provenance: Mapping[str, object]
    skipped: tuple[tuple[str, str], ...]
    dropped: tuple[tuple[str, str], ...]
    exif: str
    category_ids: tuple[int, ...]
    has_background: bool
    layers: Mapping[str, tuple[LayerForm, str]] = field(default_factory=dict)
    original_masks: str | None = None
    """The hash of the masks at the size of their photographs, where they are kept."""
    channels: Channels = RGB


def read_header(file: StoreFile) -> Header:
    """The header of a store. Raises `ValueError` for a value of another type or out of its range."""
    return _header(_mapping(file.json("header"), "header"))


def read_old_header(file: StoreFile) -> Header:
    """The header of a version 1 store, whose parts are attributes of the root."""
    values: dict[str, object] = {
        "size": int(file.number("size")),
        "box_from_mask": bool(file.number("box_from_mask")),
        **{name: file.text(name) for name in _PLAIN if file.has_attribute(name)},
        **{name: parse_json(file.text(name), name) for name in _JSON if file.has_attribute(name)},
    }
    return _header(values)


def read_content_hash(file: StoreFile) -> str:
    """The SHA-256 of what a store holds."""
    content_hash = file.text("content_hash")
    return _hash(content_hash, "content_hash")


def _header(values: Mapping[str, object]) -> Header:
    missing = [name for name in ("size", "resize", "border", "box_from_mask", *_JSON[:4]) if name not in values]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    labels = _mapping(values["labels"], "labels")
    header = Header(
        size=_size(values["size"]),
        resize=_one_of(RESIZES, values["resize"], "resize"),
        border=_text(values["border"], "border"),
        box_from_mask=_truth(values["box_from_mask"], "box_from_mask"),
        mask_classes=_texts(values["mask_classes"], "mask_classes"),
        labels={
            _text(label, "each of labels"): _texts(names, f"the names of {label!r}") for label, names in labels.items()
        },
        provenance=_provenance(values["provenance"]),
        skipped=_pairs(values["skipped"], "skipped"),
        dropped=_pairs(values.get("dropped", []), "dropped"),
        exif=_one_of(_EXIF, values.get("exif", "apply"), "exif"),
        category_ids=_numbers(values.get("category_ids", []), "category_ids"),
        has_background=_truth(values.get("has_background", True), "has_background"),
        layers=_layers(values.get("layers", {})),
        original_masks=_original_masks(values.get("original_masks")),
        channels=parse_channels(_mapping(values["channels"], "channels")) if "channels" in values else RGB,
    )
    if isinstance(header.size, Size) and header.size.shorter < 1:
        raise ValueError(f"size is {header.size}")
    if header.category_ids and len(header.category_ids) != len(header.mask_classes):
        raise ValueError(f"it has {len(header.category_ids)} category_ids for {len(header.mask_classes)} mask_classes")
    return header


def _layers(value: object) -> dict[str, tuple[LayerForm, str]]:
    """The form and the hash of every layer."""
    layers = _mapping(value, "layers")
    if len(layers) > MAX_LAYERS:
        raise ValueError(f"it has {len(layers)} layers, more than {MAX_LAYERS}")
    return {name: _layer(name, _mapping(values, f"the layer {name!a}")) for name, values in layers.items()}


def _layer(name: str, values: dict[str, object]) -> tuple[LayerForm, str]:
    if fault := name_fault(name):
        raise ValueError(f"the name of the layer {name!a} {fault}")
    try:
        form = parse_form(values)
    except ValueError as error:
        raise ValueError(f"the layer {name!r}: {error}") from error
    return form, _hash(_text(values.get("hash"), f"the hash of the layer {name!r}"), f"the hash of the layer {name!r}")


def _original_masks(value: object) -> str | None:
    if value is None:
        return None
    name = "the hash of original_masks"
    return _hash(_text(_mapping(value, "original_masks").get("hash"), name), name)


def _hash(text: str, name: str) -> str:
    if not re.fullmatch(rf"[0-9a-f]{{{HASH_LENGTH}}}", text):
        raise ValueError(f"{name} is not a SHA-256 sum")
    return text


def _provenance(value: object) -> dict[str, object]:
    """Checked as far as anybody relies on it."""
    provenance = _mapping(value, "provenance")
    _text(provenance.get("source"), "the source in provenance")
    for note, count in _mapping(provenance.get("notes", {}), "the notes in provenance").items():
        _whole(count, f"the number of {note!r} in provenance")
    return provenance


def _size(value: object) -> Size | LongSide:
    match value:
        case {"long_side": None}:
            return LongSide()
        case {"long_side": pixels}:
            return LongSide(_whole(pixels, "the long_side in size"))
        case [height, width]:
            return Size(_whole(height, "the height in size"), _whole(width, "the width in size"))
    side = _whole(value, "size")
    return Size(side, side)


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} should be a whole number")
    return value


def _truth(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} should be true or false")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} should be a text")
    if not is_unicode(value):
        raise ValueError(f"{name} is not Unicode")
    return value


def _one_of(choices: tuple[str, ...], value: object, name: str) -> str:
    if value not in choices:
        raise ValueError(f"{name} should be one of {', '.join(choices)}")
    return str(value)


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{name} should be a list")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    return tuple(_text(each, f"each of {name}") for each in _list(value, name))


def _numbers(value: object, name: str) -> tuple[int, ...]:
    return tuple(_whole(each, f"each of {name}") for each in _list(value, name))


def _pairs(value: object, name: str) -> tuple[tuple[str, str], ...]:
    pairs = [_list(each, f"each of {name}") for each in _list(value, name)]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"each of {name} should be an id and a reason")
    return tuple((_text(id, f"each id of {name}"), _text(reason, f"each reason of {name}")) for id, reason in pairs)


def _mapping(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} should be a mapping")
    return value
