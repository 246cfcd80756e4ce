"""What a study asks, as one typed value: YAML in, strict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from auxseg.alternatives import alternatives
from auxseg.arguments import as_config, plain
from auxseg.config import config
from auxseg.errors import InputError
from auxseg.recipe.errors import sentence
from auxseg.recipe.settings import refuse_replaced
from auxseg.records.metrics import At
from auxseg.statistics.simultaneous import FEWEST_SEEDS
from auxseg.strict_yaml import read_mapping

SAME_COMPUTE: Final = "same-compute"
"""The control that trains the target alone for as much computing as the most expensive arm takes."""
SAME_STEPS: Final = "same-steps"
"""What the baseline is already: asked for, it is refused with that answer."""

MOST_FOLDS: Final = 100
MOST_SEEDS: Final = 1000
"""Tuning and screening take seeds from here on, so that no run of theirs is judged."""

SIMULTANEOUS: Final = "simultaneous"
PER_ARM: Final = "per-arm"

Method: TypeAlias = Literal["simultaneous", "per-arm"]
Design = Literal["each", "all-but-one", "all-subsets", "together"]
Fraction = Annotated[float, Field(gt=0, le=1)]
Margin = Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@config
class ArmConfig:
    """An arm that differs from the target alone in more than its auxiliaries.

    ``auxiliaries`` are learned beside the target, none by default; ``settings`` are changes to the base for this arm
    alone, as in ``auxseg train --set``. ``name`` is what people read; by default it is made of both.
    """

    name: Annotated[str, Field(max_length=80)] = ""
    auxiliaries: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def _form(arm: object) -> str:
    """Whether an arm is a set of auxiliaries, or has more to it."""
    return ArmConfig.__name__ if isinstance(arm, Mapping | ArmConfig) else "tuple[str, ...]"


_Set: TypeAlias = Annotated[tuple[str, ...], Tag("tuple[str, ...]")]
_Arm: TypeAlias = Annotated[_Set | Annotated[ArmConfig, Tag("ArmConfig")], Discriminator(_form)]


@config
class StudyConfig:
    """What a study asks.

    ``base`` is a preset or the path of a recipe; its target and settings hold for every arm. ``auxiliaries`` are names
    of the base's tasks, or of kinds of task; ``weights`` are their loss weights (the base's, or 0.3, if none is given
    here). ``design``: ``each`` trains every auxiliary alone; ``all-but-one`` (the default) also all of them, and all
    without each; ``all-subsets`` every set; ``together`` all of them at once and nothing else. ``balancers`` are kinds
    of balancer: every set of auxiliaries is an arm with each of them instead of the base's, and the design is
    ``together`` if none is given. ``arms`` lists the arms one by one instead of ``auxiliaries`` and ``design``:
    sets of auxiliaries, or `ArmConfig` with settings of its own. ``vary`` holds ``KEY=A,B``: the target alone with this
    setting is an arm for each value. ``controls`` are auxiliaries that can carry no information, such as ``noise`` and
    ``random-labels``, always alone; ``same-compute`` is the target alone, trained longer
    (`auxseg.study.design.same_compute`). ``label_fractions`` are shares of the masks, each answered for itself (the
    base's alone, if none is given here). ``folds`` is K: every arm and seed is trained K times, so that every image is
    tested by a network that has not seen it (`auxseg.data.loading.folds`). ``tune_weights`` are weights of which each
    arm's is chosen on validation, on ``tuning_seeds`` seeds of their own, with as many tries for the target alone
    (`auxseg.study.tuning`). ``settings`` are changes to the base, as in ``auxseg train --set``. ``seeds`` are counted
    from ``first_seed``, whatever the base's: another one repeats a study with runs that it has not seen.

    How it is judged: ``figure`` is the target's figure, its main one if none is given here
    (`auxseg.study.design.judged_figure`), and ``margin`` the smallest difference of it that matters (0.01, a point;
    0.005 per arm). ``method`` is ``simultaneous`` (`auxseg.statistics.simultaneous`) or, for this release still,
    ``per-arm`` (`auxseg.statistics.verdicts`), by default that with which the directory was begun. ``looks`` are the
    numbers of seeds at which verdicts are given, ``seeds`` alone by default; per arm it is 2 (the default) if the study
    may be extended once, and 1 if not. ``mirrored`` says whether every test image is measured mirrored as well, by
    default where the training mirrors images too and no task knows left from right; never per arm, unless it is asked
    for. ``at`` is ``original`` where masks are compared at the images' own size (`auxseg.evaluation.at_original`).
    """

    base: str
    auxiliaries: tuple[str, ...] = ()
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 5
    first_seed: Annotated[int, Field(ge=0, lt=MOST_SEEDS)] = 0
    design: Design | None = None
    arms: Annotated[tuple[_Arm, ...], Field(min_length=1)] | None = None
    vary: tuple[str, ...] = ()
    balancers: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    label_fractions: Annotated[tuple[Fraction, ...], Field(min_length=1)] | None = None
    folds: Annotated[int, Field(le=MOST_FOLDS)] | None = None
    figure: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    method: Method | None = None
    margin: Margin | None = None
    looks: Literal[1, 2] | tuple[Annotated[int, Field(ge=1, le=MOST_SEEDS)], ...] | None = None
    mirrored: bool | None = None
    at: At | None = None
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = field(default_factory=dict)
    tune_weights: Annotated[tuple[Weight, ...], Field(min_length=2)] | None = None
    tuning_seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS)] = 2
    settings: tuple[str, ...] = ()

    @property
    def all_seeds(self) -> range:
        """The seeds that every arm is trained on."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def names(self) -> tuple[str, ...]:
        """The auxiliaries, those of ``arms`` in the order in which they are first named."""
        named = [name for arm in self.listed_arms for name in arm.auxiliaries]
        return tuple(dict.fromkeys(named)) if self.arms else self.auxiliaries

    @property
    def listed_arms(self) -> tuple[ArmConfig, ...]:
        """What ``arms`` lists, and the values of ``vary``."""
        listed = [arm if isinstance(arm, ArmConfig) else ArmConfig(auxiliaries=arm) for arm in self.arms or ()]
        varied = [alternatives(each, "vary") for each in self.vary]
        return (*listed, *(ArmConfig(settings=(f"{key}={value}",)) for key, values in varied for value in values))

    @property
    def planned_looks(self) -> tuple[int, ...]:
        """The numbers of seeds at which simultaneous verdicts are given, ascending."""
        return self.looks if isinstance(self.looks, tuple) else (self.seeds,)

    @property
    def control_tasks(self) -> tuple[str, ...]:
        """The controls that are auxiliaries of an arm of their own."""
        return tuple(name for name in self.controls if name != SAME_COMPUTE)


def read_study(path: Path) -> StudyConfig:
    """A study out of a YAML file. Raises `InputError` naming the key, what is allowed and what was found."""
    study = check_study(read_mapping(path, "study"), str(path))
    refuse_replaced(study.settings)
    return study


def check_study(values: Mapping[str, object], origin: str = "study") -> StudyConfig:
    """Check plain values and make a study of them. Raises `InputError`, naming ``origin`` and the key."""
    try:
        study = as_config(TypeAdapter(StudyConfig), _with_seeds(plain(values, origin)))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error, StudyConfig)}") from None
    _check_sets(study, origin)
    _check_balancers(study, origin)
    _check_names(study, origin)
    _check_weights(study, origin)
    _check_folds(study, origin)
    _check_looks(study, origin)
    _check_seeds(study, origin)
    usual: Design = "together" if study.balancers else "all-but-one"
    return study if study.arms or study.design else dataclasses.replace(study, design=usual)


