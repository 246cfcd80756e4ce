"""Forms of layers out of JSON from outside, checked value by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from auxseg.data.layers.layer import LayerForm


def parse_form(values: Mapping[str, object]) -> LayerForm:
    """What `Form.to_json` made. Raises `ValueError` for anything else; keys that no form has are left alone."""
    for kind in get_args(LayerForm):
        if (form := kind.from_json(values)) is not None:
            return form
    kinds = ", ".join(kind.kind for kind in get_args(LayerForm))
    raise ValueError(
        f"is none of {kinds} with its settings: a map has channels, unit and is_vector, instances have none, all "
        "others have names"
    )
