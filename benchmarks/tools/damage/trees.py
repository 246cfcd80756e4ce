"""Damage to what a JSON or YAML text says: every value in turn replaced, every key dropped, doubled or renamed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import yaml

from benchmarks.tools.damage.values import VALUES, YAML_VALUES

Path = tuple[str | int, ...]
Change = tuple[str, Callable[[], bytes]]
"""What is done, and the text after it."""

_HERE: Final = "damagehere"
_AGAIN: Final = "damageagain"
_SECOND: Final = re.compile(rf"\b{_AGAIN}")


def json_changes(content: bytes) -> list[Change]:
    """All changes to a JSON text."""
    return _changes(json.loads(content), lambda tree: json.dumps(tree, indent=1), VALUES)


def jsonl_changes(content: bytes) -> list[Change]:
    """All changes to every line of a file of JSON lines, and to their order."""
    lines = content.decode().splitlines()
    found: list[Change] = []
    for number, line in enumerate(lines):
        for name, change in _changes(json.loads(line), json.dumps, VALUES):
            found.append((f"line {number + 1}: {name}", lambda c=change, n=number: _joined(lines, n, [c().decode()])))
        found.append((f"line {number + 1}: dropped", lambda n=number: _joined(lines, n, [])))
        found.append((f"line {number + 1}: doubled", lambda n=number: _joined(lines, n, [lines[n]] * 2)))
        found.append((f"line {number + 1}: cut", lambda n=number: _joined(lines, n, [lines[n][: len(lines[n]) // 2]])))
        for other in ("[]", "null", "1", "", '"x"', "{}", '{"event": "start"}', '{"event": "validation", "step": 1}'):
            found.append((f"line {number + 1}: {other or 'empty'}", lambda n=number, o=other: _joined(lines, n, [o])))
    return found


def yaml_changes(content: bytes) -> list[Change]:
    """All changes to a YAML text."""
    return _changes(
        yaml.safe_load(content), lambda tree: yaml.safe_dump(tree, sort_keys=False), {**VALUES, **YAML_VALUES}
    )


def _joined(lines: Sequence[str], number: int, middle: Sequence[str]) -> bytes:
    return ("\n".join([*lines[:number], *middle, *lines[number + 1 :]]) + "\n").encode("utf-8", "surrogatepass")


def _changes(tree: Any, dump: Callable[[Any], str], values: dict[str, str]) -> list[Change]:
    found: list[Change] = []
    for path in _paths(tree):
        where = ".".join(map(str, path)) or "everything"
        for name, value in values.items():
            found.append((f"{where} = {name}", lambda p=path, v=value: _replaced(tree, p, v, dump)))
        if path:
            found.append((f"{where} dropped", lambda p=path: dump(_dropped(tree, p)).encode()))
            found.append((f"{where} doubled", lambda p=path: _doubled(tree, p, dump)))
            found.append((f"{where} renamed", lambda p=path: dump(_renamed(tree, p)).encode()))
    return found


def _paths(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Every place, the whole first; of a long list only some items."""
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _paths(value, (*path, key))
    elif isinstance(tree, list):
        some = set(range(min(len(tree), 3))) | {max(len(tree) - 1, 0)}
        for index in sorted(some) if tree else ():
            yield from _paths(tree[index], (*path, index))


def _parent(tree: Any, path: Path) -> tuple[Any, Any]:
    """A copy of the tree, and in it what holds the place."""
    root: Any = copy.deepcopy(tree)
    holder: Any = root
    for key in path[:-1]:
        holder = holder[key]
    return root, holder


def _replaced(tree: Any, path: Path, text: str, dump: Callable[[Any], str]) -> bytes:
    if not path:
        return text.encode("utf-8", "surrogatepass")
    root, holder = _parent(tree, path)
    holder[path[-1]] = _HERE
    before, _, after = dump(root).partition(f'"{_HERE}"' if f'"{_HERE}"' in dump(root) else _HERE)
    return (before + text + after).encode("utf-8", "surrogatepass")


def _dropped(tree: Any, path: Path) -> Any:
    root, holder = _parent(tree, path)
    del holder[path[-1]]
    return root


def _doubled(tree: Any, path: Path, dump: Callable[[Any], str]) -> bytes:
    """A key that stands twice with the same value, or an item twice."""
    root, holder = _parent(tree, path)
    if isinstance(holder, list):
        holder.insert(int(path[-1]), holder[int(path[-1])])
        return dump(root).encode()
    holder[f"{_AGAIN}{path[-1]}"] = holder[path[-1]]
    return _SECOND.sub("", dump(root)).encode()


def _renamed(tree: Any, path: Path) -> Any:
    root, holder = _parent(tree, path)
    if isinstance(holder, dict):
        holder[f"{path[-1]}x"] = holder.pop(path[-1])
    else:
        holder.append(holder.pop(path[-1]))
    return root
