"""What the intervals that hold together have to reach, and what they do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from scipy import special

from auxseg.statistics.simultaneous import Design, prospect
from benchmarks.tools import simultaneous_studies as studies

SEEDS: Final = (3, 5, 10)
IMAGES: Final = (100, 400)
ADVERSE: Final = tuple(regime for regime in studies.REGIMES if regime not in ("equal", "baseline 4x"))

FALSE, FALSE_ADVERSE, FALSE_ODD, COVERED, LAST_WIDTH = 5.3, 6.5, 8.0, 94.0, 1.06
WIDTH: Final = {3: 0.40, 5: 0.72, 10: 0.92}
POWER_2: Final = {3: 50, 5: 83, 10: 99}
POWER_1_MIRRORED: Final = {3: 17, 5: 33, 10: 63}
STATED_MIRRORED: Final = {3: 33, 5: 63, 10: 95}
WHOLE_TABLES: Final = 25
"""Studies drawn at once for each that is drawn figure by figure."""


def measure(seed: int, num_studies: int) -> dict[str, Any]:
    """All cells as rows, and a line for each figure that has to be reached."""
    rows = [_row(seed, num_studies, *cell) for cell in itertools.product(studies.REGIMES, SEEDS, IMAGES, (False, True))]
    return {
        "rows": rows,
        "cells": f"{len(rows)} of {num_studies:,} studies, {studies.NUM_ARMS} arms, {studies.NUM_CONTROLS} controls",
        **dict(_bars(rows)),
        **dict(_without_controls(seed, num_studies)),
        **dict(_beyond(seed, num_studies)),
        **dict(_others(seed, num_studies)),
    }


def _row(seed: int, num_studies: int, regime: str, num_seeds: int, num_images: int, mirrored: bool) -> dict[str, Any]:
    rng = np.random.default_rng([seed, num_seeds, num_images, mirrored, *regime.encode()])
    found = studies.simulated(rng, regime, num_seeds, num_images, num_studies, mirrored=mirrored)
    return {
        "varies": regime,
        "seeds": num_seeds,
        "images": num_images,
        "mirrored": mirrored,
        "false, %": 100 * found.false(),
        "covered, %": 100 * found.covered(),
        "half-width": 100 * float(found.half_widths.mean()),
        "+1, %": 100 * found.power(0.01),
        "+2, %": 100 * found.power(0.02),
        "stated, %": 100 * found.stated(studies.MARGIN),
        "warned, %": 100 * float(found.odd.mean()),
    }


def _bars(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    def most(key: str, regimes: tuple[str, ...], **where: Any) -> dict[int, float]:
        return {
            seeds: max(
                row[key]
                for row in rows
                if row["varies"] in regimes and row["seeds"] == seeds and all(row[k] == v for k, v in where.items())
            )
            for seeds in SEEDS
        }

    usual = {"images": 100, "mirrored": False}
    mirrored = {"images": 100, "mirrored": True}
    for name, regimes, bar in (
        ("equal variances", ("equal",), FALSE),
        ("adverse regimes", ADVERSE, FALSE_ADVERSE),
        ("baseline 4x", ("baseline 4x",), FALSE_ODD),
    ):
        for images in IMAGES:
            false = _by_seeds(most("false, %", regimes, images=images))
            yield f"1: false, {name}, {images} images", f"{false} % (at most {bar:g})"
    yield "1: warned of the baseline", f"{_by_seeds(most('warned, %', ('baseline 4x',)))} %"
    yield "1: warned without reason", f"{_by_seeds(most('warned, %', ('equal',)))} %"
    for images in IMAGES:
        least = min(row["covered, %"] for row in rows if row["images"] == images)
        yield f"2: covered per arm, {images} images", f"at least {least:.1f} % (at least {COVERED:g})"
    yield "4: power for +2", f"{_by_seeds(most('+2, %', ('equal',), **usual))} % (at least {_listed(POWER_2)})"
    yield (
        "4: power for +1, mirrored",
        f"{_by_seeds(most('+1, %', ('equal',), **mirrored))} % (at least {_listed(POWER_1_MIRRORED)})",
    )
    yield (
        "5: stated at margin 1, mirrored",
        f"{_by_seeds(most('stated, %', ('equal',), **mirrored))} % (at least {_listed(STATED_MIRRORED)})",
    )


def _without_controls(seed: int, num_studies: int) -> Iterator[tuple[str, str]]:
    """The same of other numbers of arms, the constants of which are exact without controls."""
    for num_arms, num_controls in ((5, 0), (1, 0), (2, 0), (2, 2), (12, 2)):
        rng = np.random.default_rng([seed, num_arms, num_controls])
        found = {
            regime: [
                studies.simulated(
                    rng, regime, seeds, 100, num_studies, mirrored=True, num_arms=num_arms, num_controls=num_controls
                )
                for seeds in SEEDS
            ]
            for regime in studies.REGIMES
        }
        adverse = [max(found[regime][place].false() for regime in ADVERSE) for place in range(len(SEEDS))]
        covered = min(one.covered() for each in found.values() for one in each)
        equal = found["equal"]
        yield (
            f"{num_arms} arms, {num_controls} controls, mirrored",
            f"false {_percent([one.false() for one in equal])} %, adverse {_percent(adverse)}, baseline 4x "
            f"{_percent([one.false() for one in found['baseline 4x']])}; covered at least {100 * covered:.1f}; "
            f"power for +1 {_percent([one.power(0.01) for one in equal])}, "
            f"stated {_percent([one.stated(0.01) for one in equal])}",
        )


def _beyond(seed: int, num_studies: int) -> Iterator[tuple[str, str]]:
    """Where more is false than is promised, or intervals are wider than they had to be: nothing to be reached."""
    rng = np.random.default_rng([seed, 11])
    for regime in studies.BEYOND:
        found = [studies.simulated(rng, regime, seeds, 400, num_studies).false() for seeds in SEEDS]
        yield f"beyond: false, {regime}, 400 images", f"{_percent(found)} %"
    found = [studies.simulated(rng, "images of one arm", seeds, 8, num_studies).false() for seeds in SEEDS]
    yield "beyond: false, images of one arm, 8 images", f"{_percent(found)} %"
    alone = [special.stdtrit(seeds - 1, 1 - 0.05 / 2 / studies.NUM_ARMS) for seeds in (*SEEDS, 20)]
    for regime, ratio in (("one arm 4x", 2.5), ("one arm 10x", 5.5)):  # of variances of differences
        widths = [
            studies.simulated(rng, regime, seeds, 100_000, num_studies).half_widths.mean(0) for seeds in (*SEEDS, 20)
        ]
        errors = [studies.USUAL.run * math.sqrt(2 / seeds) for seeds in (*SEEDS, 20)]
        own = [width[0] / (t * error * ratio**0.5) for width, t, error in zip(widths, alone, errors, strict=True)]
        yield (
            f"beyond: {regime}, its width beside Bonferroni's t with the true variance, 3, 5, 10, 20 seeds",
            _by_two(own),
        )
        equal = [
            studies.simulated(rng, "equal", seeds, 100_000, num_studies).half_widths.mean() for seeds in (*SEEDS, 20)
        ]
        others = [width[1:].mean() / usual for width, usual in zip(widths, equal, strict=True)]
        yield f"beyond: {regime}, widths of the others beside equal variances", _by_two(others)
    for num_arms in (2, studies.NUM_ARMS):
        found = [
            studies.simulated(rng, "equal", seeds, 100, num_studies, num_arms=num_arms, num_controls=0)
            for seeds in SEEDS
        ]
        foreseen = [prospect(Design(num_arms, seeds, 100), studies.MARGIN).half_width for seeds in SEEDS]
        ratios = [one.half_widths.mean() / expected for one, expected in zip(found, foreseen, strict=True)]
        yield f"beyond: {num_arms} arms, widths beside those foreseen", _by_two(ratios)


def _others(seed: int, num_studies: int) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng([seed, 7])
    for num_seeds, bar in WIDTH.items():
        together, per_arm = studies.widths(rng, num_seeds, 100, max(num_studies // WHOLE_TABLES // 4, 10))
        yield f"3: width beside per arm, {num_seeds} seeds", f"{together / per_arm:.2f} (at most {bar:g})"
    false, last = studies.looks(rng, num_studies)
    yield (
        "7: looks at 3, 6, 10",
        f"{100 * false:.1f} % false (at most 5), last {last:.3f} wide (at most {LAST_WIDTH:g})",
    )
    for num_images in (100, 30):
        found = studies.ratios(rng, num_images, max(num_studies // WHOLE_TABLES * 4, 10))
        covered = ", ".join(f"{name} {share:.1f} %" for name, share in found.items())
        yield (
            f"ratios of very unequal size, 10 seeds, {num_images} images, covered",
            f"{covered} (at least {COVERED:g})",
        )
    kept, false = studies.gaps(rng, max(num_studies // WHOLE_TABLES, 10))
    yield "3 % of figures missing, 10 seeds", f"{kept:.0f} of 100 images kept, {100 * false:.1f} % false"
    for effects, num_seeds in itertools.product(studies.EFFECTS, SEEDS):
        chosen = studies.choices(rng, effects, num_seeds, max(num_studies // 5, 10))
        costs = ", ".join(f"{name} {value:.2f}" for name, value in chosen.items())
        yield f"recommended, {effects}, {num_seeds} seeds", costs


def _by_seeds(values: dict[int, float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values.values())


def _percent(shares: list[float]) -> str:
    return ", ".join(f"{100 * share:.1f}" for share in shares)


def _listed(bars: dict[int, int]) -> str:
    return ", ".join(map(str, bars.values()))


def _by_two(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
