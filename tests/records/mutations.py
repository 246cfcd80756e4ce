"""Damaged copies of a file, the same every time: flipped bits, cut ends, and in JSON every value by another."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

DEEP = "[" * 2000 + "]" * 2000
REPLACEMENTS = ("null", '""', "[]", "{}", "1e400", "-1", '"x"', DEEP, "NaN", "true", "1e99", '"\\ud800"', '"../../x"')


def damaged(content: bytes, number: int, seed: int = 0) -> Iterator[bytes]:
    """``number`` copies with one to eight flipped bits, and as many that were cut off."""
    random_ = random.Random(seed)
    for _ in range(number):
        copy = bytearray(content)
        for _ in range(random_.choice((1, 1, 2, 8))):
            copy[random_.randrange(len(copy))] ^= 1 << random_.randrange(8)
        yield bytes(copy)
        yield content[: random_.randrange(len(content))]


def replaced(content: bytes) -> Iterator[bytes]:
    """Every value of a JSON document in turn by each replacement; of a list of many only the first."""
    document = json.loads(content)
    marker = '"@marker@"'
    for path in _paths(document):
        text = json.dumps(_with_marker(document, path))
        for replacement in REPLACEMENTS:
            yield text.replace(marker, replacement).encode()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))[:1]
        if isinstance(value, list)
        else []
    )
    for key, part in items:
        yield from _paths(part, (*path, key))


def _with_marker(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "@marker@"
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with_marker(value[path[0]], path[1:])
    return copy
