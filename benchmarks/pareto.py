"""Where every balancer ends up on a known Pareto front, of two losses of which one is ten times as large.

From four starts, by gradient descent in which each balancer has its default settings. ``picture=FILE.svg`` draws it.
"""

from __future__ import annotations

import statistics
import typing
from pathlib import Path
from typing import Any, Final

from auxseg.balancing import BalancerConfig
from auxseg.config import config
from auxseg.files import write_atomically
from benchmarks.tools.pareto.picture import picture
from benchmarks.tools.pareto.problem import STARTS, End, train

NEED_MORE_TASKS: Final = ("krum", "trimmed-mean")


@config
class Options:
    """Settings; ``kinds`` are kinds of balancers, all if it is empty."""

    kinds: str = ""
    picture: str = ""


def main(options: Options) -> dict[str, Any]:
    """Train by each from every start."""
    kinds = options.kinds.split(",") if options.kinds else every_kind()
    ends = {kind: [train(kind, start) for start in STARTS] for kind in kinds}
    if options.picture:
        write_atomically(Path(options.picture), picture(ends).encode())
    return {"rows": [_row(kind, found) for kind, found in ends.items()]}


def every_kind() -> list[str]:
    """The kinds of all balancers that two tasks are enough for."""
    union, _ = typing.get_args(BalancerConfig)
    tags = [typing.get_args(each)[1].tag for each in typing.get_args(union)]
    return [tag for tag in tags if tag not in NEED_MORE_TASKS]


def _row(kind: str, ends: list[End]) -> dict[str, object]:
    places = [end.place for end in ends]
    return {
        "balancer": kind,
        "on the front": f"{sum(end.is_on_front for end in ends)} of {len(ends)}",
        "farthest from it": max(end.distance for end in ends),
        "place, 0 the target's optimum": statistics.median(places),
        "from": min(places),
        "to": max(places),
    }
