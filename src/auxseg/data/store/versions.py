"""The versions of a store's layout, and which one a file has; `auxseg.data.store` describes them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import LayerForm, MapForm, MaskForm
from auxseg.records.values.size import Size

SCHEMA_VERSION: Final = 1.1
"""Of a file without layers that `auxseg.data.store.writing.writer` makes."""

LAYERS_VERSION: Final = 2
"""Of a file with maps and masks as layers."""

KINDS_VERSION: Final = 2.1
"""Of a file with layers of any kind."""

RECTANGLES_VERSION: Final = 3
"""Of a file whose pictures are not square, with layers or without."""

CHANNELS_VERSION: Final = 4
"""Of a file whose images are not RGB of 8 bits, with layers or without, square or not."""

OWN_SIZES_VERSION: Final = 5
"""Of a file whose pictures have each their own size."""

FIRST_VERSION: Final = 1
"""The oldest that can be read. It is also what the content hash covers: both versions keep the same of a sample."""

VERSIONS: Final = (
    FIRST_VERSION,
    SCHEMA_VERSION,
    LAYERS_VERSION,
    KINDS_VERSION,
    RECTANGLES_VERSION,
    CHANNELS_VERSION,
    OWN_SIZES_VERSION,
)


def version_for(size: Size | LongSide, layers: Collection[LayerForm], channels: Channels = RGB) -> float:
    """The oldest version that has room for pictures of this size and these channels, and for these layers."""
    if isinstance(size, LongSide):
        return OWN_SIZES_VERSION
    if channels != RGB:
        return CHANNELS_VERSION
    if not size.is_square:
        return RECTANGLES_VERSION
    if not layers:
        return SCHEMA_VERSION
    return LAYERS_VERSION if all(isinstance(form, MapForm | MaskForm) for form in layers) else KINDS_VERSION
