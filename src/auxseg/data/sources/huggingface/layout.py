"""Which files of a data set there are, and of which split."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import SPLITS
from auxseg.data.sources.pictures.files import list_files
from auxseg.errors import InputError

DICT_FILE, STATE_FILE, INFO_FILE = "dataset_dict.json", "state.json", "dataset_info.json"
SUFFIXES: Final = (".arrow", ".parquet")

_OFFICIAL: Final = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
"""Our word for each of theirs."""

_WORDS: Final = re.compile(r"[^a-z]+")
_MAX_JSON_BYTES: Final = 50_000_000


@final
@dataclass(frozen=True)
class Part:
    """Files of one split, in order. ``name`` is what the data set calls it, empty where nothing says."""

    name: str
    paths: tuple[Path, ...]

    @property
    def split(self) -> str | None:
        """The official split: train, val or test; ``None`` for any other."""
        return official_split(self.name)


def official_split(word: str) -> str | None:
    """Our word for what a data set calls a split: train, val or test; ``None`` for any other."""
    return _OFFICIAL.get(word.lower())


def find_parts(root: Path) -> tuple[Part, ...]:
    """The splits of a data set: a folder for each, one folder of ``save_to_disk``, or files named by their split.

    Raises `InputError` for a folder of another kind.
    """
    if not root.is_dir():
        raise InputError(
            f"{root} is not a folder; it should hold a data set of the library datasets, or .parquet files"
        )
    if (root / DICT_FILE).exists():
        names = read_json(root / DICT_FILE).get("splits")
        if not isinstance(names, list) or not names or not all(_is_name(name) for name in names):
            raise InputError(f"{root / DICT_FILE} should name the folders of the splits in 'splits'")
        return _in_order(Part(str(name), _saved(root / str(name))) for name in names)
    if (root / STATE_FILE).exists():
        name = read_json(root / STATE_FILE).get("_split")
        return (Part(name if isinstance(name, str) else "", _saved(root)),)
    found: dict[str, list[Path]] = {}
    for name, path in sorted(list_files(root, SUFFIXES).paths.items()):
        found.setdefault(_split_in(name), []).append(path)
    if not found:
        raise InputError(
            f"{root} should hold {DICT_FILE} or {STATE_FILE}, as save_to_disk writes them, or .parquet files"
        )
    return _in_order(Part(name, tuple(paths)) for name, paths in found.items())


def read_json(path: Path) -> Mapping[str, object]:
    """A JSON file that holds an object. Raises `InputError`."""
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise InputError(f"{path} has over {_MAX_JSON_BYTES:,} bytes")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} should hold an object")
    return content


def _in_order(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Train, val, test, then all others, whatever the order of names."""
    splits = (*SPLITS, None)
    return tuple(sorted(parts, key=lambda part: splits.index(part.split)))


def _saved(folder: Path) -> tuple[Path, ...]:
    """The files that ``save_to_disk`` names."""
    state = read_json(folder / STATE_FILE)
    if state.get("_indices_data_files"):
        raise InputError(
            f"{folder} holds a selection of the rows of its files; save it again with a newer version of datasets"
        )
    files = state.get("_data_files")
    names = (
        [each.get("filename") if isinstance(each, dict) else None for each in files] if isinstance(files, list) else []
    )
    if not names or not all(_is_name(name) for name in names):
        raise InputError(f"{folder / STATE_FILE} should name files beside it in '_data_files'")
    return _existing([folder / str(name) for name in names])


def _existing(paths: Sequence[Path]) -> tuple[Path, ...]:
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} does not exist, but {path.parent / STATE_FILE} names it; copy the folder again")
    return tuple(paths)


def _is_name(name: object) -> bool:
    """Whether this names something in a folder, and nothing outside."""
    return isinstance(name, str) and bool(name) and name not in (".", "..") and not set(name) & set("/\\\0")


def _split_in(name: str) -> str:
    """The split that a file's path names: the last word that is one, such as in ``data/train-00000-of-00002``."""
    words = [word for word in _WORDS.split(name.lower()) if word in _OFFICIAL]
    return words[-1] if words else ""
