"""How often a study's intervals, verdicts and advised numbers of seeds are right, on simulated and on real studies.

`measure=simulated` draws studies whose truth is known and judges them per arm, `measure=simultaneous` by the intervals
that hold together, with every figure beside what it has to reach. `measure=real` trains them on the generated data at
64 px, with two workers of one thread, `part` by part or all: `nothing` (three studies of an arm that is the target
alone on other seeds), `planted` (an auxiliary that knows the coarse shape of all masks, of which 5 % are given, and the
controls), `workers` (one study by two workers and by one: time, and whether all is equal). `steps` is the length of
trainings.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from scipy import special

from auxseg.config import config
from auxseg.statistics import Advice, Estimate, Rules, Verdict, estimate, judge
from auxseg.statistics import multiplicity as holm
from benchmarks.tools import bars, real_studies
from benchmarks.tools.studies import FIGURES, REGIMES, SPREAD, Studies

SEEDS = (3, 5, 10)
IMAGES = (100, 150)
DOMINATED = ("seeds", "images", "interaction", "balanced")
LEVEL = 0.05
NUM_WIDTHS = 300
MOST_SEEDS = 400
"""Advice of more seeds than this is followed up to it."""


STEPS = {"nothing": 100, "planted": 200, "workers": 100}
SEEDS_OF_REAL = {"nothing": 5, "planted": 5, "workers": 3}


@config
class Options:
    studies: int = 2000
    seed: int = 0
    measure: Literal["simulated", "simultaneous", "real"] = "simulated"
    part: Literal["nothing", "planted", "workers"] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None


def main(options: Options) -> dict[str, Any]:
    measures = {"simulated": _simulated, "simultaneous": _simultaneous, "real": _real}
    return measures[options.measure](options)


def _simultaneous(options: Options) -> dict[str, Any]:
    """Five arms and two controls that change nothing, five times as many studies a cell as ``studies``."""
    return bars.measure(options.seed, 5 * options.studies)


def _real(options: Options) -> dict[str, Any]:
    works = {"nothing": real_studies.nothing, "planted": real_studies.planted, "workers": real_studies.parallel}
    asked = [part for part in works if options.part in (None, part)]
    found = {part: works[part](options.steps or STEPS[part], SEEDS_OF_REAL[part]) for part in asked}
    return {
        "rows": [row for part in asked for row in found[part].pop("rows")],
        **{f"{part}: {key}": value for part in asked for key, value in found[part].items()},
    }


def _simulated(options: Options) -> dict[str, Any]:
    rows = [_coverage(options, *cell) for cell in itertools.product(FIGURES, IMAGES, REGIMES, SEEDS)]
    covered = [row["covered, %"] for row in rows]
    return {
        "rows": rows,
        "cells": f"{len(rows)} of {options.studies} studies each; covered {min(covered):.1f} to {max(covered):.1f} %",
        "false verdicts of 1,000, one arm": f"at most {max(row['false of 1,000'] for row in rows):.0f}",
        **{f"false verdicts of 1,000, {name}": value for name, value in _false_verdicts(options)},
        **{f"advice, {name}": value for name, value in _advice(options)},
    }


def _coverage(options: Options, figure: str, images: int, regime: str, seeds: int) -> dict[str, Any]:
    """Studies with nothing to find: the interval beside a t interval over seeds and Satterthwaite's."""
    rng = np.random.default_rng([options.seed, *f"{figure} {images} {regime} {seeds}".encode()])
    studies = Studies.in_regime(regime, figure, seeds, images, rng)
    estimates = [estimate(studies.table(seeds, images)) for _ in range(options.studies)]
    missed = np.mean([found.p_value() <= LEVEL for found in estimates])
    half_widths = [found.half_width(LEVEL) for found in estimates[:NUM_WIDTHS]]
    error = np.std([found.mean for found in estimates]) if figure == "ratio" else SPREAD
    return {
        "figure": figure,
        "images": images,
        "varies": regime,
        "seeds": seeds,
        "covered, %": 100 * (1 - missed),
        "false of 1,000": 1000 * missed,
        "width": np.mean(half_widths) / (special.ndtri(1 - LEVEL / 2) * error),
        "t, %": 100 * np.mean([abs(found.mean) <= _t(found) for found in estimates]),
        "Satterthwaite, %": 100 * np.mean([abs(found.mean) <= _satterthwaite(found) for found in estimates]),
    }


