"""A verdict as a sentence for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

from auxseg.counting import count
from auxseg.statistics.planning import OUT_OF_REACH, Advice
from auxseg.statistics.verdicts import Judgement, Rules, Verdict

POINTS: Final = 100.0
_CANNOT: Final = {
    Verdict.HELPS: "to help",
    Verdict.HURTS: "to hurt",
    Verdict.NO_MEANINGFUL_DIFFERENCE: "to make no difference",
}


@final
@dataclass(frozen=True)
class Context:
    """What a sentence says beside the numbers.

    Attributes:
        figure: the target's figure.
        weighting: how the auxiliaries were weighted, such as ``at weight 0.3``; empty for the target alone.
        steps: length of training.
        label_fraction: share of the masks that was trained on.
        num_diverged: runs of the arm that diverged.
        num_diverged_alone: runs of the target alone that did.
        can_extend: whether the study may be looked at with more seeds.

    The figure lies in [0, 1] and is said in points, hundredths of it.
    """

    figure: str
    weighting: str
    steps: int
    label_fraction: float = 1.0
    num_diverged: int = 0
    num_diverged_alone: int = 0
    can_extend: bool = True

    @property
    def unit(self) -> str:
        """What follows a number of points."""
        return f" points of {self.figure}"


def sentence(name: str, judgement: Judgement, rules: Rules, context: Context) -> str:
    """Verdict, difference, interval and what it holds for, with the advice where evidence is missing."""
    estimate = judgement.estimate
    difference = "no difference measured"
    if not math.isnan(estimate.mean):
        difference = f"{_signed(POINTS * estimate.mean)}{context.unit}"
    weighting = f"{context.weighting} " if context.weighting else ""
    share = "" if context.label_fraction == 1 else f" with {100 * context.label_fraction:g}% of the masks"
    training = f"{weighting}after {context.steps:,} steps{share}, "
    counts = f"{count(estimate.num_seeds, 'seed')}, {count(estimate.num_images, 'image')}"
    for number, whose in ((context.num_diverged, ""), (context.num_diverged_alone, " of the target alone")):
        if number:
            counts += f", without {count(number, 'run')}{whose} that diverged"
    if judgement.withdrawn is not None:
        counts += f" (and so it cannot be said {_CANNOT[judgement.withdrawn]})"
    parts = f"{name}: {judgement.verdict}: {difference} ({_interval(judgement, rules)}), {training}{counts}"
    if judgement.verdict is Verdict.NO_MEANINGFUL_DIFFERENCE:
        return f"{parts}; less than {POINTS * rules.margin:g}{context.unit} either way"
    return parts if judgement.advice is None else f"{parts}; {_advice(judgement.advice, estimate.num_images, context)}"


def _interval(judgement: Judgement, rules: Rules) -> str:
    if not judgement.estimate.has_interval:
        return "no interval"
    low, high = (_signed(POINTS * end) for end in judgement.interval)
    reasons = [f"{judgement.num_comparisons} comparisons"] if judgement.num_comparisons > 1 else []
    reasons += ["two looks"] if rules.looks > 1 else []
    adjusted = f", adjusted for {' and '.join(reasons)}" if reasons else ""
    return f"{100 * (1 - rules.alpha):g}% interval {low} to {high}{adjusted}"


def _advice(advice: Advice, num_images: int, context: Context) -> str:
    if advice.seeds is None:
        return "an interval needs at least 2 seeds and 2 test images"
    if advice.seeds > OUT_OF_REACH:
        return f"a verdict is out of reach: it needs more than {OUT_OF_REACH:,} seeds"
    who = "" if context.can_extend else "a new study with "
    if advice.images is None:
        return f"{who}about {advice.seeds} seeds would decide"
    return (
        f"seeds alone are unlikely to decide with {num_images} test images: {who}about {advice.images:,} test images "
        "and "
        f"{advice.seeds} seeds would"
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}"
