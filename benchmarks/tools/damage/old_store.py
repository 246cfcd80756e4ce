"""A store as version 1 of the format wrote it: texts in HDF5's own heap, a header of attributes."""

from __future__ import annotations

import json
from typing import Any

import h5py

from auxseg.data.store.store import Store

_TEXTS = ("id", "group", "image_hash")
_OTHERS = ("header", "classes", *_TEXTS, *(f"{name}_end" for name in _TEXTS))
"""What is kept in another form."""


def write_old(new: str, old: str) -> None:
    """The same store in that layout."""
    store = Store.open(new)
    with h5py.File(new, "r") as source, h5py.File(old, "w", libver="v108") as file:
        content: Any = source["header"]
        header = json.loads(bytes(content[:]))
        for name in source:
            if name not in _OTHERS:
                source.copy(name, file)
        for name, texts in zip(_TEXTS, (store.ids, store.groups, store.image_hashes), strict=True):
            file.create_dataset(name, data=texts.tolist(), dtype=h5py.string_dtype())
        for label, ids in store.classes.items():
            file[f"classes/{label}"] = ids
        for name, value in {**header, "schema_version": 1, "content_hash": store.content_hash}.items():
            file.attrs[name] = value if isinstance(value, str | int) else json.dumps(value)
