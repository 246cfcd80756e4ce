"""One annotation file of COCO as typed values: images, objects, categories, each fault told to the label it is in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, final

from auxseg.data.layers.instances import NO_THING, UNKNOWN
from auxseg.data.sources.values import BadValue, flag, integer, number, shown, text
from auxseg.errors import InputError

THING: Final = "auxseg_instance"
"""The key of an annotation with the number of its instance, which COCO has no word for."""

MAX_BYTES: Final = 4 * 2**30
"""Larger files are refused before they are read. The largest of COCO itself has 450 MB."""

_PARTS: Final = ("images", "annotations", "categories")


@final
@dataclass(frozen=True, slots=True)
class CocoImage:
    """A photograph: its file, and its height and width where the file says them; or why it cannot be used.

    ``unknown`` are the layers of which the file says that nothing is known in it, as `data export` writes them.
    """

    file_name: str = ""
    hw: tuple[int, int] | None = None
    fault: str = ""
    unknown: tuple[str, ...] = ()


class CocoObject(NamedTuple):
    """An annotation, of which there may be a million.

    ``fault`` says why neither class nor crowd can be believed, ``box_fault`` the same of the box. ``outline`` and
    ``points`` are what the file holds; `outlines` and `points` beside this file look at them. What is no thing
    (``isthing`` 0, as `data export` writes it) stands for its pixels alone and has no box. ``thing`` is the number of
    its instance where `data export` wrote one, see `auxseg.data.layers.InstancesForm`.
    """

    id: str
    category: int
    outline: object
    is_crowd: bool
    box: tuple[float, float, float, float] | None
    fault: str = ""
    box_fault: str = ""
    points: object = None
    is_thing: bool = True
    thing: int | None = None


@final
@dataclass(frozen=True)
class CocoCategory:
    """A category: its number, its name, the name of what it belongs to (empty if the file does not say), the names
    of its key points, and which of these change places in a mirror, as the file says it (``None`` if it does not)."""

    id: int
    name: str
    parent: str
    points: tuple[str, ...] = ()
    flip_pairs: object = None


@final
@dataclass(frozen=True)
class CocoFile:
    """What an annotation file holds; ``orphans`` names the objects of no image that is in it."""

    path: Path
    images: Mapping[str, CocoImage]
    objects: Mapping[str, list[CocoObject]]
    categories: tuple[CocoCategory, ...]
    orphans: tuple[str, ...]


def read_coco(path: Path, *, with_points: bool = False) -> CocoFile:
    """Read an annotation file, and key points only where they are asked for: they take memory.

    A fault in one image or object is kept with it. Raises `InputError` if the file cannot be read, is no JSON of COCO's
    form, or leaves open which image or category is meant.
    """
    content = _load(path)
    try:
        categories = tuple(
            _category(each, f"categories[{place}]", with_points=with_points)
            for place, each in enumerate(content["categories"])
        )
        images: dict[str, CocoImage] = {}
        for place, each in enumerate(content["images"]):
            values = _mapping(each, f"images[{place}]")
            id = _identifier(values.get("id"), f"the id of images[{place}]")
            if id in images:
                raise BadValue(f"the image id {shown(id)} is given twice")
            images[id] = _image(values)
    except BadValue as error:
        raise InputError(f"{path}: {error}") from None
    objects: dict[str, list[CocoObject]] = {id: [] for id in images}
    known = frozenset(each.id for each in categories)
    orphans: list[str] = []
    for place, each in enumerate(content["annotations"]):
        image_id, made = _object(each, place, known, with_points=with_points)
        if image_id in objects:
            objects[image_id].append(made)
        else:
            orphans.append(made.id)
    if orphans and len(orphans) == len(content["annotations"]):
        raise InputError(f"{path}: none of its {len(orphans)} annotations belongs to an image in the file")
    return CocoFile(path, images, objects, categories, tuple(orphans))


def _load(path: Path) -> dict[str, list[object]]:
    if path.is_dir():
        raise InputError(f"{path} is a folder; coco reads the annotation file (.json), or several with --annotations")
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{path} is not a regular file")
        if size > MAX_BYTES:
            raise InputError(f"{path} has {size:,} bytes, but at most {MAX_BYTES:,} are read; split it")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    missing = set(_PARTS) - (content.keys() if isinstance(content, dict) else set())
    if missing:
        raise InputError(
            f"{path} should hold images, annotations and categories; it has no {', '.join(sorted(missing))}"
        )
    for part in _PARTS:
        if not isinstance(content[part], list):
            raise InputError(f"{path}: {part} should be a list, not {shown(content[part])}")
    return content


def _mapping(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadValue(f"{what} should be a mapping, not {shown(value)}")
    return value


def _identifier(value: object, key: str) -> str:
    """Numbers and texts name images; 7, 7.0 and "7" are the same."""
    return str(value) if type(value) is int else text(value, key)


def _category(values: object, what: str, *, with_points: bool) -> CocoCategory:
    values = _mapping(values, what)
    parent, points = values.get("supercategory"), (with_points and values.get("keypoints")) or []
    if not isinstance(points, list):
        raise BadValue(f"the keypoints of {what} should be a list of names, not {shown(points)}")
    return CocoCategory(
        integer(values.get("id"), f"the id of {what}"),
        text(values.get("name"), f"the name of {what}").strip(),
        parent.strip() if isinstance(parent, str) else "",
        tuple(text(each, f"each of the keypoints of {what}").strip() for each in points),
        values.get("flip_pairs") if points else None,
    )


def _image(values: dict[str, object]) -> CocoImage:
    try:
        file_name = text(values.get("file_name"), "file_name")
        unknown = values.get("unknown")
        layers = tuple(each for each in unknown if isinstance(each, str)) if isinstance(unknown, list) else ()
        return CocoImage(file_name, _size(values.get("height"), values.get("width")), unknown=layers)
    except BadValue as error:
        return CocoImage(fault=f"the annotation file is wrong about it: {error}")


def _size(height: object, width: object) -> tuple[int, int] | None:
    """``None`` where a tool did not know the size: it is missing, null, 0 or -1."""
    hw = tuple(0 if value is None else integer(value, key) for key, value in (("height", height), ("width", width)))
    return (hw[0], hw[1]) if min(hw) > 0 else None


def _object(
    values: object, place: int, categories: frozenset[int], *, with_points: bool
) -> tuple[str | None, CocoObject]:
    """An object and the id of its image, which is ``None`` where that cannot be read."""
    if not isinstance(values, dict):
        return None, CocoObject(f"annotations[{place}]", 0, None, False, None)
    id, image_id = values.get("id"), values.get("image_id")
    name = str(id) if type(id) is int else f"annotations[{place}]" if id is None else shown(id).strip("'")
    category, is_crowd, fault, box_fault, box = 0, False, "", "", None
    try:
        written = values.get("category_id")
        category = written if type(written) is int else integer(written, "category_id")
        if category not in categories:
            raise BadValue(f"its category {shown(category)} is not in the file")
        crowd = values.get("iscrowd")
        is_crowd = bool(crowd) if crowd in (None, 0) else flag(crowd, "iscrowd")
    except BadValue as error:
        fault = str(error)
    try:
        box = _box(values.get("bbox"))
    except BadValue as error:
        box_fault = str(error)
    points = values.get("keypoints") if with_points else None
    is_thing = values.get("isthing") not in (0, "0")
    outline, thing = values.get("segmentation"), values.get(THING)
    thing = thing if type(thing) is int and NO_THING < thing <= UNKNOWN else None
    made = CocoObject(name, category, outline, is_crowd, box, fault, box_fault, points, is_thing, thing)
    try:
        return _identifier(image_id, "image_id"), made
    except BadValue:
        return None, made


def _box(value: object) -> tuple[float, float, float, float] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != 4:
        raise BadValue(f"bbox should be x, y, width, height, not {shown(value)}")
    x, y, width, height = (each if type(each) is float and abs(each) < 1e9 else number(each, "bbox") for each in value)
    return x, y, width, height
