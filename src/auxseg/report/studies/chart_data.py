"""What study.json says, as the charts of a study's page draw it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Final

from auxseg.records.study import Answer
from auxseg.report.charts.study import Bar, Course, Point

POINTS: Final = 100.0
"""A figure in [0, 1] is compared in points, hundredths of it."""


def bars(answer: Answer) -> Iterator[Bar]:
    """What is drawn of the arms at one share of the masks."""
    for arm in answer.arms:
        low, high = arm.interval
        yield Bar(
            name=arm.name,
            verdict=arm.verdict,
            mean=None if arm.difference is None else POINTS * arm.difference,
            interval=None if low is None or high is None else (POINTS * low, POINTS * high),
            seeds=tuple(POINTS * value for value in arm.per_seed.values()),
            is_control=arm.is_control,
        )


def points(answer: Answer) -> Iterator[Point]:
    """Affinity and difference of the arms whose gradients were looked at."""
    for arm in answer.arms:
        known = [each.affinity for each in arm.why.values() if each.affinity is not None]
        if known and arm.difference is not None:
            yield Point(arm.name, arm.verdict, 100 * statistics.fmean(known), POINTS * arm.difference)


def courses(answer: Answer) -> Iterator[Course]:
    """The course of the conflicts in the arms with one auxiliary whose gradients were looked at."""
    for arm in answer.arms:
        auxiliary, *others = arm.auxiliaries or ("",)
        seen = arm.why.get(auxiliary)
        if seen and seen.over_time and seen.over_time.conflicts and seen.over_time.steps and not others:
            over_time = seen.over_time
            yield Course(arm.name, auxiliary, over_time.steps, over_time.num_looks, over_time.conflicts)
