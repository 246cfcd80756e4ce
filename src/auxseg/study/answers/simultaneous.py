"""Verdicts on all arms together: `auxseg.statistics.simultaneous` on a study's runs.

Arms that were added after verdicts form a family of their own: the probability of a false statement is kept in each
family. Of a family's arms those before it steady the variances, as controls do, and later ones do not, so that what was
said stays as it was.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from auxseg.counting import count, in_points
from auxseg.records import study as records
from auxseg.records.arm_result import Advice, Expected, Variances
from auxseg.statistics.simultaneous import (
    Comparison,
    Conclusion,
    Criteria,
    Design,
    Interval,
    Recommendation,
    Results,
    Spread,
    Statement,
    bounds,
    compare,
    conclude,
    recommend,
    said,
    seeds_needed,
    tabulate,
    with_diverged_runs,
)
from auxseg.study.answers.against import against
from auxseg.study.answers.change_of_all_tasks import known
from auxseg.study.answers.verdict import NO_VERDICT, ArmVerdict, Compared, Verdicts
from auxseg.study.design.arm import Arm
from auxseg.study.design.unlike import unlike


def criteria(compared: Compared) -> Criteria:
    """What was fixed before anything was trained."""
    config = compared.plan.config
    assert config.margin is not None
    looks = config.planned_looks
    return Criteria(
        margin=config.margin,
        looks=looks if len(looks) > 1 else (),
        higher_is_better=compared.higher_is_better,
    )


def verdicts(compared: Compared) -> Verdicts:
    """The verdicts on all arms, and which to use now."""
    plan, rules = compared.plan, criteria(compared)
    baseline, *others = plan.arms
    figures = {
        arm.name: {seed: compared.figures.per_image(run) for seed, run in runs.items()}
        for arm, runs in compared.runs.items()
    }
    families = sorted({plan.families.get(arm, 0) for arm in others})
    arms: dict[Arm, ArmVerdict] = {}
    remarks: list[str] = []
    for family in families:
        present = [arm for arm in others if plan.families.get(arm, 0) <= family]
        judged = [arm for arm in present if plan.families.get(arm, 0) == family]
        results = tabulate({arm.name: figures[arm.name] for arm in (baseline, *present)}, baseline.name)
        controls = [arm.name for arm in present if plan.is_control(arm) or arm not in judged]
        comparison = compare(results, rules, controls, plan.config.seeds)
        expected = recommend(comparison, rules)
        arms |= {arm: _verdict(arm, comparison, results, expected, compared) for arm in judged}
        remarks += [remark for remark in comparison.remarks() if remark not in remarks]
        if family:
            names = ", ".join(compared.said(arm) for arm in judged)
            remarks.append(f"{names}: added after verdicts were given, and so judged as a family of its own.")
    whole = tabulate(figures, baseline.name)
    together = compare(whole, rules, [arm.name for arm in others if plan.is_control(arm)], plan.config.seeds)
    spread = together.spread
    return Verdicts(
        arms=arms,
        remarks=(*remarks, *unlike(plan)),
        choice=_choice(recommend(_complete(together, compared), rules), compared, arms),
        spread=records.Spread(spread.run, spread.rest, spread.arm_image) if _is_known(spread) else None,
        seeds_needed=max(
            (verdict.advice.seeds for verdict in arms.values() if verdict.advice and verdict.advice.seeds), default=None
        ),
        against=against(compared, rules),
    )


def _complete(comparison: Comparison, compared: Compared) -> Comparison:
    """Without arms of which a run diverged: the mean over the others would flatter them."""
    diverged = {arm.name for arm, number in compared.num_diverged.items() if number}
    kept = {name: interval for name, interval in comparison.arms.items() if name not in diverged}
    return dataclasses.replace(comparison, arms=kept)


def _verdict(
    arm: Arm,
    comparison: Comparison,
    results: Results,
    expected: Recommendation,
    compared: Compared,
) -> ArmVerdict:
    rules, baseline = criteria(compared), compared.plan.arms[0]
    interval = comparison.arms[arm.name]
    conclusion = with_diverged_runs(
        conclude(interval, rules),
        of_arm=compared.num_diverged[arm],
        of_baseline=compared.num_diverged[baseline],
    )
    place = results.arms.index(arm.name)
    per_run = results.table.mean(2)[place] - results.table.mean(2)[0] if results.num_images else []
    per_seed = {seed: float(value) for seed, value in zip(results.seeds, per_run, strict=False) if np.isfinite(value)}
    prospects = expected.arms.get(arm.name)
    is_open = conclusion.leading is Statement.OPEN and not compared.plan.is_control(arm)
    missing = {*results.missing(arm.name), *results.missing(baseline.name)}
    planned = {*compared.plan.config.all_seeds} - {*results.seeds}
    needed = _seeds_needed(arm, comparison, results, rules) if is_open and not conclusion.withdrawn else None
    return ArmVerdict(
        verdict=str(conclusion.leading) if interval.has_bounds else NO_VERDICT,
        sentence=said(compared.said(arm), conclusion, rules) + _context(arm, conclusion, compared),
        statements=tuple(map(str, conclusion.statements)) if interval.has_bounds else (),
        bounds=bounds(conclusion) if interval.has_bounds else "",
        difference=known(interval.difference),
        interval=(known(interval.low), known(interval.high)),
        level=comparison.alpha,
        advice=None if needed is None else Advice(needed, None),
        expected=None if prospects is None else Expected(**vars(prospects)),
        variances=_variances([*per_seed.values()], interval, comparison.spread),
        per_seed={str(seed): value for seed, value in per_seed.items()},
        num_images=results.num_images,
        num_images_left_out=results.num_left_out,
        missing_seeds=tuple(sorted(missing | planned)),
    )


def _variances(per_seed: list[float], interval: Interval, spread: Spread) -> Variances:
    """What the arm's own difference varies with: single seeds, images, and the rest, which all arms have in common."""
    rest = 2 * spread.rest**2
    own = float(np.var(per_seed, ddof=1)) if len(per_seed) > 1 else math.nan
    seed = max(own - rest / max(interval.num_images, 1), 0.0) if math.isfinite(own) else math.nan
    return Variances(known(seed), known(interval.image_variance * interval.num_images), known(rest))


