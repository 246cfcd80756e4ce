"""The verdict on one arm of a study, as study.json holds it, and what it rests on.

The fields stand in the order of the file. What earlier versions did not write has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias, final

from pydantic import Field

from auxseg.records.values.numbers import Count, Number, Seconds, Share
from auxseg.records.values.writing import OMITTED

Interval: TypeAlias = tuple[Number | None, Number | None]
PerSeed: TypeAlias = Mapping[str, Number | None]
_Variance: TypeAlias = Annotated[float, Field(ge=0, le=1e100, allow_inf_nan=False)]


@final
@dataclass(frozen=True)
class Advice:
    """What a verdict would take: seeds, and test images where seeds alone would not do."""

    seeds: Count | None
    images: Count | None


@final
@dataclass(frozen=True)
class Variances:
    """What the differences vary with."""

    seed: _Variance | None
    image: _Variance | None
    rest: _Variance | None


@final
@dataclass(frozen=True, kw_only=True)
class DeltaM:
    """The mean relative change of the tasks' main figures; ``left_out`` names those whose figure is 0 alone."""

    tasks: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    mean: Number | None
    interval: Interval


@final
@dataclass(frozen=True)
class Reached:
    """The main figure that a task reaches on the test split, by seed and on average."""

    name_of_figure: str
    figure_per_seed: PerSeed
    figure: Number | None


@final
@dataclass(frozen=True, kw_only=True)
class OverTime:
    """What the gradients say by stretch of the training: means and shares over its looks, by group of parameters.

    Attributes:
        steps: the mean step of each stretch.
        num_looks: how many looks it has.
        cosines: mean cosine with the target's gradient.
        conflicts: share of looks with a negative one.
        norms: mean norms of ``auxiliary`` and ``target``.
    """

    steps: tuple[Count, ...]
    num_looks: tuple[Count, ...]
    cosines: Mapping[str, tuple[Number | None, ...]] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[Share | None, ...]]
    norms: Mapping[str, Mapping[str, tuple[Number | None, ...]]] = field(default_factory=dict)


@final
@dataclass(frozen=True, kw_only=True)
class Why:
    """What the gradients of an auxiliary say, over all looks of an arm's runs.

    Attributes:
        cosines: mean cosine with the target's gradient by group of shared parameters.
        conflicts: share of looks whose cosine over all shared parameters is negative.
        conflicts_by_group: that share in each group.
        affinity: the mean.
        num_looks: how many looks there were.
        over_time: the same by stretch of the training.
    """

    cosines: Mapping[str, Number | None]
    conflicts: Share | None
    conflicts_by_group: Mapping[str, Share | None] = field(default_factory=dict)
    affinity: Number | None
    num_looks: Count
    over_time: OverTime | None = None


@final
@dataclass(frozen=True)
class Expected:
    """What is expected of an arm, see `auxseg.statistics.simultaneous.recommendation.Prospects`."""

    gain: Number
    deviation: Number
    helps: Share
    reaches_margin: Share


@final
@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a training of an arm takes.

    Attributes:
        seconds_per_step: the median over its runs of the median over their steps.
        peak_memory_bytes: the most that any of its runs held: on the GPU, or resident in the process that trained it.
        on_gpu: whether it is the GPU's.
    """

    seconds_per_step: Seconds | None = None
    peak_memory_bytes: Count | None = None
    on_gpu: bool = False


@final
@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """The verdict on one arm at one share of the masks, and what it rests on.

    Attributes:
        description: what the arm is, where its name does not say it.
        weights: of its auxiliaries; empty if the balancer finds them.
        settings: those that the arm alone has.
        masked_per_step: samples with a mask that a training step sees on average.
        verdict: of several statements the strongest.
        statements: all that hold, if arms are judged together.
        bounds: what the interval leaves possible, in words.
        family: how many times verdicts had been given before the arm was added.
        difference: of the target's main figure to the target alone, the mean over seeds and test images.
        interval: of the difference.
        level: probability that the interval misses the truth; of one of those that hold together, if arms do.
        p_value: that there is no difference; ``None`` if arms are judged together.
        p_value_of_equivalence: that the difference is beyond the margin; likewise.
        advice: what a verdict would take, where there is none.
        expected: what is expected of the arm, apart from its verdict.
        variances: what the differences vary with.
        per_seed: the difference by seed.
        num_images: test images that were compared.
        num_images_left_out: those that one of both has no figure for.
        num_diverged: runs whose loss was not finite.
        missing_seeds: the seeds that cannot be compared.
        name_of_figure: the target's main figure.
        figure_per_seed: what it reaches on the test split.
        figure: its mean over seeds.
        tasks: what the auxiliaries reach.
        delta_m: the change of all tasks together, if the study has what it is compared with.
        why: what the gradients say, by auxiliary.
        cost: time and memory.
    """

    name: str
    description: str | None = None
    auxiliaries: tuple[str, ...]
    weights: Mapping[str, Number]
    settings: tuple[str, ...] = field(default=(), metadata=OMITTED)
    masked_per_step: Number | None = field(default=None, metadata=OMITTED)
    is_control: bool
    family: Count | None = field(default=None, metadata=OMITTED)
    verdict: str
    statements: tuple[str, ...] = field(default=(), metadata=OMITTED)
    bounds: str = field(default="", metadata=OMITTED)
    sentence: str
    difference: Number | None
    interval: Interval
    level: Share | None = None
    p_value: Share | None = field(default=None, metadata=OMITTED)
    p_value_of_equivalence: Share | None = field(default=None, metadata=OMITTED)
    advice: Advice | None
    expected: Expected | None = field(default=None, metadata=OMITTED)
    variances: Variances
    per_seed: Mapping[str, Number]
    num_images: Count
    num_images_left_out: Count
    num_diverged: Count = 0
    missing_seeds: tuple[Count, ...]
    name_of_figure: str = ""
    figure_per_seed: PerSeed
    figure: Number | None
    tasks: Mapping[str, Reached] = field(default_factory=dict)
    delta_m: DeltaM | None
    why: Mapping[str, Why] = field(default_factory=dict)
    cost: Cost | None = field(default=None, metadata=OMITTED)