def _t(found: Estimate) -> float:
    """Half the width of the t interval over the means of the seeds."""
    return float(special.stdtrit(found.num_seeds - 1, 1 - LEVEL / 2) * np.sqrt(found.seed_part))


def _satterthwaite(found: Estimate) -> float:
    """The same with the crossed variance and Satterthwaite's degrees of freedom."""
    squares, seeds, images = found.squares, found.num_seeds - 1, found.num_images - 1
    total = squares.seed + max(squares.image - squares.rest, 0)
    terms = squares.seed**2 / seeds + squares.image**2 / images + squares.rest**2 / (seeds * images)
    return float(special.stdtrit(total**2 / terms, 1 - LEVEL / 2) * found.standard_error)


def _false_verdicts(options: Options) -> Iterator[tuple[str, str]]:
    """Studies of five arms that change nothing, which share a baseline; and of one arm, extended to twice the seeds.

    Every interval that excludes zero counts, also where it lies within the margin.
    """
    for seeds in SEEDS:
        wrong, extended = [], []
        for regime in DOMINATED:
            rng = np.random.default_rng([options.seed, seeds, *regime.encode()])
            studies = Studies.in_regime(regime, "mean", seeds, 100, rng)
            for _ in range(options.studies):
                baseline, *arms = (studies.table(2 * seeds, 100) for _ in range(6))
                p_values = np.array([estimate((arm - baseline)[:seeds]).p_value() for arm in arms])
                wrong.append((holm.adjusted(p_values) <= Rules().level).any())
                looks = [estimate((arms[0] - baseline)[:n]).p_value() for n in (seeds, 2 * seeds)]
                extended.append(min(looks) <= Rules(looks=2).level)
        for name, said in (("five arms", wrong), ("one arm in two looks", extended)):
            rates = 1000 * np.reshape(said, (len(DOMINATED), -1)).mean(1)
            yield f"{name}, {seeds} seeds", ", ".join(f"{r} {x:.0f}" for r, x in zip(DOMINATED, rates, strict=True))


def _advice(options: Options) -> Iterator[tuple[str, str]]:
    """Studies without a verdict at the first look, extended as advised; the truth is nothing or half the margin."""
    margin = 2.5 * SPREAD
    rules = Rules(margin=margin, looks=2)
    for seeds, regime, share in itertools.product((3, 5), DOMINATED, (0.0, 0.5)):
        rng = np.random.default_rng([options.seed, seeds, int(2 * share), *regime.encode()])
        studies = Studies.in_regime(regime, "mean", seeds, 150, rng)
        decided, advised, images = [], [], []
        for _ in range(options.studies // 4):
            everything = studies.table(MOST_SEEDS, 150, share * margin)
            (first,) = judge({"arm": estimate(everything[:seeds])}, rules).values()
            if first.advice is None or first.advice.seeds is None:
                continue
            advised.append(first.advice.seeds)
            images.append(first.advice.images or 150)
            followed = _followed(studies, everything, first.advice, share * margin)
            (second,) = judge({"arm": estimate(followed)}, rules).values()
            decided.append(second.verdict is not Verdict.NOT_ENOUGH_EVIDENCE)
        yield (
            f"{seeds} seeds, {regime}, truth {share:g} of the margin",
            f"{100 * np.mean(decided):.1f} % of {len(decided)} decided; advised (median) "
            f"{np.median(advised):.0f} seeds and {np.median(images):.0f} images",
        )


def _followed(studies: Studies, everything: np.ndarray, advice: Advice, truth: float) -> np.ndarray:
    """The table with the advised seeds, on the same images, or on as many other ones as advised."""
    seeds = min(advice.seeds or 0, MOST_SEEDS)
    return everything[:seeds] if advice.images is None else studies.table(seeds, advice.images, truth)
