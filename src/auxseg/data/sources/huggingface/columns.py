"""Which column of a table holds what: as it is asked for, else by names and types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from auxseg.data.sources.index.parquet import is_plain
from auxseg.errors import InputError, nearest

IMAGE, MASK, ID, GROUP, SPLIT = "image", "mask", "id", "group", "split"
_ROLES: Final = (IMAGE, MASK, ID, GROUP, SPLIT)
_NO_LABELS: Final = (*_ROLES, "box")
"""Names that no kind of label may have."""
IMAGE_NAMES: Final = ("image", "pixel_values", "img", "images", "rgb", "photo", "picture")
MASK_NAMES: Final = (
    "mask", "label", "annotation", "labels", "segmentation", "segmentation_mask", "semantic_mask", "masks", "seg", "gt",
    "ground_truth", "annotations",
)  # fmt: skip
"""What columns of images and of masks are called, the likeliest first."""

_METADATA: Final = b"huggingface"


@final
@dataclass(frozen=True)
class Columns:
    """The columns by what they hold; ``labels`` are kinds of label, ``names`` the names behind their numbers."""

    image: str
    mask: str | None = None
    id: str | None = None
    group: str | None = None
    split: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def choose_columns(
    schema: Any, info: Mapping[str, object], fields: Mapping[str, str], where: str, *, is_divided: bool = False
) -> Columns:
    """Decide which column is the image, the mask and so on.

    Args:
        schema: Arrow's schema of the table.
        info: what ``dataset_info.json`` holds; empty where the schema says the same itself.
        fields: by ``image``, ``mask``, ``id``, ``group``, ``split`` or a kind of label the column that is asked for.
        where: the data set, for errors.
        is_divided: whether folders or files divide the rows into several splits, so that a column of that name does
            not.

    Raises `InputError` if there is no column of images, or what is asked for is not there or of another type.
    """
    images = [each.name for each in schema if _holds_images(each.type)]
    plain = [each.name for each in schema if is_plain(each.type)]
    for role, column in fields.items():
        kind, right = ("images", images) if role in (IMAGE, MASK) else ("texts or numbers", plain)
        if column not in schema.names:
            raise InputError(
                f"{where} has no column {column!r}{nearest(column, schema.names)}; its columns: {_listed(schema.names)}"
            )
        if column not in right:
            raise InputError(
                f"{where}: the column {column} holds {_shown(schema.field(column).type)}, but {role} needs {kind}"
            )
    taken = set(fields.values())
    mask = fields.get(MASK) or _first(MASK_NAMES, [name for name in images if name not in taken])
    image = fields.get(IMAGE) or _image(images, taken | {mask})
    if image is None:
        raise InputError(
            f"{where} has no column of images; its columns: "
            f"{_listed([f'{each.name} ({_shown(each.type)})' for each in schema])}"
        )
    split = fields.get(SPLIT) or _first((SPLIT,), [name for name in plain if name not in taken and not is_divided])
    names = {name: found for name, found in class_names(schema, info).items() if name in plain}
    labels = {role: column for role, column in fields.items() if role not in _ROLES}
    labels |= {name: name for name in names if name not in (*taken, *labels, *_NO_LABELS, split)}
    used = {image, mask, fields.get(ID), fields.get(GROUP), split, *labels.values()}
    left = [name for name in schema.names if name not in used]
    remarks = [f"the column {image} is the image" + (f", {mask} the mask" if mask else "; no column is the mask")]
    if split:
        remarks[0] += f"; {split} is the split"
    if labels:
        remarks[0] += f"; labels are {', '.join(labels)}"
    if left:
        remarks.append(f"columns that are not read: {_listed(left)}; --fields NAME=COLUMN makes a label of one")
    return Columns(image, mask, fields.get(ID), fields.get(GROUP), split, labels, names, tuple(remarks))


def _image(images: Sequence[str], others: set[str | None]) -> str | None:
    """The column of images by its name, else the only one that is left."""
    left = [name for name in images if name not in others]
    return _first(IMAGE_NAMES, left) or (left[0] if len(left) == 1 else None)


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    """The column of the likeliest name, in either case."""
    by_name = {column.lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _holds_images(kind: Any) -> bool:
    """Whether a type is that of images: encoded bytes, or a structure of ``bytes`` and ``path``."""
    from pyarrow import types

    if types.is_struct(kind):
        names = [kind.field(number).name for number in range(kind.num_fields)]
        return "bytes" in names and _is_binary(kind.field(names.index("bytes")).type)
    return _is_binary(kind)


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    return types.is_binary(kind) or types.is_large_binary(kind)


def class_names(schema: Any, info: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """The names of classes by column, as the library keeps them in every file and in ``dataset_info.json``."""
    try:
        inside = json.loads((schema.metadata or {}).get(_METADATA, b"{}"))
    except (ValueError, RecursionError):
        inside = {}
    result: dict[str, tuple[str, ...]] = {}
    for each in (info, inside.get("info") if isinstance(inside, dict) else None):
        features = each.get("features") if isinstance(each, Mapping) else None
        for column, feature in features.items() if isinstance(features, dict) else ():
            match feature:
                case {"_type": "ClassLabel", "names": [*names]} if all(isinstance(name, str) for name in names):
                    result[column] = tuple(str(name) for name in names)
    return result


def _shown(kind: Any) -> str:
    words = str(kind)
    return words if len(words) <= 80 else f"{words[:80]}..."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
