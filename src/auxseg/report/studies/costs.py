"""What arms cost, in words: the time of a step beside that of the target alone, and the most memory."""

from __future__ import annotations

from typing import Final

from auxseg.records.arm_result import Cost
from auxseg.records.study import Answer
from auxseg.report import wording

_UNKNOWN: Final = "not known"


def costs_are_known(answer: Answer) -> bool:
    """Whether any arm's runs noted what they took."""
    return any(each.cost is not None for each in (answer.baseline, *answer.arms))


def said_cost(cost: Cost | None, alone: Cost | None = None) -> str:
    """``1.20 s (1.8 times), 812 MiB``, with how many times as long a step is as one of the target alone."""
    if cost is None:
        return _UNKNOWN
    parts = []
    if cost.seconds_per_step is not None:
        times = alone and alone.seconds_per_step and cost.seconds_per_step / alone.seconds_per_step
        parts.append(wording.seconds(cost.seconds_per_step) + (f" ({times:.1f} times)" if times else ""))
    if cost.peak_memory_bytes is not None:
        parts.append(wording.memory(cost.peak_memory_bytes))
    return ", ".join(parts) or _UNKNOWN


def sentence_on_costs(answer: Answer) -> str:
    """What the target alone takes, and how times and memory were measured; empty if nothing is known."""
    if not costs_are_known(answer):
        return ""
    alone = answer.baseline.cost
    on_gpu = any(each.cost is not None and each.cost.on_gpu for each in (answer.baseline, *answer.arms))
    memory = "allocated on the GPU" if on_gpu else "resident in the process that trained"
    first = f"The target alone takes {said_cost(alone)}. " if alone is not None else ""
    return (
        f"{first}Time of a training step: the median over steps, then over runs, beside whatever else the machine did. "
        f"Memory: the most that any run had {memory}."
    )


def listed_costs(answer: Answer) -> str:
    """What every arm takes, in one line; empty if nothing is known."""
    if not costs_are_known(answer):
        return ""
    alone = answer.baseline.cost
    arms = [f"{arm.name} {said_cost(arm.cost, alone)}" for arm in answer.arms]
    return f"a step and peak memory: {'; '.join([f'target only {said_cost(alone)}', *arms])}"
