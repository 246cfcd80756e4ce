"""The answer of a study in one sentence, and what its controls say about it."""

from __future__ import annotations

import dataclasses

from auxseg.records.study import Answer, ArmResult
from auxseg.report import wording
from auxseg.report.studies.gains import gain
from auxseg.statistics.simultaneous import Statement


def headline(answer: Answer, target: str, *, higher_is_better: bool = True) -> str:
    """The sentence that a page begins with: which arms help, or how much any can gain at most."""
    arms = [arm for arm in answer.arms if not arm.is_control]
    what = "arm" if any(arm.settings for arm in arms) else "auxiliary"
    if not arms:
        return f"No auxiliary of {target} was tested."
    helping = [arm for arm in ranked(answer, higher_is_better=higher_is_better) if arm.verdict == "helps"]
    if helping:
        most = ", the first one most" if len(helping) > 1 else ""
        verb = "help" if len(helping) > 1 else "helps"
        return f"{wording.listed([arm.name for arm in helping])} {verb} {target}{most}: {difference(helping[0])}."
    if all(arm.verdict == "hurts" for arm in arms):
        verb = "make" if len(arms) > 1 else "makes"
        return f"No {what} helps {target}: {wording.listed([arm.name for arm in arms])} {verb} it worse."
    return f"No {what} is shown to help {target}; {_ceiling(arms, higher_is_better=higher_is_better)}."


def standing(answer: Answer, *, higher_is_better: bool = True) -> list[tuple[str, str]]:
    """The arms by what is said of them, the strongest statement first; nothing if arms were judged one by one."""
    arms = ranked(answer, higher_is_better=higher_is_better)
    if not any(arm.statements for arm in arms):
        return []
    by_statement = {str(statement): [arm.name for arm in arms if arm.verdict == statement] for statement in Statement}
    return [(statement, wording.listed(names, len(names))) for statement, names in by_statement.items() if names]


def ranked(answer: Answer, *, higher_is_better: bool = True) -> list[ArmResult]:
    """The arms that are no controls and have a difference, the largest gain first."""
    ordered = in_order(answer, higher_is_better=higher_is_better).arms
    return [arm for arm in ordered if not arm.is_control and arm.difference is not None]


def in_order(answer: Answer, *, higher_is_better: bool = True) -> Answer:
    """The same answer with its arms in the order of a page: the largest gain first, controls last."""

    def place(arm: ArmResult) -> tuple[bool, bool, float]:
        mean = gain(arm, higher_is_better=higher_is_better).mean
        return arm.is_control, mean is None, -(mean or 0.0)

    return dataclasses.replace(answer, arms=tuple(sorted(answer.arms, key=place)))


def difference(arm: ArmResult) -> str:
    """As people say it: +1.2 points (95 % CI -0.3 to +2.7)."""
    return f"{wording.points(arm.difference)} points ({between(arm)})"


def between(arm: ArmResult) -> str:
    """The interval of an arm as a text."""
    low, high = arm.interval
    if low is None or high is None:
        return "no interval"
    return f"95{wording.SPACE}% CI {wording.points(low)} to {wording.points(high)}"


def _ceiling(arms: list[ArmResult], *, higher_is_better: bool) -> str:
    """How much the arms can gain at most."""
    highs = [gain(arm, higher_is_better=higher_is_better).high for arm in arms]
    known = [high for high in highs if high is not None]
    if len(known) < len(highs):
        return "without an interval nothing is ruled out"
    who = "none can" if len(arms) > 1 else f"{arms[0].name} cannot"
    return f"{who} gain more than {max(*known, 0.0):.1f} points"


def control_sentences(answer: Answer, *, higher_is_better: bool = True) -> list[str]:
    """What the controls say about differences of their size."""
    controls = [arm for arm in answer.arms if arm.is_control]
    return [_control(arm, gain(arm, higher_is_better=higher_is_better).mean) for arm in controls]


def _control(arm: ArmResult, gained: float | None) -> str:
    name, said = arm.description or arm.name, f"{wording.points(arm.difference)} points"
    if gained is None:
        return f"{name} could not be measured."
    if not arm.auxiliaries and gained <= 0:
        return f"{name}: {said}. Training longer does not help here."
    if not arm.auxiliaries:
        return f"{name}: {said}. An auxiliary must gain more than this to be worth its computing time."
    if arm.verdict == "helps":
        return f"{name} can teach nothing, yet it helps ({said}): a gain of this size proves nothing."
    if arm.verdict == "hurts":
        return f"{name} can teach nothing and hurts ({said}): any second task costs this much."
    if said.startswith(("+0.0", "−0.0")):  # noqa: RUF001
        return f"{name} can teach nothing and changes nothing ({said}), as it should."
    what = "gains" if gained > 0 else "differences"
    return f"{name} can teach nothing, yet {said}: {what} of this size are noise."
