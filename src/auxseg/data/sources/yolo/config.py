"""The ``data.yaml`` of a YOLO data set: names of the classes, and where the images of each split are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import SPLITS
from auxseg.data.sources.values import BadValue, integer, shown, text
from auxseg.data.sources.yolo.key_points import KeyPoints, read_key_points
from auxseg.errors import InputError
from auxseg.strict_yaml import read_mapping

_USUAL: Final = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_SUFFIXES: Final = (".yaml", ".yml")
_ABOVE: Final = "../"
_OPTIONAL: Final = "test"


@final
@dataclass(frozen=True)
class YoloConfig:
    """What a ``data.yaml`` says: the class names by their ids from 0, and for each split that it has the folders and
    lists of images, which exist. ``root`` is what their paths were relative to, ``points`` are the key points that
    objects have, ``remarks`` says what was left out."""

    path: Path
    root: Path
    names: tuple[str, ...]
    places: Mapping[str, tuple[Path, ...]]
    remarks: tuple[str, ...] = ()
    points: KeyPoints | None = None


def read_config(path: Path, *, with_points: bool = False) -> YoloConfig:
    """Read the ``data.yaml`` in a folder, or a file like it. Nothing else in it counts, ``download`` least of all.
    Names and mirror of key points are read where they are asked for.

    ``path`` in the file is relative to the file, to the folder around it, or the file's folder itself: the first where
    the images are. Where ``../images`` does not exist, ``images`` is tried, as Ultralytics does. A test split that
    does not exist is left out: tools name one that they did not write.

    Raises `InputError` if there is no such file, or it is wrong.
    """
    path = find_config(path)
    values = read_mapping(path, "description of a YOLO data set", whole_number_keys=True)
    try:
        names = _names(values.get("names"))
        if values.get("nc") is not None and integer(values["nc"], "nc") != len(names):
            raise BadValue(f"nc is {values['nc']}, but there are {len(names)} names")
        written = {split: _texts(values.get(split), split) for split in SPLITS}
        points = read_key_points(values, len(names), with_names=with_points)
        above = None if values.get("path") is None else text(values["path"], "path")
    except BadValue as error:
        raise InputError(f"{path}: {error}") from None
    written = {split: each for split, each in written.items() if each}
    if not written:
        raise InputError(
            f"{path} names no images; expected train, val or test as a folder, a list of folders, or a .txt"
        )
    root, places, remarks = _found(path, above, written)
    return YoloConfig(path, root, names, places, remarks, points)


def find_config(path: Path) -> Path:
    """The file itself, the ``data.yaml`` in a folder, or the only YAML file in it. Raises `InputError`."""
    if not path.is_dir():
        if path.exists() and path.suffix.lower() not in _SUFFIXES:
            raise InputError(f"{path} should be a folder with a data.yaml, or such a file itself")
        return path
    try:
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in _SUFFIXES and each.is_file())
    except OSError as error:
        raise InputError(f"{path} cannot be listed: {error.strerror}") from error
    there = [each for name in _USUAL for each in files if each.name == name] or files
    if not there:
        raise InputError(f"{path} should hold a data.yaml with the names of the classes and the folders of the images")
    if there[0].name not in _USUAL and len(there) > 1:
        raise InputError(f"{path} holds {there[0].name} and {there[1].name}; give the one that is meant")
    return there[0]


def _names(value: object) -> tuple[str, ...]:
    """A list of names, or a mapping of the ids from 0 to names."""
    if isinstance(value, dict):
        by_id = {integer(id, "the id of a name"): name for id, name in value.items()}
        if sorted(by_id) != list(range(len(value))):
            raise BadValue(f"the ids of the {len(value)} names should be 0 to {len(value) - 1}")
        value = [by_id[id] for id in range(len(value))]
    if not isinstance(value, list) or not value:
        raise BadValue(
            f"names should be a list of the names of classes, or a mapping of ids to names, not {shown(value)}"
        )
    for id, name in enumerate(value):
        if isinstance(name, bool):
            raise BadValue(f"names[{id}] should be a text, not {name}; put words such as yes, no, on and off in quotes")
    return tuple(text(name, f"names[{id}]").strip() for id, name in enumerate(value))


def _texts(value: object, key: str) -> list[str]:
    """One path or several; none where a key is missing or empty."""
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    return [text(each, key) for each in values]


def _found(
    path: Path, above: str | None, written: Mapping[str, list[str]]
) -> tuple[Path, dict[str, tuple[Path, ...]], tuple[str, ...]]:
    """The first folder in which the first of all paths exists, every path there, and what is to be said of them."""
    own = Path(os.path.abspath(path.parent))
    roots = [own] if above is None else [own / above, own.parent / above, own]
    roots = list(dict.fromkeys(Path(os.path.normpath(root)) for root in roots))
    first = next(iter(written.values()))[0]
    root = next((root for root in roots if _place(root, first)), roots[0])
    places: dict[str, tuple[Path, ...]] = {}
    remarks: list[str] = []
    for split, names in written.items():
        found = [(name, _place(root, name)) for name in names]
        missing = next((name for name, place in found if place is None), None)
        if missing is not None and not (split == _OPTIONAL and places):
            raise InputError(f"{path}: {split} is {missing}, which is not in {', nor in '.join(map(str, roots))}")
        if missing is not None:
            remarks.append(f"{path.name}: {split} is {missing}, which does not exist; the split was left out")
            continue
        places[split] = tuple(place for _, place in found if place is not None)
    return root, places, tuple(remarks)


def _place(root: Path, name: str) -> Path | None:
    name = name.replace("\\", "/") if os.sep == "/" else name
    names = [name, name.removeprefix(_ABOVE)]
    places = [os.path.normpath(root / each) for each in names]
    return next((Path(place) for place in places if os.path.exists(place)), None)