def _check_seeds(study: StudyConfig, origin: str) -> None:
    if study.first_seed + study.seeds > MOST_SEEDS:
        raise InputError(
            f"{origin}: first_seed is {study.first_seed} and seeds {study.seeds}; seeds from {MOST_SEEDS:,} on are for "
            "tuning and screening, so begin earlier"
        )


def _check_sets(study: StudyConfig, origin: str) -> None:
    if study.arms is None and not (study.auxiliaries or study.vary):
        raise InputError(
            f"{origin}: auxiliaries is missing; name at least one, or list sets of them under arms, or give a setting "
            "with vary"
        )
    for key in ("auxiliaries", "design"):
        if study.arms is not None and getattr(study, key):
            raise InputError(
                f"{origin}: arms already lists the sets of auxiliaries, so it cannot be combined with {key}"
            )
    seen: set[tuple[frozenset[str], frozenset[str]]] = set()
    for arm in study.listed_arms:
        said = " with ".join(", ".join(part) for part in (arm.auxiliaries, arm.settings) if part)
        if not (arm.auxiliaries or arm.settings):
            raise InputError(f"{origin}: arms holds an empty set, which is the baseline of every study; leave it out")
        twice = next((name for name in arm.auxiliaries if arm.auxiliaries.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{origin}: the arm {said} names {twice} twice")
        if (key := (frozenset(arm.auxiliaries), frozenset(arm.settings))) in seen:
            raise InputError(f"{origin}: the arm {said} is given twice; leave one out")
        seen.add(key)


def _check_balancers(study: StudyConfig, origin: str) -> None:
    if not study.balancers:
        return
    if study.arms is not None:
        raise InputError(
            f"{origin}: balancers cannot be combined with arms; give an arm settings: [balancer.kind=NAME] instead"
        )
    if not study.auxiliaries:
        raise InputError(f"{origin}: balancers weigh auxiliaries against the target, but there are none; name some")
    twice = next((name for name in study.balancers if study.balancers.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{origin}: balancers names {twice} twice")


def _check_names(study: StudyConfig, origin: str) -> None:
    names = [*study.names, *study.controls]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{origin}: the auxiliary {name} is named twice")
    if SAME_STEPS in names:
        raise InputError(
            f"{origin}: {SAME_STEPS} is the same as target only, because all arms train for the same number of steps; "
            f"leave it out, or ask for {SAME_COMPUTE}"
        )
    if SAME_COMPUTE in study.controls and not study.names:
        raise InputError(
            f"{origin}: {SAME_COMPUTE} trains for as long as the most expensive auxiliary takes, but there is none"
        )
    if SAME_COMPUTE in study.names:
        raise InputError(f"{origin}: {SAME_COMPUTE} is a control, not an auxiliary; name it in controls")


def _check_weights(study: StudyConfig, origin: str) -> None:
    for name in study.weights:
        if name not in (*study.names, *study.control_tasks):
            raise InputError(f"{origin}: weights names {name!r}, which is not an auxiliary of this study")
    if study.tune_weights is None:
        return
    if study.weights:
        raise InputError(
            f"{origin}: weights cannot be combined with tune_weights, which chooses them on validation; leave one out"
        )
    if study.balancers or any(arm.settings for arm in study.listed_arms):
        others = "balancers" if study.balancers else "arms that have settings of their own"
        raise InputError(f"{origin}: tune_weights cannot be combined with {others}; leave one out")
    if len(set(study.tune_weights)) < len(study.tune_weights):
        raise InputError(f"{origin}: tune_weights names a weight twice")


def _check_folds(study: StudyConfig, origin: str) -> None:
    if study.folds is None:
        return
    if study.folds < 2:
        raise InputError(
            f"{origin}: folds is {study.folds}, but an image needs a network that has not seen it; expected 2 to "
            f"{MOST_FOLDS}, or leave it out"
        )
    if study.tune_weights is not None:
        raise InputError(
            f"{origin}: tune_weights cannot be combined with folds: weights would be chosen by networks that have seen "
            "the images they are judged on; leave one out"
        )


def _check_looks(study: StudyConfig, origin: str) -> None:
    if not isinstance(study.looks, tuple):
        return
    if study.method == PER_ARM:
        raise InputError(f"{origin}: looks names numbers of seeds, but method {PER_ARM} expects 1 or 2")
    numbers = ", ".join(map(str, study.looks))
    if not study.looks or any(after <= before for before, after in pairwise(study.looks)):
        raise InputError(f"{origin}: looks: expected increasing numbers of seeds such as [5, 10], found [{numbers}]")
    if study.looks[0] < FEWEST_SEEDS:
        raise InputError(
            f"{origin}: looks: verdicts need at least {FEWEST_SEEDS} seeds, so the first look needs as many, found "
            f"{study.looks[0]}"
        )
    if study.seeds not in study.looks:
        raise InputError(
            f"{origin}: seeds is {study.seeds}, at which no look is planned; looks are planned at {numbers} seeds"
        )


def _with_seeds(values: dict[str, object]) -> dict[str, object]:
    """The values, with as many seeds as at the last look if nobody says how many."""
    looks = values.get("looks")
    if isinstance(looks, int) and looks > 2:
        looks = [looks]
        values = {**values, "looks": looks}
    if isinstance(looks, list) and looks and values.get("seeds") is None:
        return {**values, "seeds": looks[-1]}
    return values
