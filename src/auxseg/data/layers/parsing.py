"""Forms of layers out of JSON from outside, checked value by value."""

from __future__ import annotations

from collections.abc import Mapping

from auxseg.data.layers.layer import LayerForm
from auxseg.data.layers.maps import MapForm
from auxseg.data.layers.masks import MaskForm


def parse_form(values: Mapping[str, object]) -> LayerForm:
    """What `Form.to_json` made. Raises `ValueError` for anything else; keys that no form has are left alone."""
    match values:
        case {"kind": "map", "channels": int(channels), "unit": str(unit), "is_vector": bool(is_vector)}:
            if isinstance(channels, bool):
                raise ValueError("channels should be a whole number")
            return MapForm(channels, unit, is_vector)
        case {"kind": "mask", "names": [*names]}:
            return MaskForm(tuple(_text(name) for name in names))
    raise ValueError("is neither a map with channels, unit and is_vector nor a mask with names")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("the name of a mask class should be a text")
    return value
