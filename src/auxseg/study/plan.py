"""Which networks a study trains: arms, seeds and shares of the masks."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, final

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe, parse_recipe, to_values
from auxseg.recipe_errors import sentence
from auxseg.recipe_yaml import DuplicateKeyError, read_yaml

BASELINE: Final = "target only"
DEFAULT_WEIGHT: Final = 0.3
"""The loss weight of an auxiliary that neither the study nor its base gives one."""
STEPS_PER_TASK: Final = 25
"""An arm's gradients are looked at once in so many steps for each of its tasks: a look takes about a step per task."""

Design = Literal["each", "all-but-one", "all-subsets"]
Fraction = Annotated[float, Field(gt=0, le=1)]


@config
class StudyConfig:
    """What a study asks.

    ``base`` is a preset or the path of a recipe; its target and settings hold for every arm. ``auxiliaries`` are names
    of the base's tasks, or of kinds of task; ``weights`` are their loss weights (the base's, or 0.3, if none is given
    here). ``design``: ``each`` trains every auxiliary alone; ``all-but-one`` also all of them, and all without each;
    ``all-subsets`` every set. ``controls`` are auxiliaries that can carry no information, such as ``noise`` and
    ``random-labels``, always alone. ``margin`` is the smallest difference of the target's figure that matters.
    ``label_fractions`` are shares of the masks, each answered for itself (the base's alone, if none is given here).
    ``settings`` are changes to the base, as in ``auxseg train --set``; seeds are counted from 0, whatever the base's.
    """

    base: str
    auxiliaries: Annotated[tuple[str, ...], Field(min_length=1)]
    seeds: Annotated[int, Field(ge=1, le=1000)] = 5
    design: Design = "all-but-one"
    controls: tuple[str, ...] = ()
    label_fractions: Annotated[tuple[Fraction, ...], Field(min_length=1)] | None = None
    margin: Annotated[float, Field(gt=0)] = 0.005
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Arm:
    """A set of auxiliaries beside the target, whatever their order; none for the baseline."""

    auxiliaries: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Arm) and set(self.auxiliaries) == set(other.auxiliaries)

    def __hash__(self) -> int:
        return hash(frozenset(self.auxiliaries))

    @property
    def name(self) -> str:
        """What people read."""
        return " + ".join(self.auxiliaries) or BASELINE


@final
@dataclass(frozen=True)
class PlannedRun:
    """One training of a study."""

    arm: Arm
    seed: int
    label_fraction: float
    recipe: Recipe

    @property
    def directory_name(self) -> str:
        """Readable, and different for every recipe, so that a finished run is found again by what it was."""
        words = "-".join(sorted(self.arm.auxiliaries)) or "target-only"
        digest = hashlib.sha256(json.dumps(what_matters(self.recipe), sort_keys=True).encode()).hexdigest()[:8]
        return f"{words[:60]}-masks{self.label_fraction:g}-seed{self.seed}-{digest}"


@final
@dataclass(frozen=True)
class Plan:
    """All trainings of a study, in the order in which they are started: every arm of a seed before the next seed."""

    config: StudyConfig
    arms: tuple[Arm, ...]
    runs: tuple[PlannedRun, ...]

    @property
    def label_fractions(self) -> tuple[float, ...]:
        """The shares of the masks, in the order of the question."""
        return tuple(dict.fromkeys(run.label_fraction for run in self.runs))

    def is_control(self, arm: Arm) -> bool:
        """Whether an arm's auxiliaries can carry no information."""
        return bool(arm.auxiliaries) and set(arm.auxiliaries) <= set(self.config.controls)

    def weights(self, arm: Arm) -> dict[str, float]:
        """The loss weight of each auxiliary of an arm."""
        recipe = next(run.recipe for run in self.runs if run.arm == arm)
        return {name: _weight(to_values(recipe), name) for name in arm.auxiliaries}


def what_matters(recipe: Recipe) -> dict[str, Any]:
    """A recipe's values without those that change no bit of a result."""
    values = to_values(recipe)
    del values["training"]["watch"], values["data"]["workers"]
    values["model"].pop("checkpointing", None)
    if values["data"]["order"] == "shuffled":
        del values["data"]["block"]
    return values


