"""Settings in every combination: what ``--grid key=value,value`` means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from auxseg.alternatives import alternatives
from auxseg.errors import InputError


def combinations(grid: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Every combination of the values of every key: what it adds to a run's name, and its settings ``key=value``.

    Without a grid that is one combination, which adds nothing. Raises `InputError` if an entry is no
    ``key=value,...``, or if two combinations would be called alike.
    """
    named = [alternatives(entry, "--grid") for entry in grid]
    axes = [[(key, value) for value in values] for key, values in named]
    every = [
        ("".join(f"-{key}-{_fit_for_a_name(value)}" for key, value in chosen), [f"{k}={v}" for k, v in chosen])
        for chosen in itertools.product(*axes)
    ]
    names = [name for name, _ in every]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--grid: two combinations would be named {name!r}; give each value once, in one form")
    return every


def _fit_for_a_name(value: str) -> str:
    return re.sub(r"[^\w.+-]+", " ", value).strip().replace(" ", "-")
