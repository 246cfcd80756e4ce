"""Arms with the same auxiliaries and different balancers, compared with each other.

Verdicts compare every arm with the target alone. Whether one balancer is better than another is a question of its own,
asked of the first of them, such as equal weights: the same statistics with that arm as baseline, over the arms of its
group alone. The probability of a false statement is kept in each group. Arms that were added after verdicts are left
out.
"""

from __future__ import annotations

from auxseg.records import study as records
from auxseg.statistics.simultaneous import Criteria, compare, conclude, said, tabulate, with_diverged_runs
from auxseg.study.answers.change_of_all_tasks import known
from auxseg.study.answers.verdict import NO_VERDICT, Compared
from auxseg.study.design.arm import Arm, is_balanced


def against(compared: Compared, rules: Criteria) -> tuple[records.Against, ...]:
    """Every group of two or more arms that differ in their balancers alone, compared with its first arm."""
    groups: dict[frozenset[str], list[Arm]] = {}
    for arm in compared.plan.arms:
        if is_balanced(arm) and not compared.plan.is_control(arm) and not compared.plan.families.get(arm):
            groups.setdefault(frozenset(arm.auxiliaries), []).append(arm)
    return tuple(_against(group, compared, rules) for group in groups.values() if len(group) > 1)


def _against(group: list[Arm], compared: Compared, rules: Criteria) -> records.Against:
    first, *others = group
    runs = {arm.name: compared.runs[arm] for arm in group}
    figures = {
        name: {seed: compared.figures.per_image(run) for seed, run in by_seed.items()} for name, by_seed in runs.items()
    }
    comparison = compare(tabulate(figures, first.name), rules, (), compared.plan.config.seeds)
    found: list[records.Beside] = []
    for arm in others:
        interval = comparison.arms[arm.name]
        conclusion = with_diverged_runs(
            conclude(interval, rules),
            of_arm=compared.num_diverged[arm],
            of_baseline=compared.num_diverged[first],
        )
        found.append(
            records.Beside(
                name=arm.name,
                verdict=str(conclusion.leading) if interval.has_bounds else NO_VERDICT,
                statements=tuple(map(str, conclusion.statements)) if interval.has_bounds else (),
                sentence=said(compared.said(arm), conclusion, rules),
                difference=known(interval.difference),
                interval=(known(interval.low), known(interval.high)),
            )
        )
    return records.Against(first.name, tuple(found), tuple(comparison.remarks()))
