"""What a study would find out, and in how much time, before anything is trained; and a design that fits a budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, final

from auxseg.counting import count
from auxseg.errors import InputError
from auxseg.records.about import read_planned
from auxseg.statistics.simultaneous import (
    FEWEST_SEEDS,
    Affordable,
    Design,
    Prospect,
    Spread,
    affordable,
    prospect,
)
from auxseg.study.at_hand import Images, Known, at_hand
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import MOST_SEEDS, ArmConfig, StudyConfig
from auxseg.study.design.plan import Plan
from auxseg.study.execution.time_estimate import Effort
from auxseg.study.study import Study

FOLDS: Final = 5
"""With how many folds more test images are offered."""


@final
@dataclass(frozen=True)
class Alternative:
    """Another design: in one word beside the planned one, in words, and what of the question it changes."""

    kind: str
    words: str
    changes: Mapping[str, object]
    seconds: float
    prospect: Prospect


@final
@dataclass(frozen=True)
class Outlook:
    """What a planned study would find out.

    Attributes:
        design: arms, seeds and images.
        known: how figures vary.
        prospect: what it will find out; ``None`` with fewer seeds than give verdicts.
        seconds: all its trainings.
        margin: the smallest difference that matters.
        alternatives: cheaper, as expensive and larger, as far as there are such; folds if the test images are the
            limit and there may be folds.
        num_folds: in how many folds the images are tested; 1 without folds.
        foldable: whether folds may be asked for: there are none yet, and no weights are chosen on validation.
    """

    design: Design
    known: Known
    prospect: Prospect | None
    seconds: float
    margin: float
    alternatives: tuple[Alternative, ...]
    num_folds: int = 1
    foldable: bool = True


def foresee(study: Study, plan: Plan, effort: Effort, workers: int = 1) -> Outlook:
    """What a study will find out whose trainings take what was timed."""
    images, known = at_hand(study, plan)
    return outlook(plan, effort, images, known, workers)


def fit(study: Study, plan: Plan, effort: Effort, budget: float, workers: int = 1) -> tuple[StudyConfig, Affordable]:
    """The question with as many arms and seeds as a budget of seconds pays for, and what it will find out.

    Raises `InputError` with the smallest budget that works if three seeds of one arm are too many.
    """
    images, known = at_hand(study, plan)
    return within(plan, effort, budget, images, known, workers)


def outlook(plan: Plan, effort: Effort, images: Images, known: Known, workers: int) -> Outlook:
    """The same from what it rests on."""
    config = plan.config
    assert config.margin is not None
    num_arms = sum(not plan.is_control(arm) for arm in plan.arms[1:])
    num_images, spread = images.tested(config.folds), known.at(len(plan.folds))
    design = Design(max(num_arms, 1), config.seeds, num_images, _mirrored(plan, known), _looks(config))
    per_seed = sum(effort.per_arm.values()) * _trainings_per_seed(plan) / workers
    found = prospect(design, config.margin, spread) if config.seeds >= FEWEST_SEEDS else None
    others = list(_alternatives(plan, design, spread, per_seed, effort, workers))
    foldable = config.folds is None and config.tune_weights is None
    if found is not None and foldable and found.images_limit and found.half_width > config.margin:
        others.append(_in_folds(design, images, known, config.margin, per_seed * config.seeds))
    return Outlook(
        design, known, found, per_seed * config.seeds, config.margin, tuple(others), len(plan.folds), foldable
    )


def _trainings_per_seed(plan: Plan) -> int:
    """Of each arm."""
    return len(plan.label_fractions) * len(plan.folds)


def _in_folds(design: Design, images: Images, known: Known, margin: float, seconds: float) -> Alternative:
    """The same seeds, with every image of train and test tested once."""
    crossed = dataclasses.replace(design, num_images=images.dealt)
    return Alternative(
        "folds",
        f"{count(FOLDS, 'fold')}, so {images.dealt:,} images are tested instead of {design.num_images:,}",
        {"folds": FOLDS},
        FOLDS * seconds,
        prospect(crossed, margin, known.at(FOLDS)),
    )


def within(
    plan: Plan, effort: Effort, budget: float, images: Images, known: Known, workers: int
) -> tuple[StudyConfig, Affordable]:
    """The same as `fit`, from what it rests on."""
    config = plan.config
    assert config.margin is not None
    seconds = {name: value * _trainings_per_seed(plan) / workers for name, value in effort.per_arm.items()}
    names = [arm.name for arm in plan.arms[1:]]
    controls = [arm.name for arm in plan.arms[1:] if plan.is_control(arm)]
    if any(name not in seconds for name in [plan.arms[0].name, *names]):
        raise InputError("study: --budget designs a study before it is begun, and trainings of this one are done")
    found = affordable(
        budget,
        seconds[plan.arms[0].name],
        {name: seconds[name] for name in names if name not in controls},
        {name: seconds[name] for name in controls},
        config.margin,
        images.tested(config.folds),
        mirrored=_mirrored(plan, known),
        spread=known.at(len(plan.folds)),
    )
    seeds = min(found.design.num_seeds, MOST_SEEDS - config.first_seed)
    return dataclasses.replace(narrowed(plan, found.arms), seeds=seeds), found


def designed(study: Study, looks_at: tuple[int, ...]) -> StudyConfig:
    """The question as a budget shaped it when the directory was begun: its planned trainings and looks say how."""
    seeds = looks_at[-1] if looks_at else study.config.seeds
    plan = study.made
    names = {run.arm for run in read_planned(study.directory.path)}
    kept = tuple(arm.name for arm in plan.arms[1:] if arm.name in names or not names)
    return dataclasses.replace(narrowed(plan, kept), seeds=seeds)


def narrowed(plan: Plan, names: tuple[str, ...]) -> StudyConfig:
    """The question with these arms alone, controls among them."""
    config = plan.config
    kept = [arm for arm in plan.arms[1:] if arm.name in names]
    arms = [arm for arm in kept if not plan.is_control(arm)]
    weighted = {name for arm in kept for name in plan.weights(arm)}
    return dataclasses.replace(
        config,
        auxiliaries=(),
        design=None,
        vary=(),
        balancers=(),
        arms=tuple(ArmConfig(name=arm.label, auxiliaries=arm.auxiliaries, settings=arm.settings) for arm in arms),
        controls=tuple(name for name in config.controls if name in names),
        weights={name: weight for name, weight in config.weights.items() if name in weighted},
    )


def _alternatives(
    plan: Plan, design: Design, spread: Spread, per_seed: float, effort: Effort, workers: int
) -> Iterator[Alternative]:
    config = plan.config
    assert config.margin is not None
    margin, seeds = config.margin, design.num_seeds
    once: dict[str, object] = {"looks": None} if isinstance(config.looks, tuple) else {}  # other seeds, other looks
    alone = dataclasses.replace(design, looks=())
    fewer = max(seeds // 2, FEWEST_SEEDS)
    if fewer < seeds:
        cheaper = dataclasses.replace(alone, num_seeds=fewer)
        yield Alternative(
            "cheaper", f"{fewer} seeds", {"seeds": fewer, **once}, per_seed * fewer, prospect(cheaper, margin, spread)
        )
    if (swap := _for_the_same(plan, effort, workers, per_seed * seeds)) is not None:
        words, changes, num_arms, num_seeds, seconds = swap
        same = dataclasses.replace(alone, num_arms=num_arms, num_seeds=num_seeds)
        yield Alternative("same", words, {**changes, **once}, seconds, prospect(same, margin, spread))
    needed = prospect(alone, margin, spread).seeds_needed if seeds >= FEWEST_SEEDS else None
    more = needed if needed is not None and needed > seeds else max(2 * seeds, FEWEST_SEEDS)
    larger = dataclasses.replace(alone, num_seeds=more)
    yield Alternative(
        "larger", f"{more} seeds", {"seeds": more, **once}, per_seed * more, prospect(larger, margin, spread)
    )


def _for_the_same(
    plan: Plan, effort: Effort, workers: int, seconds: float
) -> tuple[str, dict[str, object], int, int, float] | None:
    """More seeds of fewer arms, for about the same time; ``None`` if there is nothing to leave out."""
    fewer = _fewer_arms(plan)
    if fewer is None:
        return None
    words, changes, kept = fewer
    per_seed = sum(effort.per_arm.get(arm.name, 0.0) for arm in [plan.arms[0], *kept])
    per_seed *= _trainings_per_seed(plan) / workers
    seeds = max(round(seconds / per_seed), FEWEST_SEEDS) if per_seed else plan.config.seeds
    num_arms = sum(not plan.is_control(arm) for arm in kept)
    return f"{seeds} seeds, {words}", {**changes, "seeds": seeds}, num_arms, seeds, per_seed * seeds


def _fewer_arms(plan: Plan) -> tuple[str, dict[str, object], list[Arm]] | None:
    """What could be left out of the question, in words, as changes of it, and the arms that are left."""
    others = plan.arms[1:]
    controls = [arm for arm in others if plan.is_control(arm)]
    own = [arm for arm in others if arm.settings]
    sets = [arm for arm in others if arm not in controls and arm not in own]
    single = [arm for arm in sets if len(arm.auxiliaries) == 1]
    if plan.config.arms is not None:
        return None
    if 0 < len(single) < len(sets):
        return "each auxiliary alone", {"design": "each"}, [*single, *own, *controls]
    if own and sets:
        return "without the settings of --vary", {"vary": ()}, [*sets, *controls]
    if len(sets) > 1:
        kept = sets[: (len(sets) + 1) // 2]
        names = ",".join(arm.name for arm in kept)
        return f"asking about {names} alone", {"auxiliaries": names}, [*kept, *own, *controls]
    if controls:
        return "without controls", {"controls": None}, [*sets, *own]
    return None


def _mirrored(plan: Plan, known: Known) -> bool:
    """Whether the design varies less than what is known, because images are measured mirrored too."""
    return plan.mirrored and not known.mirrored


def _looks(config: StudyConfig) -> tuple[int, ...]:
    looks = config.planned_looks
    return looks[: looks.index(config.seeds) + 1] if len(looks) > 1 else ()
