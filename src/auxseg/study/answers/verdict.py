"""The verdicts on the arms of a study at one share of the masks, whatever the method that finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

from auxseg.records.arm_result import Advice, Expected, Interval, Variances
from auxseg.records.study import Against, Choice, Spread
from auxseg.study.answers.figures import RunFigures, Trained
from auxseg.study.design.arm import Arm
from auxseg.study.design.plan import Plan

NO_VERDICT: Final = "no verdict"
"""What is said of an arm that has too few seeds or images for an interval."""


@final
@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is compared at one share of the masks.

    Attributes:
        plan: all arms, the target alone first.
        figures: reads what runs reached.
        higher_is_better: which way the target's figure gets better.
        label_fraction: the share.
        runs: of each arm by seed, those of which none diverged.
        num_diverged: of how many seeds of each arm one did.
        steps: of each arm's trainings.
        can_extend: whether more seeds would be looked at.
    """

    plan: Plan
    figures: RunFigures
    higher_is_better: bool
    label_fraction: float
    runs: Mapping[Arm, Mapping[int, Trained]]
    num_diverged: Mapping[Arm, int]
    steps: Mapping[Arm, int]
    can_extend: bool

    def said(self, arm: Arm) -> str:
        """What sentences call an arm."""
        return self.plan.description(arm) or arm.name


@final
@dataclass(frozen=True, kw_only=True)
class ArmVerdict:
    """The verdict on an arm; fields as in `auxseg.records.arm_result.ArmResult`."""

    verdict: str
    sentence: str
    statements: tuple[str, ...] = ()
    bounds: str = ""
    difference: float | None
    interval: Interval
    level: float
    p_value: float | None = None
    p_value_of_equivalence: float | None = None
    advice: Advice | None
    expected: Expected | None = None
    variances: Variances
    per_seed: Mapping[str, float]
    num_images: int
    num_images_left_out: int
    missing_seeds: tuple[int, ...]


@final
@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """The verdicts on all arms, by arm, and what else the method says; see `auxseg.records.study.Answer`."""

    arms: Mapping[Arm, ArmVerdict] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    choice: Choice | None = None
    spread: Spread | None = None
    seeds_needed: int | None = None
    against: tuple[Against, ...] = ()
