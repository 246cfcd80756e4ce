"""Stores as version 1 wrote them: texts of variable length, a header of attributes, a dataset for each label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from tests.data.pictures import drawn_source, open_hdf5

_TEXTS = {"id": "ids", "group": "groups", "image_hash": "image_hashes"}
_PLAIN = ("has_mask", "box", "split", "original_size", "orientation", "is_turned", "perceptual_hash")


def write_new(folder: Path) -> Path:
    """A small store of today, with a sample that was skipped and groups."""
    return prepare(drawn_source(6, bad=["drawn 3"], group="of two"), folder / "new.h5", size=16, split="60-20-20").path


def write_old(new: Path, old: Path) -> Path:
    """The same store in the layout of version 1."""
    store = Store.open(new)
    with open_hdf5(new) as source, h5py.File(old, "w", libver="v108") as file:
        header: dict[str, Any] = json.loads(bytes(source["header"][:]))
        for name in ("image", "mask"):
            pictures = source[name]
            shape = pictures.shape[1:]
            file.create_dataset(name, data=pictures[:], maxshape=(None, *shape), chunks=(1, *shape))
        for name in _PLAIN:
            file[name] = source[name][:]
        for name, field in _TEXTS.items():
            file.create_dataset(name, data=getattr(store, field).tolist(), dtype=h5py.string_dtype())
        file.require_group("classes")
        for label, ids in store.classes.items():
            file[f"classes/{label}"] = ids.astype(np.int32)
        for name, value in {**header, "schema_version": 1, "content_hash": store.content_hash}.items():
            file.attrs[name] = value if isinstance(value, str | int) else json.dumps(value)
    return old
