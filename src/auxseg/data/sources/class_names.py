"""The names of mask classes in text files, with or without the colours that stand for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auxseg.data.sample import IGNORE
from auxseg.errors import InputError

NAMES_FILE: Final = "classes.txt"
NAMES_FILES: Final = (NAMES_FILE, "labelmap.txt", "class_names.txt")
"""Our own, CVAT's and labelme's; the first that is there counts."""

_BACKGROUNDS: Final = frozenset(
    {"background", "bg", "unlabelled", "unlabeled", "void", "none", "nothing", "other", "others", "ignore", "rest"}
)
_IGNORED: Final = frozenset({"ignore", "ignored"})
_MAX_BYTES: Final = 1_000_000
_MAX_LINE: Final = 1_000

_SEPARATOR: Final = r"[\s,;:]+"
_COLOUR: Final = r"(?P<r>\d{1,3})[\s,;]+(?P<g>\d{1,3})[\s,;]+(?P<b>\d{1,3})"
_LINES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<name>.*?[^\s,;:]){_SEPARATOR}{_COLOUR}\s*(?::.*)?",
        rf"(?P<name>.*?[^\s,;:]){_SEPARATOR}#(?P<hex>[0-9a-f]{{6}})",
        rf"{_COLOUR}{_SEPARATOR}(?P<name>.*\S)",
    )
)
_HEADER: Final = re.compile(r"(name|class|label)[\s,;]+r(ed)?[\s,;]+g(reen)?[\s,;]+b(lue)?", re.IGNORECASE)

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class ClassNames:
    """The names in a file, background first if there is one, and the positions in the file that they had.

    ``colours`` are the colours of the classes in the same order, or empty; ``ignored`` those of pixels to be ignored.
    """

    file: str
    names: tuple[str, ...]
    ids: tuple[int, ...]
    colours: tuple[Colour, ...] = ()
    ignored: tuple[Colour, ...] = ()


def is_background(name: str) -> bool:
    """Whether a class of this name is what is left beside the others."""
    return name.strip(" _-").casefold() in _BACKGROUNDS


def find_names(folder: Path) -> tuple[ClassNames | None, tuple[str, ...]]:
    """The names of a folder's mask classes, if there are any, and remarks about what was not read.

    Raises `InputError` as `read_names` does.
    """
    there = [name for name in NAMES_FILES if (folder / name).exists()]
    if not there:
        return None, ()
    remarks = (f"{there[1]} was not read, because {there[0]} names the classes",) if len(there) > 1 else ()
    return read_names(folder / there[0]), remarks


def read_names(path: Path) -> ClassNames:
    """Read one name a line, without empty lines and those that begin with ``# ``.

    All have a colour (``name r g b``, ``name,r,g,b``, ``name:r,g,b``, ``name #rrggbb`` or ``r g b name``), or none has.

    Raises `InputError` if they cannot be read, are not different or are not between 2 and 255.
    """
    lines = _read_lines(path)
    found = [_match(line) for line in lines]
    if all(found) and lines:
        return _with_colours(path, [each for each in found if each])
    if any(found):
        line = lines[found.index(None)]
        raise InputError(f"{path}: every class should have a colour (name r g b), or none; {line!r} has none")
    _check(path, lines)
    return ClassNames(path.name, tuple(lines), tuple(range(len(lines))))


def _read_lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path} has over {_MAX_BYTES:,} bytes; it should hold the names of the mask classes")
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read; it should hold the names of the mask classes, one per line"
        ) from error
    if any(len(line) > _MAX_LINE for line in lines):
        raise InputError(f"{path}: a line has over {_MAX_LINE:,} characters; it should hold the name of a class")
    return [line for line in lines if line and not line.startswith("# ") and not _HEADER.fullmatch(line)]


def _match(line: str) -> tuple[str, Colour] | None:
    """Name and colour of a line that has one."""
    for pattern in _LINES:
        match = pattern.fullmatch(line)
        if match is None:
            continue
        groups = match.groupdict()
        if "hex" in groups:
            red, green, blue = bytes.fromhex(groups["hex"])
        else:
            red, green, blue = (int(groups[channel]) for channel in "rgb")
        if max(red, green, blue) < 256:
            return groups["name"], (red, green, blue)
    return None


def _with_colours(path: Path, found: Sequence[tuple[str, Colour]]) -> ClassNames:
    """Background goes first, wherever the file has it; colours to be ignored are no class."""
    ignored = tuple(colour for name, colour in found if name.strip(" _-").casefold() in _IGNORED)
    classes = [(id, *each) for id, each in enumerate(found) if each[1] not in ignored]
    classes.sort(key=lambda each: not is_background(each[1]))
    _check(path, [name for _, name, _ in classes])
    colours = tuple(colour for _, _, colour in classes)
    if len(set(colours)) < len(colours):
        twice = next(colour for colour in colours if colours.count(colour) > 1)
        raise InputError(f"{path}: two classes have the same colour {' '.join(map(str, twice))}")
    return ClassNames(
        path.name, tuple(name for _, name, _ in classes), tuple(id for id, _, _ in classes), colours, ignored
    )


def _check(path: Path, names: Sequence[str]) -> None:
    if not 2 <= len(names) <= IGNORE or len(set(names)) < len(names):
        raise InputError(
            f"{path} should hold between 2 and {IGNORE} different names, background first; it holds {len(names)}, "
            f"{len(set(names))} of them different"
        )