def _context(arm: Arm, conclusion: Conclusion, compared: Compared) -> str:
    """Under what conditions a statement holds."""
    weighting = compared.plan.weighting(arm, compared.label_fraction)
    share = compared.label_fraction
    interval = conclusion.interval
    parts = [
        weighting,
        f"after {count(compared.steps[arm], 'step')}" + ("" if share == 1 else f" with {100 * share:g}% of the masks"),
        count(interval.num_seeds, "seed"),
        count(interval.num_images, "image"),
    ]
    baseline = compared.plan.arms[0]
    for number, whose in ((compared.num_diverged[arm], ""), (compared.num_diverged[baseline], " of the target alone")):
        if number:
            parts.append(f"without {count(number, 'run')}{whose} that diverged")
    return "; " + ", ".join(filter(None, parts))


def _choice(found: Recommendation, compared: Compared, arms: dict[Arm, ArmVerdict]) -> records.Choice | None:
    """Which arm to use if one must choose now."""
    if not found.arms:
        return None
    target = compared.figures.target.name
    if found.use is None:
        return records.Choice(None, f"If you must choose now, train {target} alone: no arm is expected to gain.")
    prospects = found.arms[found.use]
    margin = compared.plan.config.margin or 0.0
    called = next(compared.said(arm) for arm in arms if arm.name == found.use)
    sentence = (
        f"If you must choose now, use {called}: it is expected to gain {100 * prospects.gain:.1f} points; the "
        f"probability that it helps is {prospects.helps:.2f}, that it gains {in_points(margin)} or more "
        f"{prospects.reaches_margin:.2f}."
    )
    return records.Choice(found.use, sentence)


def _seeds_needed(arm: Arm, comparison: Comparison, results: Results, rules: Criteria) -> int | None:
    """The fewest seeds with which an arm gets a statement, images being measured as they were."""
    interval = comparison.arms[arm.name]
    if not interval.has_bounds:
        return None
    num_images = max(round(results.effective_images), 2)
    run, arm_image = interval.run_variance * interval.num_seeds, interval.image_variance * num_images
    spread = Spread(run=math.sqrt(run / 2), rest=0.0, arm_image=math.sqrt(arm_image / 2))
    return seeds_needed(Design(comparison.num_judged, len(results.seeds), num_images), rules.margin, spread)


def _is_known(spread: object) -> bool:
    return all(known(value) is not None for value in vars(spread).values())
