"""A sample of a store as a picture of its own, without padding.

Shape legend: ``h w`` the picture's size, at most the stored size, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import final

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.data.sample import MISSING, SPLITS
from auxseg.data.store.store import Store
from auxseg.errors import InputError


@final
@dataclass(frozen=True)
class LabelledPicture:
    """What a store holds of one sample; ``box`` is ``x0 y0 x1 y1`` in pixels of the picture, half-open.

    ``layers`` are those that are written and that the sample has.
    """

    id: str
    image: UInt[np.ndarray, "h w C"]
    mask: UInt8[np.ndarray, "h w"] | None
    box: tuple[float, float, float, float] | None
    classes: dict[str, str]
    group: str
    split: str
    layers: dict[str, np.ndarray]


def labelled_picture(store: Store, row: int, layers: Collection[str]) -> LabelledPicture:
    """Read one sample with these layers. Raises `RunError` as `Store.read` does."""
    kept = {name: layer for name, layer in store.layers.items() if name in layers and layer.present[row]}
    values = store.with_layers(kept).read_layers(row)
    image, mask = store.read(row)
    y0, y1, x0, x1 = store.inside(row)
    corners = store.boxes[row].astype(float) * store.place(row).size.corners - [x0, y0, x0, y0]
    return LabelledPicture(
        str(store.ids[row]),
        image[y0:y1, x0:x1],
        mask[y0:y1, x0:x1] if store.has_mask[row] else None,
        None if np.isnan(corners).any() else (corners[0], corners[1], corners[2], corners[3]),
        {
            label: store.vocabulary.labels[label][ids[row]]
            for label, ids in store.classes.items()
            if ids[row] != MISSING
        },
        str(store.groups[row]),
        SPLITS[store.split[row]],
        {name: layer.form.cut(values[name], store.inside(row)) for name, layer in kept.items()},
    )


def file_names(store: Store) -> list[str]:
    """A PNG's name for every sample, its id with its folders. Raises `InputError` for an id that would leave them."""
    names: list[str] = []
    for id in store.ids.tolist():
        parts = PurePosixPath(id).parts
        is_hidden = any(part.startswith(".") for part in parts)  # also the way up
        if not parts or id != "/".join(parts) or is_hidden or parts[0] == "/" or "\0" in id:
            raise InputError(f"{store.path}: the id {id!r} cannot be the name of a file in a folder")
        names.append(f"{id}.png")
    return names
