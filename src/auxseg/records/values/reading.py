"""Reading a file of a run or a study: bounded in size and depth, strict about types, refused in one sentence."""

from __future__ import annotations

import functools
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from types import GenericAlias
from typing import Any, Final, NoReturn, TypeVar, final

from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError

MAX_BYTES: Final = 64 * 2**20
"""The size that a file may have unless its reader says otherwise."""
_MAX_DEPTH: Final = 64
_MAX_DIGITS: Final = 40
_NUM_SHOWN: Final = 40
_HUGE: Final = re.compile(r"[eE]\+?\d{3}|\d{40}")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

_T = TypeVar("_T")


@final
@dataclass(frozen=True)
class _Format:
    format: object = None


def read_json(path: Path, type_: type[_T] | GenericAlias, *, max_bytes: int = MAX_BYTES, mend: str = "") -> _T:
    """Read a JSON file as a value of ``type_``, such as a frozen dataclass.

    Types are strict: no text stands for a number and no number for a yes. Keys that a dataclass does not know are
    passed over, because a newer version may have written them.

    Args:
        path: the file.
        type_: what it should hold.
        max_bytes: how large it may be; nothing larger is read.
        mend: what helps if it is damaged, for the end of the sentence.

    Raises:
        InputError: it cannot be read, is too large or too deep, is no JSON in UTF-8, holds a key twice or a number
            that is not finite, or does not hold what it should.
    """
    return parse_json(read_bytes(path, max_bytes=max_bytes), type_, str(path), mend=mend)


def read_versioned(path: Path, type_: type[_T], format_: int, *, max_bytes: int = MAX_BYTES, mend: str) -> _T:
    """The same for a file that names its format. Raises `InputError` also if that is another than ``format_``."""
    found = read_json(path, _Format, max_bytes=max_bytes, mend=mend).format
    if found != format_:
        raise InputError(
            f"{path}: written by another version of auxseg (format {found!a:.40}, expected {format_}); {mend}"
        )
    return read_json(path, type_, max_bytes=max_bytes, mend=mend)


def parse_json(content: bytes, type_: type[_T] | GenericAlias, place: str, *, mend: str = "") -> _T:
    """The same for JSON that was read already; ``place`` names it in an error."""
    hint = f"; {mend}" if mend else ""
    try:
        load_json(content)
        return adapter(type_).validate_json(content, strict=True)
    except ValidationError as error:
        raise InputError(f"{place}: {_sentence(error)}{hint}") from None
    except RecursionError:
        raise InputError(f"{place}: is nested too deeply{hint}") from None
    except ValueError as error:  # of `load_json`
        raise InputError(f"{place}: expected JSON, found {_shown(content)} ({_reason(error)}){hint}") from None


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """Read a file of text in UTF-8. Raises `InputError` if it cannot be read, is too large or is none."""
    try:
        return read_bytes(path, max_bytes=max_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected text in UTF-8, found another byte at {error.start}") from None


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file. Raises `InputError` if it is none, cannot be read, or is larger than ``max_bytes``."""
    try:
        if not path.is_file():  # reading a pipe or a device might never end
            raise InputError(f"{path}: expected a file, found {'something else' if path.exists() else 'nothing'}")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > max_bytes:
        raise InputError(f"{path}: expected at most {max_bytes:,} bytes, found more")
    return content


def load_json(content: bytes) -> object:
    """JSON as Python has it.

    Raises ValueError or RecursionError for what is no JSON in UTF-8, and for what a parser would let through: keys
    that stand twice, numbers that are not finite, depth, and halves of characters.
    """
    text = content.decode("utf-8")
    value = (_CAREFUL if _HUGE.search(text) else _QUICK).decode(text)
    if _depth(value) > _MAX_DEPTH:
        raise RecursionError
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return value


def _mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} occurs twice")
    return mapping


def _float(text: str) -> float:
    return float(text) if math.isfinite(float(text)) else _no_number(text)


def _integer(text: str) -> int:
    return int(text) if len(text) <= _MAX_DIGITS else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:_NUM_SHOWN]} is not a finite number")


def _depth(value: object) -> int:
    """How many containers lie in each other, counted without recursion."""
    depth, layer = 0, [value]
    while layer := [part for part in layer if isinstance(part, dict | list)]:
        depth += 1
        layer = [part for whole in layer for part in (whole.values() if isinstance(whole, dict) else whole)]
    return depth


_QUICK: Final = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_no_number)
_CAREFUL: Final = json.JSONDecoder(
    object_pairs_hook=_mapping, parse_constant=_no_number, parse_float=_float, parse_int=_integer
)


@functools.cache
def adapter(type_: Any) -> Any:
    """pydantic's reader of a type, made once."""
    return TypeAdapter(type_)


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, with its key, what was expected and what was found."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part)[:_NUM_SHOWN] for part in first["loc"]) or "the whole"
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} is {_shown(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _shown(value: object) -> str:
    """A value as an error shows it: its beginning, without what steers a terminal."""
    if isinstance(value, bytes):
        value = value[:_NUM_SHOWN].decode("utf-8", "replace")
    if isinstance(value, dict | list | tuple):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = value[: _NUM_SHOWN + 1] if isinstance(value, str) else value
    shown = ascii(text)
    return shown if len(shown) <= _NUM_SHOWN else f"{shown[:_NUM_SHOWN]}…"


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "no UTF-8" if isinstance(error, UnicodeError) else str(error)
