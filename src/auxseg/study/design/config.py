"""What a study asks, as one typed value: YAML in, strict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.recipe.errors import sentence
from auxseg.recipe.settings import refuse_replaced
from auxseg.strict_yaml import read_mapping

SAME_COMPUTE: Final = "same-compute"
"""The control that trains the target alone for as much computing as the dearest arm takes."""
SAME_STEPS: Final = "same-steps"
"""What the baseline is already: asked for, it is refused with that answer."""

Design = Literal["each", "all-but-one", "all-subsets"]
Fraction = Annotated[float, Field(gt=0, le=1)]
Margin = Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@config
class StudyConfig:
    """What a study asks.

    ``base`` is a preset or the path of a recipe; its target and settings hold for every arm. ``auxiliaries`` are names
    of the base's tasks, or of kinds of task; ``weights`` are their loss weights (the base's, or 0.3, if none is given
    here). ``design``: ``each`` trains every auxiliary alone; ``all-but-one`` (the default) also all of them, and all
    without each; ``all-subsets`` every set. ``arms`` lists the sets one by one instead of ``auxiliaries`` and
    ``design``. ``controls`` are auxiliaries that can carry no information, such as ``noise`` and ``random-labels``,
    always alone; ``same-compute`` is the target alone, trained longer (`auxseg.study.design.same_compute`). ``margin``
    is the smallest difference of the target's figure that matters (0.005 is half a point). ``looks`` is 2 if the study
    may be extended by more seeds once, and 1 if not. ``label_fractions`` are shares of the masks, each answered for
    itself (the base's alone, if none is given here). ``tune_weights`` are weights of which each arm's is chosen on
    validation, on ``tuning_seeds`` seeds of their own, with as many tries for the target alone (`auxseg.study.tuning`).
    ``settings`` are changes to the base, as in ``auxseg train --set``; seeds are counted from 0, whatever the base's.
    """

    base: str
    auxiliaries: tuple[str, ...] = ()
    seeds: Annotated[int, Field(ge=1, le=1000)] = 5
    design: Design | None = None
    arms: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)] | None = None
    controls: tuple[str, ...] = ()
    label_fractions: Annotated[tuple[Fraction, ...], Field(min_length=1)] | None = None
    margin: Margin = 0.005
    looks: Literal[1, 2] = 2
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = field(default_factory=dict)
    tune_weights: Annotated[tuple[Weight, ...], Field(min_length=2)] | None = None
    tuning_seeds: Annotated[int, Field(ge=1, le=1000)] = 2
    settings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The auxiliaries, those of ``arms`` in the order in which they are first named."""
        return tuple(dict.fromkeys(name for arm in self.arms for name in arm)) if self.arms else self.auxiliaries

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
        study = TypeAdapter(StudyConfig).validate_python(dict(values))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error, StudyConfig)}") from None
    _check_sets(study, origin)
    _check_names(study, origin)
    _check_weights(study, origin)
    return study if study.arms or study.design else dataclasses.replace(study, design="all-but-one")


def _check_sets(study: StudyConfig, origin: str) -> None:
    if study.arms is None:
        if not study.auxiliaries:
            raise InputError(f"{origin}: auxiliaries is missing; name at least one, or list sets of them under arms")
        return
    for key in ("auxiliaries", "design"):
        if getattr(study, key):
            raise InputError(
                f"{origin}: arms already lists the sets of auxiliaries, so it cannot be combined with {key}"
            )
    seen: set[frozenset[str]] = set()
    for arm in study.arms:
        if not arm:
            raise InputError(f"{origin}: arms holds an empty set, which is the baseline of every study; leave it out")
        twice = next((name for name in arm if arm.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"{origin}: arms names {twice} twice in the set [{', '.join(arm)}]")
        if frozenset(arm) in seen:
            raise InputError(f"{origin}: arms gives the set [{', '.join(arm)}] twice")
        seen.add(frozenset(arm))


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
    if len(set(study.tune_weights)) < len(study.tune_weights):
        raise InputError(f"{origin}: tune_weights names a weight twice")