def read_study(path: Path) -> StudyConfig:
    """A study out of a YAML file. Raises `InputError` naming the key, what is allowed and what was found."""
    try:
        values = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the study cannot be read ({error.strerror})") from None
    except DuplicateKeyError as error:
        raise InputError(f"{path}: {error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise InputError(f"{path}: a study is a mapping of keys to values, found {type(values).__name__}")
    return check_study(values, str(path))


def check_study(values: Mapping[str, Any], origin: str = "study") -> StudyConfig:
    """Check plain values and make a study of them. Raises `InputError`, naming ``origin`` and the key."""
    try:
        return TypeAdapter(StudyConfig).validate_python(dict(values))
    except ValidationError as error:
        raise InputError(f"{origin}: {sentence(error, StudyConfig)}") from None


def make_plan(study: StudyConfig) -> Plan:
    """Lay out every training. Raises `InputError` for what cannot be asked for."""
    base = load_recipe(study.base, study.settings, is_base=True)
    _check_base(base, study)
    names = [*study.auxiliaries, *study.controls]
    for name in names:
        if name == base.target:
            raise InputError(f"study: {name} is the target and cannot be its own auxiliary")
        if names.count(name) > 1:
            raise InputError(f"study: the auxiliary {name} is named twice")
    for name in study.weights:
        if name not in names:
            raise InputError(f"study: weights names {name!r}, which is no auxiliary of this study")
    fractions = study.label_fractions or (base.data.label_fraction,)
    if len(set(fractions)) < len(fractions):
        raise InputError("study: label_fractions names a share twice")
    arms = [Arm(subset) for subset in _subsets(study)]
    runs = [
        PlannedRun(arm, seed, fraction, _recipe(base, study, arm, seed, fraction))
        for fraction in fractions
        for seed in range(study.seeds)
        for arm in arms
    ]
    return Plan(study, tuple(arms), tuple(runs))


def _check_base(base: Recipe, study: StudyConfig) -> None:
    """Refuse what would make arms differ in more than their tasks, and settings that the study decides itself."""
    settings = {setting.partition("=")[0] for setting in study.settings}
    if "seed" in settings:
        raise InputError("study: settings gives a seed, but a study trains its own; say with seeds how many")
    if "data.label_fraction" in settings and study.label_fractions is not None:
        raise InputError("study: settings gives data.label_fraction beside label_fractions; expected one of them")
    if base.training.patience is not None:
        raise InputError(
            f"study: {study.base} has training.patience {base.training.patience}, but arms must have the same number "
            "of steps; set training.patience=null"
        )


def _subsets(study: StudyConfig) -> Iterable[tuple[str, ...]]:
    """The sets of auxiliaries, the empty one first, none twice."""
    names = study.auxiliaries
    each = [(name,) for name in names]
    if study.design == "all-subsets":
        sets = [subset for size in range(len(names) + 1) for subset in itertools.combinations(names, size)]
    elif study.design == "each":
        sets = [(), *each]
    else:
        sets = [(), *each, tuple(names), *(tuple(other for other in names if other != name) for name in names)]
    return dict.fromkeys([*sets, *((name,) for name in study.controls)])


def _recipe(base: Recipe, study: StudyConfig, arm: Arm, seed: int, fraction: float) -> Recipe:
    """The base with the arm's tasks alone. Whatever else differs between arms would be confounded with them."""
    values = to_values(base)
    tasks, weights = values["tasks"], {base.target: _weight(values, base.target)}
    values["tasks"] = {name: tasks[name] if name == base.target else False for name in tasks}
    for name in sorted(arm.auxiliaries):  # the order of tasks is part of the bits
        values["tasks"][name] = tasks.get(name, {"kind": name})
        weights[name] = study.weights.get(name, _weight(values, name) if name in tasks else DEFAULT_WEIGHT)
    if "weights" in values["balancer"]:
        values["balancer"]["weights"] = weights
    elif study.weights:
        raise InputError(
            f"study: weights has no place beside the balancer {values['balancer']['kind']}, which takes none"
        )
    if arm.auxiliaries and values["training"]["watch"] is None:
        values["training"]["watch"] = STEPS_PER_TASK * (1 + len(arm.auxiliaries))
    values["data"]["label_fraction"] = fraction
    values["seed"] = seed
    return parse_recipe(values, f"study: {arm.name}")


def _weight(values: Mapping[str, Any], task: str) -> float:
    return values["balancer"].get("weights", {}).get(task, 1.0)


def describe(plan: Plan) -> Sequence[str]:
    """The plan in words, a line per arm."""
    seeds = "1 seed" if plan.config.seeds == 1 else f"{plan.config.seeds} seeds"
    lines = []
    for arm in plan.arms:
        weights = ", ".join(f"{name} at weight {weight:g}" for name, weight in plan.weights(arm).items())
        lines.append(f"{arm.name}{f' ({weights})' if weights else ''}: {seeds}")
    return lines
