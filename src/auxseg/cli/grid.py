"""Settings in every combination: what ``--grid key=value,value`` means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from auxseg.errors import InputError


def combinations(grid: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Every combination of the values of every key: what it adds to a run's name, and its settings ``key=value``.

    Without a grid that is one combination, which adds nothing. Raises `InputError` if an entry is no
    ``key=value,...``, or if two combinations would be called alike.
    """
    axes = [[(key, value) for value in values] for key, values in map(_axis, grid)]
    every = [
        ("".join(f"-{key}-{_fit_for_a_name(value)}" for key, value in chosen), [f"{k}={v}" for k, v in chosen])
        for chosen in itertools.product(*axes)
    ]
    names = [name for name, _ in every]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--grid: two combinations would be named {name!r}; give each value once, in one form")
    return every


def _axis(entry: str) -> tuple[str, list[str]]:
    key, equals, text = entry.partition("=")
    values = [value.strip() for value in _split(text)]
    if not key or not equals or not all(values):
        raise InputError(f"--grid {entry}: expected key=value,value,..., such as balancer.weights.box=0.1,0.5,1")
    return key, values


def _split(text: str) -> list[str]:
    """Cut at the commas that stand outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _fit_for_a_name(value: str) -> str:
    return re.sub(r"[^\w.+-]+", " ", value).strip().replace(" ", "-")
